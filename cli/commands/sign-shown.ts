/** Signing what can be shown: a transaction file or the transactions of a package. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import { judgeTransactions } from '../../src/explain/judgement.ts'
import { dangersOf } from '../../src/explain/signing-dangers.ts'
import { judgementsFor, type Judgement, type SeenJudgement } from '../../src/explain/standing.ts'
import type { SignedMessages, Signer } from '../../src/signer/signer.ts'
import { namespacesOf } from '../../src/topology/keys.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { ReadTransaction } from '../../src/topology/transaction.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { beforeSigningLines, type ShownTransaction } from '../present/signing.ts'
import { asksPerson, confirmSignature } from './confirmation.ts'
import { openSigner } from './key-opening.ts'
import { writeOutput } from './output.ts'
import { chooseTransactions, namedIndices, type SigningChoice } from './sign-choice.ts'
import { judgementsAfter, knowingSigner, type SigningRequest } from './sign-request.ts'
import { presentSigned, signedBytes, type MadeSignature } from './sign-result.ts'

export async function signShown(
  read: SigningRequest,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  await refuseBeforeKey(read, args)
  const signer = await openSigner(args, io)
  try {
    const { request, made } = await signTransactions(read, signer, args, io)
    const written = signedBytes(request, made, args, io)
    writeOutput(output, written.bytes, args, io, [read.path])
    presentSigned(request, made, written, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/**
 * What is refused before the key is opened, so that nobody types a passphrase for it.
 * @throws CantosignError `usage`, `package-transaction-absent`, or the code of a finding
 */
export async function refuseBeforeKey(read: SigningRequest, args: Arguments): Promise<void> {
  checkForm(read, args)
  const agreement = await import('./sign-agreement.ts')
  agreement.acceptedDangers(args)
  agreement.refuseFindings(askedOf(read, args), read.path, args)
}

const namedOf = (request: SigningRequest, args: Arguments): readonly number[] =>
  namedIndices(request, args) ?? request.entries.map((_entry, i) => i)

const askedOf = (request: SigningRequest, args: Arguments): SigningRequest['entries'] =>
  namedOf(request, args).flatMap((i) => request.entries[i] ?? [])

/** Shows what the key is asked for, has it agreed upon and confirmed, and signs. */
export async function signTransactions(
  read: SigningRequest,
  signer: Signer,
  args: Arguments,
  io: Io,
): Promise<{ readonly request: SigningRequest; readonly made: MadeSignature }> {
  const agreement = await import('./sign-agreement.ts')
  const accepted = agreement.acceptedDangers(args)
  const key = await signer.publicKey()
  const request = knowingSigner(read, key)
  agreement.refuseFindings(askedOf(request, args), request.path, args)
  warnOfInvalid(request, io)
  const before = judgeTransactions(request.entries, request.state)
  const choice = chooseTransactions(request, key, args, io)
  const { chosen, together } = shownTransactions(request, choice, before, key)
  const transactions = chosen.map(({ entry }) => entry.transaction)
  const audited = (rules?: readonly string[]): void =>
    io.audit?.about(
      transactions.map((one, i) => ({ hash: toHex(one.hash), rule: rules?.[i] ?? null })),
    )
  audited()
  const dangers = [...chosen.flatMap((one) => one.dangers), ...together]
  const expected = await agreement.requireExpected(
    {
      signed: transactions,
      all: askedOf(request, args).map(({ transaction }) => transaction),
      previous: before.flatMap(({ inForce }) => inForce ?? []).filter(outside(request)),
    },
    args,
  )
  const rules = agreement.requireAllowed(
    transactions,
    chosen.map((one) => [...one.dangers, ...together]),
    args,
  )
  audited(rules)
  if (!expected && rules === undefined) agreement.refuseDangers(dangers, accepted)

  const after = judgementsAfter(request, choice.carriers, key.fingerprint)
  const combined = args.flag('combined')
  const hash = confirmedHash(transactions, combined)
  if (!args.quiet || asksPerson(args)) {
    const lines = beforeSigningLines({
      path: request.path,
      content: request.source.$case === 'package' ? request.source.content : undefined,
      chosen,
      together,
      leftOut: choice.leftOut,
      after: choice.indices.flatMap((i) => after[i] ?? []),
      aside: request.state.proved.aside,
      hash,
      combined,
      key: key.fingerprint,
    })
    io.stderr.write(`${lines.join('\n')}\n`)
  }
  await confirmSignature({ hash: toHex(hash), count: chosen.length, combined, key }, args, io)
  const signed = await makeSignatures(signer, transactions, combined, args.flag('fast'))
  return { request, made: { key, indices: choice.indices, ...signed, after, rules } }
}

/** @throws CantosignError `usage` for options that do not fit what the file is */
function checkForm(request: SigningRequest, args: Arguments): void {
  const isPackage = request.source.$case === 'package'
  if (!isPackage && args.flag('combined')) {
    throw new CantosignError(
      'usage',
      '--combined is for a signing package: a signature over several transactions has to travel with all of them',
      'put the transactions into a package, or leave out --combined',
    )
  }
  if (isPackage && args.string('proposal') !== undefined) {
    throw new CantosignError(
      'usage',
      '--proposal is not for a package, which has a flag for every transaction',
      'say it at export: export --proposal true|false',
    )
  }
}

/** In a file such a signature refuses the whole; in a package it is left behind by `combine`. */
function warnOfInvalid({ entries }: SigningRequest, io: Io): void {
  for (const { hash, signatures } of entries) {
    for (const { signature, status } of signatures) {
      if (status !== 'invalid') continue
      io.stderr.write(
        `${io.program.name}: warning: the signature by ${escapeText(signature.wire.signedBy)} over ${hash} does not verify\n`,
      )
    }
  }
}

/** True for a transaction that is not among those of the request itself. */
function outside({ entries }: SigningRequest): (one: ReadTransaction) => boolean {
  const own = new Set(entries.map(({ hash }) => hash))
  return ({ hash }) => !own.has(toHex(hash))
}

/**
 * The key itself, and the namespaces it may act for as far as the state proves: those of the
 * transactions, and those of what they replace, which may be named there for the last time.
 */
function ownOf(
  { entries, state }: SigningRequest,
  seen: readonly SeenJudgement[],
  key: PublicKey,
): ReadonlySet<string> {
  const own = new Set<string>([key.fingerprint])
  const about = [
    ...entries.map(({ transaction }) => transaction),
    ...seen.flatMap(({ previous, claimed }) => [
      ...(previous === undefined ? [] : [previous]),
      ...claimed.map(({ transaction }) => transaction),
    ]),
  ]
  for (const { value } of new Set(about)) {
    const mapping = value?.mapping?.mapping
    if (mapping === undefined) continue
    const { code } = mappingRow(mapping.$case)
    for (const namespace of namespacesOf(mapping)) {
      const candidates = state.proved.state.candidates(namespace, code)
      if (candidates.includes(key.fingerprint)) own.add(namespace)
    }
  }
  return own
}

/** The chosen transactions with their dangers, and the dangers of all together. */
function shownTransactions(
  request: SigningRequest,
  { indices, carriers }: SigningChoice,
  judgements: readonly Judgement[],
  key: PublicKey,
): { readonly chosen: readonly ShownTransaction[]; readonly together: readonly Danger[] } {
  const { entries, state } = request
  const seen = judgementsFor(judgements, indices)
  const own = ownOf(request, seen, key)
  const { each, together } = dangersOf(entries, judgements, state, indices, own, key.fingerprint)
  const carrying = new Set(carriers)
  const chosen = indices.map((index, i): ShownTransaction => {
    const entry = entries[index]
    const judgement = seen[i]
    if (entry === undefined || judgement === undefined) throw new Error('no such transaction')
    const carries = carrying.has(index)
    // What is only covered gets no signer: the danger of a second one does not arise here.
    const dangers = (each[i] ?? []).filter(
      ({ code }) => carries || code !== 'root-foreign-signature',
    )
    return { entry, judgement, dangers, carries }
  })
  return { chosen, together }
}

/** What the person confirms: the hash of the one transaction, or of all that are signed. */
function confirmedHash(transactions: readonly ReadTransaction[], combined: boolean): Uint8Array {
  const [only, ...more] = transactions
  if (only !== undefined && more.length === 0 && !combined) return only.hash
  return combinedHash(transactions.map(({ hash }) => hash))
}

async function makeSignatures(
  signer: Signer,
  transactions: readonly ReadTransaction[],
  combined: boolean,
  fast: boolean,
): Promise<SignedMessages> {
  const hashes = transactions.map(({ hash }) => hash)
  return await signer.signAll(combined ? [combinedHash(hashes)] : hashes, fast)
}
