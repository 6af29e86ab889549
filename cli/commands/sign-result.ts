/** What `sign` writes and says once a signature is made. */
import { toHex } from '../../src/base/bytes.ts'
import { escapeText } from '../../src/base/text.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Judgement } from '../../src/explain/standing.ts'
import { addSignatures, type SignatureTarget, type SignatureToAdd } from '../../src/package/add.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { writePackage } from '../../src/package/write.ts'
import type { SignedMessages } from '../../src/signer/signer.ts'
import {
  signatureMessage,
  signedTransactionFile,
  withSignature,
} from '../../src/topology/assemble.ts'
import { isProvedComplete } from '../../src/topology/need.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { standingJson } from '../present/signing.ts'
import type { SigningEntry, SigningRequest, SigningSource } from './sign-request.ts'

export interface MadeSignature extends SignedMessages {
  readonly key: PublicKey
  /** Positions of the transactions that the signatures are over: one each, or one combined. */
  readonly indices: readonly number[]
  /** Of every transaction, with the new signatures. */
  readonly after: readonly Judgement[]
  /** The policy's rule for each that was signed. */
  readonly rules: readonly string[] | undefined
}

/** The bytes of the output, and the flag that was written beside the signature. */
export interface SignedOutput {
  readonly bytes: Uint8Array
  /** `null` where there is none: bare signature bytes, and packages, which keep theirs. */
  readonly proposal: boolean | null
}

export function signedBytes(
  request: SigningRequest,
  made: MadeSignature,
  args: Arguments,
  io: Io,
): SignedOutput {
  const [signature] = made.signatures
  if (signature === undefined) throw new Error('nothing was signed')
  if (args.flag('detached')) return { bytes: signature, proposal: null }
  switch (request.source.$case) {
    case 'file':
      return signedFile(request, request.source, made, signature, args, io)
    case 'package':
      return {
        bytes: writePackage(
          signedPackage(request, request.source.content, made, args, io),
          request.beside.limits,
        ),
        proposal: null,
      }
  }
}

/** The package with the new signatures. */
export function signedPackage(
  request: SigningRequest,
  content: SigningPackage,
  { key, indices, signatures }: MadeSignature,
  args: Arguments,
  io: Io,
): SigningPackage {
  const signedBy = key.fingerprint
  const hashes = indices.flatMap((i) => request.entries[i]?.hash ?? [])
  const additions = signatures.map((signature, i): SignatureToAdd => {
    const target: SignatureTarget = args.flag('combined')
      ? { $case: 'combined', hashes }
      : { $case: 'transaction', hash: hashes[i] ?? '' }
    return { target, signedBy, signature }
  })
  const { package: signed, replaced } = addSignatures(content, additions, {
    resolve: (fingerprint) => (fingerprint === signedBy ? key : request.resolve(fingerprint)),
    limits: request.beside.limits,
  })
  if (replaced.length > 0 && !args.quiet) {
    io.stderr.write(
      `${io.program.name}: remark: an earlier signature by this key did not verify and gave way\n`,
    )
  }
  return signed
}

function signedFile(
  request: SigningRequest,
  { input }: Extract<SigningSource, { $case: 'file' }>,
  made: MadeSignature,
  signature: Uint8Array,
  args: Arguments,
  io: Io,
): SignedOutput {
  const { key } = made
  const wire = signatureMessage(key.keySpec, key.fingerprint, signature)
  const proposal = proposalFlag(request, made, args, io)
  const bytes =
    input.$case === 'signed'
      ? withSignature(input.signed.bytes, wire, proposal)
      : signedTransactionFile(input.transaction.bytes, wire, proposal)
  return { bytes, proposal }
}

/** True if the file, or the state that was given with it, proves that nothing is missing. */
function isComplete(request: SigningRequest, made: MadeSignature): boolean {
  const [entry] = request.entries
  const value = entry?.transaction.value
  const mapping = value?.mapping?.mapping
  if (entry === undefined || value === undefined || mapping === undefined) return false
  const valid = entry.signatures.filter(({ status }) => status === 'valid')
  const signers = new Set([made.key.fingerprint, ...valid.map(signedBy)])
  return (
    made.after[0]?.authorization.status === 'authorized' ||
    isProvedComplete(mapping, value.serial, signers)
  )
}

const signedBy = (one: SigningEntry['signatures'][number]): string => one.signature.wire.signedBy

/** `--proposal`, or false only where completeness is proved. */
function proposalFlag(
  request: SigningRequest,
  made: MadeSignature,
  args: Arguments,
  io: Io,
): boolean {
  const chosen = args.string('proposal')
  if (chosen !== undefined) return chosen === 'true'
  const proposal = !isComplete(request, made)
  if (proposal && !args.quiet) {
    const had = request.entries[0]?.proposal === false
    io.stderr.write(
      `${io.program.name}: remark: written as a proposal${had ? ' (the file was none)' : ''}: ` +
        'what is at hand does not prove that no signature is missing; a node that has them all ' +
        'treats it as complete\n',
    )
  }
  return proposal
}

/** Of many signatures: which implementation verified how many. */
function verifiedLines({ signatures, verifiedByNode, verifiedByNoble }: MadeSignature): string[] {
  const count = signatures.length
  if (count < 2) return []
  const share = (verified: number): string => (verified === count ? 'all' : `${verified}`)
  const by = [
    ...(verifiedByNode > 0 ? [`${share(verifiedByNode)} by node:crypto`] : []),
    ...(verifiedByNoble > 0 ? [`${share(verifiedByNoble)} by noble`] : []),
  ]
  return [`  ${count} signatures, verified: ${by.join(', ')}`]
}

/** Says what was signed, and what is still missing. */
export function presentSigned(
  request: SigningRequest,
  made: MadeSignature,
  { proposal }: SignedOutput,
  args: Arguments,
  io: Io,
): void {
  const { key, rules, indices } = made
  const output = args.output ?? ''
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  const hashes = indices.flatMap((i) => request.entries[i]?.transaction.hash ?? [])
  const combined = args.flag('combined') ? toHex(combinedHash(hashes)) : null
  const judgements = indices.flatMap((i) => made.after[i] ?? [])
  if (args.json) {
    const [only, ...more] = judgements
    const document = {
      ...(only !== undefined && more.length === 0 && combined === null ? { hash: only.hash } : {}),
      combined,
      signedBy: key.fingerprint,
      algorithm,
      format,
      proposal,
      verified: { nodeCrypto: made.verifiedByNode, noble: made.verifiedByNoble },
      output,
      transactions: judgements.map((judgement, i) => ({
        ...standingJson(judgement),
        ...(rules === undefined ? {} : { rule: rules[i] ?? null }),
      })),
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet || output === '-') return
  // Who has signed and who is missing was said before the question.
  const lines = [
    '',
    ...(combined === null ? [] : [`signed the combined hash ${combined}`]),
    ...judgements.flatMap(({ hash, authorization }, i) => [
      `${combined === null ? 'signed' : '  covers'} ${hash} (${authorization.status})`,
      ...(rules?.[i] === undefined ? [] : [`  allowed by the rule ${escapeText(rules[i])}`]),
    ]),
    `  by ${key.fingerprint} (${algorithm}, ${format})`,
    ...verifiedLines(made),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
