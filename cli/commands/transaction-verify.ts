/** `transaction verify`: recomputes the hash, verifies signatures, counts them against thresholds. */
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { judgeParty, type PartyVerdict } from '../../src/explain/acting-keys.ts'
import { preparedReport, type PreparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { isFingerprint, type Fingerprint } from '../../src/ident/fingerprint.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import {
  preparedVerdictJson,
  preparedVerdictLines,
  type PreparedVerdict,
  type VerifiedPreparedSignature,
} from '../present/prepared-verdict.ts'
import { readAnyInput } from './input.ts'
import { limitsIn } from './limits.ts'
import { MAX_DOCUMENT_BYTES, readPartySignatures, type PartySignature } from './party-signatures.ts'
import { checkClaimedHash, digestOfText, preparedInputOf, requireScheme } from './prepared-input.ts'
import { readActingState, type ActingState } from './prepared-state.ts'
import { readPackageBytes } from './package-input.ts'
import { readPublicKeyFiles } from './public-key-input.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const content = await readAnyInput(path, limitsIn(args))
  if (content.$case === 'package') return await verifyPackage(content.bytes, path, args, io)
  const signaturePaths = args.strings('signature')
  if (signaturePaths.length === 0) {
    throw new CantosignError('usage', '--signature is missing', 'give it: --signature FILE')
  }
  const input = preparedInputOf(content, path)
  const scheme = requireScheme(input, path, args)
  checkClaimedHash(input, scheme, path)
  const report = preparedReport(input.read, scheme, { now: systemTimeMicros() })
  const hash = requireHash(report, path)
  const state = await readActingState(input.read, args)
  const keys = await publicKeys(state, args)
  const signatures = signaturePaths.flatMap((one) => verifyFile(one, hash, report, keys))
  const verdict = judge(report, signatures, state)
  present(path, verdict, args, io)
  return statusOf(verdict)
}

/**
 * A package holds its signatures, and says itself which hashing scheme is meant.
 * @throws CantosignError `usage`, and as `verifyPackageFile`
 */
async function verifyPackage(
  bytes: Uint8Array,
  path: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  readPackageBytes(path, bytes, { limits: limitsIn(args) })
  const foreign = ['signature', 'hashing-scheme'].find((name) => args.strings(name).length > 0)
  if (foreign !== undefined) {
    throw new CantosignError(
      'usage',
      `--${foreign} is not for a package, which says itself what it holds`,
      'leave it out; attach puts a signature into a package',
    )
  }
  const { verifyPackageWith } = await import('./verify.ts')
  const keys = await readPublicKeyFiles(args.strings('public-key'))
  return await verifyPackageWith(bytes, path, (fingerprint) => keys.get(fingerprint), args, io)
}

/** @throws CantosignError `prepared-hash-undetermined` */
function requireHash({ hashes, refusals }: PreparedReport, path: string): Uint8Array {
  if (hashes !== undefined) return digestOfText(hashes.hash)
  throw new CantosignError(
    'prepared-hash-undetermined',
    `${path} has no single hash${refusals[0] === undefined ? '' : `: ${refusals[0].message}`}`,
    'no signature can be verified over it; see what is wrong with transaction inspect',
    { details: { refusals: refusals.map(({ code, path: place }) => ({ code, path: place })) } },
  )
}

/** Those of `--public-key`, and those that the acting parties list in the state. */
async function publicKeys(
  state: ActingState,
  args: Arguments,
): Promise<ReadonlyMap<string, PublicKey>> {
  const keys = await readPublicKeyFiles(args.strings('public-key'))
  const listed = state.parties.flatMap((party) => [...(party.listed?.keys ?? [])])
  for (const fingerprint of listed) {
    const key = state.resolve(fingerprint)
    if (key !== undefined) keys.set(fingerprint, key)
  }
  return keys
}

const BRACE = 0x7b

/** One Ed25519 signature in 256 begins like a document; no document is as short. */
const isDocument = (bytes: Uint8Array): boolean => bytes.length > 64 && bytes[0] === BRACE

function verifyFile(
  path: string,
  hash: Uint8Array,
  report: PreparedReport,
  keys: ReadonlyMap<string, PublicKey>,
): readonly VerifiedPreparedSignature[] {
  const bytes = readWholeFile(path, MAX_DOCUMENT_BYTES)
  if (!isDocument(bytes)) return [verifyBare(path, bytes, hash, keys)]
  const document = readPartySignatures(bytes, path)
  if (document.scheme !== report.scheme) {
    throw new CantosignError(
      'hashing-scheme-differs',
      `${path} is for hashing scheme ${document.scheme}, not ${report.scheme}`,
      'name the scheme that was signed under',
    )
  }
  if (!equalBytes(document.hash, hash)) {
    throw new CantosignError(
      'prepared-hash-mismatch',
      `${path} is over the hash ${toHex(document.hash)}, and the transaction has ${toHex(hash)}`,
      'the signatures belong to another transaction',
      { details: { claimed: toHex(document.hash), recomputed: [toHex(hash)] } },
    )
  }
  return document.signatures.map((one) => verifyListed(path, one, hash, keys))
}

/** Bare bytes do not say who signed: each key is tried. */
function verifyBare(
  path: string,
  signature: Uint8Array,
  hash: Uint8Array,
  keys: ReadonlyMap<string, PublicKey>,
): VerifiedPreparedSignature {
  const signer = [...keys.values()].find((key) => verifySignature(key, hash, signature))
  const status = signer !== undefined ? 'valid' : keys.size === 0 ? 'unverifiable' : 'invalid'
  return { path, signedBy: signer?.fingerprint, party: undefined, status }
}

function verifyListed(
  path: string,
  one: PartySignature,
  hash: Uint8Array,
  keys: ReadonlyMap<string, PublicKey>,
): VerifiedPreparedSignature {
  const { party, signedBy, signature } = one
  const key = isFingerprint(signedBy) ? keys.get(signedBy) : undefined
  const status =
    key === undefined
      ? 'unverifiable'
      : one.format === encodingOf(key.keySpec) &&
          one.algorithm === algorithmOf(key.keySpec) &&
          verifySignature(key, hash, signature)
        ? 'valid'
        : 'invalid'
  return { path, signedBy, party, status }
}

function judge(
  report: PreparedReport,
  signatures: readonly VerifiedPreparedSignature[],
  { given, parties }: ActingState,
): PreparedVerdict {
  const signers = new Set(
    signatures.flatMap(({ status, signedBy }) =>
      status === 'valid' && signedBy !== undefined ? [signedBy] : [],
    ),
  )
  const counted = new Set(parties.flatMap(({ listed }) => [...(listed?.keys ?? [])]))
  const known = parties.every(({ listed }) => listed !== undefined)
  return {
    report,
    signatures,
    parties: given ? parties.map((one): PartyVerdict => judgeParty(one, signers)) : undefined,
    superfluous:
      given && known ? [...signers].filter((key) => !counted.has(key as Fingerprint)) : [],
  }
}

/** As `verify` (docs/errors.md section 1): invalid before incomplete before done. */
function statusOf({ signatures, parties = [] }: PreparedVerdict): ExitStatus {
  if (signatures.some(({ status }) => status === 'invalid')) return ExitStatus.unverified
  const open =
    signatures.some(({ status }) => status === 'unverifiable') ||
    parties.some(({ status }) => status !== 'authorized')
  return open ? ExitStatus.incomplete : ExitStatus.done
}

function present(path: string, verdict: PreparedVerdict, args: Arguments, io: Io): void {
  const ok = statusOf(verdict) === ExitStatus.done
  io.stdout.write(
    args.json
      ? `${JSON.stringify(preparedVerdictJson(verdict, ok))}\n`
      : `${preparedVerdictLines(path, verdict, ok).join('\n')}\n`,
  )
}
