/** What `sign` writes and says once a signature is made. */
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Judgement } from '../../src/explain/judgement.ts'
import { addSignatures, type SignatureToAdd } from '../../src/package/add.ts'
import { writePackage } from '../../src/package/write.ts'
import {
  signatureMessage,
  signedTransactionFile,
  withSignature,
} from '../../src/topology/assemble.ts'
import { isProvedComplete } from '../../src/topology/need.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { authorizationLines, missingJson } from '../present/authorization.ts'
import type { SigningEntry, SigningRequest, SigningSource } from './sign-request.ts'

export interface MadeSignature {
  readonly key: PublicKey
  /** Positions of the transactions that were signed. */
  readonly indices: readonly number[]
  /** One for each of them, or the one over their combined hash. */
  readonly signatures: readonly Uint8Array[]
  /** Of every transaction, with the new signatures. */
  readonly after: readonly Judgement[]
  /** The policy's rule for each that was signed. */
  readonly rules: readonly string[] | undefined
}

function signedEntries(request: SigningRequest, made: MadeSignature): readonly SigningEntry[] {
  return made.indices.flatMap((i) => request.entries[i] ?? [])
}

/**
 * The bytes of the output.
 * @throws CantosignError `usage` for `--detached` over several transactions
 */
export function signedBytes(
  request: SigningRequest,
  made: MadeSignature,
  args: Arguments,
  io: Io,
): Uint8Array {
  const [signature, ...more] = made.signatures
  if (signature === undefined) throw new Error('nothing was signed')
  if (args.flag('detached')) {
    if (more.length === 0) return signature
    throw new CantosignError(
      'usage',
      `--detached writes one signature, and ${made.signatures.length} were to be made`,
      'name one transaction with --transaction, or sign all of them with --combined',
    )
  }
  switch (request.source.$case) {
    case 'file':
      return signedFile(request, request.source, made, signature, args, io)
    case 'package': {
      const entries = signedEntries(request, made)
      const signedBy = made.key.fingerprint
      const hashes = entries.map(({ hash }) => hash)
      const additions: readonly SignatureToAdd[] = args.flag('combined')
        ? [{ target: { $case: 'combined', hashes }, signedBy, signature }]
        : made.signatures.map((one, i) => ({
            target: { $case: 'transaction', hash: hashes[i] ?? '' },
            signedBy,
            signature: one,
          }))
      const { package: content, replaced } = addSignatures(request.source.content, additions, {
        resolve: (fingerprint) =>
          fingerprint === signedBy ? made.key : request.resolve(fingerprint),
      })
      if (replaced.length > 0 && !args.quiet) {
        io.stderr.write(
          `${io.program.name}: remark: an earlier signature by this key did not verify and gave way\n`,
        )
      }
      return writePackage(content)
    }
  }
}

function signedFile(
  request: SigningRequest,
  { input }: Extract<SigningSource, { $case: 'file' }>,
  made: MadeSignature,
  signature: Uint8Array,
  args: Arguments,
  io: Io,
): Uint8Array {
  const { key } = made
  const wire = signatureMessage(key.keySpec, key.fingerprint, signature)
  const proposal = proposalFlag(request, made, args, io)
  return input.$case === 'signed'
    ? withSignature(input.signed.bytes, wire, proposal)
    : signedTransactionFile(input.transaction.bytes, wire, proposal)
}

/** True if the file, or the state that was given with it, proves that nothing is missing. */
function isComplete(request: SigningRequest, made: MadeSignature): boolean {
  const [entry] = request.entries
  const value = entry?.transaction.value
  const mapping = value?.mapping?.mapping
  if (entry === undefined || value === undefined || mapping === undefined) return false
  const signers = new Set([made.key.fingerprint, ...entry.signatures.map(signedBy)])
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

/** Says what was signed, and what is still missing. */
export function presentSigned(
  request: SigningRequest,
  made: MadeSignature,
  output: string,
  args: Arguments,
  io: Io,
): void {
  const { key, rules } = made
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  const entries = signedEntries(request, made)
  const combined = args.flag('combined')
    ? toHex(combinedHash(entries.map(({ transaction }) => transaction.hash)))
    : null
  if (args.json) {
    const [only] = entries
    const transactions = entries.map(({ hash }, i) => {
      const judgement = made.after[made.indices[i] ?? -1]
      return {
        hash,
        status: judgement?.authorization.status ?? 'unknown',
        missing: judgement === undefined ? [] : missingJson(judgement.authorization.missing),
        ...(rules === undefined ? {} : { rule: rules[i] ?? null }),
      }
    })
    const document = {
      ...(entries.length === 1 && combined === null ? { hash: only?.hash } : {}),
      combined,
      signedBy: key.fingerprint,
      algorithm,
      format,
      output,
      transactions,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet || output === '-') return
  const lines = [
    ...(combined === null ? [] : [`signed the combined hash ${combined}`]),
    ...entries.flatMap(({ hash }, i) => {
      const judgement = made.after[made.indices[i] ?? -1]
      const rule = rules?.[i] === undefined ? [] : [`  allowed by the rule ${rules[i]}`]
      return [
        `${combined === null ? 'signed' : '  covers'} ${hash}`,
        ...rule,
        ...(judgement === undefined ? [] : authorizationLines(judgement.authorization, '  ')),
      ]
    }),
    `  by ${key.fingerprint} (${algorithm}, ${format})`,
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
