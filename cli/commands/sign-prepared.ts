/** Signing the prepared Daml transactions of a package, alone or with its topology transactions. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { alreadySigned, transactionAbsent } from '../../src/package/add.ts'
import { addPreparedSignatures } from '../../src/package/add-prepared.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import type { SignedMessages, Signer } from '../../src/signer/signer.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { packageTextLines } from '../present/signing.ts'
import { asksPerson } from './confirmation.ts'
import { openSigner } from './key-opening.ts'
import { writeOutput } from './output.ts'
import { readExpectation, requireSignable } from './prepared-agreement.ts'
import {
  namedParties,
  onlyParties,
  partiesOf,
  unneededKey,
  warnOfUnknown,
  type PartyChoice,
} from './prepared-choice.ts'
import { confirmPrepared, reportOf, type PreparedTarget } from './prepared-signing.ts'
import {
  judgePreparedTransactions,
  packageActingStates,
  preparedSigners,
  type ActingState,
} from './prepared-state.ts'
import type { SigningRequest } from './sign-request.ts'
import { presentContents } from './sign-prepared-result.ts'
import { signedPackage } from './sign-result.ts'
import { refuseBeforeKey, signTransactions } from './sign-shown.ts'

/** What is asked for of a package. */
interface Asked {
  readonly request: SigningRequest
  readonly content: SigningPackage
  /** Positions of prepared transactions, ascending. */
  readonly indices: readonly number[]
  /** True if the command line names them, or there is nothing else: each has to ask for the key. */
  readonly explicit: boolean
  /** True if topology transactions are asked for as well. */
  readonly topology: boolean
  /** True if the command line names the topology transactions. */
  readonly topologyNamed: boolean
  readonly states: readonly ActingState[]
}

/**
 * Signs what asks for the key: prepared transactions, and with `all` topology transactions too.
 * @throws CantosignError `usage`, `file-kind`, `package-transaction-absent`, `prepared-refused`,
 * `key-unneeded`, `key-already-signed`, `policy-refused`, `declined`, and as `signTransactions`
 */
export async function signPackage(
  request: SigningRequest,
  output: string,
  kinds: 'all' | 'prepared',
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const asked = askedOf(request, kinds, args)
  checkOptions(asked, args)
  if (asked.topology) await refuseBeforeKey(request, args)
  const { content, states, indices } = asked
  namedParties(
    indices.flatMap((i) => states[i] ?? []),
    args,
  )
  const [only, second] = indices
  if (only !== undefined && second === undefined && asked.explicit) {
    const target = targetAt(asked, only, undefined)
    requireSignable(reportOf(target, [], readExpectation(args), systemTimeMicros()), target.name)
  }
  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const chosen = choose(asked, key, args, io)
    refuseSeveral(asked, chosen, args)
    const topology = asked.topology
      ? await signTopology(asked, chosen.length > 0, signer, args, io)
      : undefined
    const { signed: prepared, ...counts } = await signChosen(asked, chosen, signer, args, io)
    const resolve: KeyResolver = (fingerprint) =>
      fingerprint === key.fingerprint ? key : request.resolve(fingerprint)
    const withTopology =
      topology === undefined
        ? content
        : signedPackage(topology.request, content, topology.made, args, io)
    const { package: made, replaced } = addPreparedSignatures(
      withTopology,
      prepared.map(({ hash, parties, signature }) => ({
        hash,
        parties,
        signature,
        signedBy: key.fingerprint,
      })),
      { resolve, limits: request.beside.limits },
    )
    if (replaced.length > 0 && !args.quiet) {
      io.stderr.write(
        `${io.program.name}: remark: an earlier signature by this key did not verify and gave way\n`,
      )
    }
    const [signature = new Uint8Array()] = [
      ...prepared.map((one) => one.signature),
      ...(topology?.made.signatures ?? []),
    ]
    const bytes = args.flag('detached') ? signature : writePackage(made, request.beside.limits)
    writeOutput(output, bytes, args, io, [request.path])
    const after = judgePreparedTransactions(made, verifyPackage(made, resolve), states)
    presentContents(
      {
        key,
        output,
        verifiedByNode: counts.verifiedByNode + (topology?.made.verifiedByNode ?? 0),
        verifiedByNoble: counts.verifiedByNoble + (topology?.made.verifiedByNoble ?? 0),
        topology: topology?.made,
        prepared: prepared.flatMap((one) => {
          const judgement = after[one.index]
          return judgement === undefined ? [] : [{ rule: one.rule, judgement }]
        }),
      },
      args,
      io,
    )
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** @throws CantosignError `file-kind`, `usage`, `package-transaction-absent` */
function askedOf(request: SigningRequest, kinds: 'all' | 'prepared', args: Arguments): Asked {
  const { source, path } = request
  const content = source.$case === 'package' ? source.content : undefined
  if (content === undefined || content.preparedTransactions.length === 0) {
    throw new CantosignError(
      'file-kind',
      `${path} holds no prepared Daml transaction`,
      'topology transactions are signed with sign',
    )
  }
  const all = content.preparedTransactions
  const names = new Set(args.strings('transaction'))
  const indices = all.flatMap(({ hash }, i) => (names.size === 0 || names.has(hash) ? [i] : []))
  const topologyNames = [...names].filter((name) => all.every(({ hash }) => hash !== name))
  const stranger = topologyNames.find((name) =>
    content.transactions.every((one) => one.hash !== name),
  )
  if (stranger !== undefined) throw transactionAbsent(stranger)
  if (kinds === 'prepared' && topologyNames[0] !== undefined) {
    throw new CantosignError(
      'usage',
      `${topologyNames[0]} is a topology transaction, and transaction sign signs prepared ones`,
      'sign it with sign',
    )
  }
  const topology =
    kinds === 'all' &&
    (names.size === 0 ? content.transactions.length > 0 : topologyNames.length > 0)
  return {
    request,
    content,
    indices,
    explicit: names.size > 0 || (all.length === 1 && !topology),
    topology,
    topologyNamed: topologyNames.length > 0,
    states: packageActingStates(content, request.beside),
  }
}

/** @throws CantosignError `usage` for options that say nothing, or not enough, to what is asked for */
function checkOptions({ topology, indices }: Asked, args: Arguments): void {
  if (args.flag('combined')) {
    throw new CantosignError(
      'usage',
      'a combined signature is over topology transactions, and prepared ones are asked for',
      'name the topology transactions with --transaction, or leave out --combined',
    )
  }
  const foreign = ['proposal', 'accept-finding', 'accept-danger'].find(
    (name) => args.strings(name).length > 0,
  )
  if (foreign !== undefined && !topology) {
    throw new CantosignError(
      'usage',
      `--${foreign} means nothing to a prepared Daml transaction`,
      'leave it out: what keeps such a transaction from being signed is lifted by no option',
    )
  }
  if (args.string('expect') !== undefined && (topology || indices.length > 1)) {
    throw new CantosignError(
      'usage',
      'one expectation speaks about topology transactions or about one Daml transaction, and the package holds more',
      'name what it speaks about with --transaction HASH',
    )
  }
}

function targetAt(
  { request, content, states }: Asked,
  index: number,
  before: PreparedJudgement | undefined,
): PreparedTarget {
  const entry = content.preparedTransactions[index]
  const acting = states[index]
  if (entry === undefined || acting === undefined) throw new Error('no such prepared transaction')
  const { prepared: read, scheme, hash } = entry
  return { name: `${request.path}, ${hash}`, read, scheme, acting, before }
}

/** A prepared transaction that the key signs. */
interface Chosen {
  readonly index: number
  readonly hash: string
  /** The parties of the signer, as far as they are known: dangers are told from their side. */
  readonly own: readonly string[]
  /** The parties that the signature is written down for. */
  readonly parties: readonly string[]
}

/** What the key is to one prepared transaction. */
interface Weighed extends PartyChoice {
  readonly index: number
  readonly hash: string
  readonly acting: ActingState
  /** Parties for which it has a valid signature already. */
  readonly signed: ReadonlySet<string>
}

function weigh(asked: Asked, key: PublicKey, args: Arguments): readonly Weighed[] {
  const { content, indices, states, request } = asked
  const resolve: KeyResolver = (fingerprint) =>
    fingerprint === key.fingerprint ? key : request.resolve(fingerprint)
  const { preparedTransactions: verdicts } = verifyPackage(
    { ...content, transactions: [], combined: [] },
    resolve,
  )
  return indices.flatMap((index): readonly Weighed[] => {
    const entry = content.preparedTransactions[index]
    const acting = states[index]
    if (entry === undefined || acting === undefined) return []
    const own = preparedSigners(entry, verdicts[index] ?? []).filter(
      ({ signedBy, status }) => signedBy === key.fingerprint && status === 'valid',
    )
    const named = args.strings('party')
    const meant = acting.parties.filter(({ party }) => named.includes(party))
    const choice: PartyChoice =
      named.length > 0 && meant.length === 0
        ? { parties: [], need: 'unneeded' }
        : partiesOf(acting, key.fingerprint, named)
    return [
      {
        ...choice,
        index,
        hash: entry.hash,
        acting,
        signed: new Set(own.map(({ party }) => party)),
      },
    ]
  })
}

/**
 * Chooses what the key signs. Where several could be meant, one that nobody can tell anything about
 * is left out as soon as another is proved to ask for the key.
 * @throws CantosignError `key-unneeded`, `key-already-signed`, `usage`
 */
function choose(asked: Asked, key: PublicKey, args: Arguments, io: Io): readonly Chosen[] {
  const { explicit, topology } = asked
  const { fingerprint } = key
  const weighed = weigh(asked, key, args)
  const isDone = ({ parties, signed, acting }: Weighed): boolean => {
    const candidates = parties.length > 0 ? parties : acting.parties.map(({ party }) => party)
    return candidates.length > 0 && candidates.every((party) => signed.has(party))
  }
  const done = weighed.filter(isDone)
  const left = weighed.filter((one) => !isDone(one))
  const allowed = args.flag('allow-unneeded')
  const proved = left.some(({ need }) => need === 'needed')
  const wanted = left.filter(({ need }) =>
    need === 'unneeded' ? allowed : need === 'needed' || explicit || !proved,
  )
  if (explicit && done[0] !== undefined) throw alreadySigned(fingerprint, done[0].hash)
  if (explicit && wanted.length < left.length) throw unneededKey(fingerprint)
  if (wanted.length === 0 && !topology) {
    throw done.length > 0
      ? alreadySigned(fingerprint, 'every transaction that asks for it')
      : unneededKey(fingerprint)
  }
  if (wanted.some(({ need }) => need === 'unknown')) warnOfUnknown(fingerprint, io)
  return wanted.map(({ index, hash, parties, acting, signed }) => ({
    index,
    hash,
    own: parties,
    parties: onlyParties(parties, acting).filter((party) => !signed.has(party)),
  }))
}

/** @throws CantosignError `usage` for `--detached` where one signature is not enough */
function refuseSeveral({ topology }: Asked, chosen: readonly Chosen[], args: Arguments): void {
  if (!args.flag('detached') || chosen.length === 0) return
  if (chosen.length === 1 && !topology) return
  throw new CantosignError(
    'usage',
    '--detached writes one signature, and more could be made',
    'name one transaction with --transaction',
  )
}

/**
 * The topology part. One that does not ask for the key is no mistake as long as a prepared
 * transaction does.
 */
async function signTopology(
  { request, topologyNamed }: Asked,
  others: boolean,
  signer: Signer,
  args: Arguments,
  io: Io,
): Promise<Awaited<ReturnType<typeof signTransactions>> | undefined> {
  try {
    return await signTransactions(request, signer, args, io)
  } catch (error) {
    const unasked =
      error instanceof CantosignError &&
      (error.code === 'key-unneeded' || error.code === 'key-already-signed')
    if (unasked && others && !topologyNamed) return undefined
    throw error
  }
}

interface SignedPrepared extends Chosen {
  readonly signature: Uint8Array
  readonly rule: string | undefined
}

/** The signatures, and how many of them each implementation verified. */
interface SignedChosen extends Omit<SignedMessages, 'signatures'> {
  readonly signed: readonly SignedPrepared[]
}

async function signChosen(
  asked: Asked,
  chosen: readonly Chosen[],
  signer: Signer,
  args: Arguments,
  io: Io,
): Promise<SignedChosen> {
  if (chosen.length === 0) return { signed: [], verifiedByNode: 0, verifiedByNoble: 0 }
  const { content, request, states, indices } = asked
  const key = await signer.publicKey()
  const expected = readExpectation(args)
  const now = systemTimeMicros()
  const before = judgePreparedTransactions(content, verifyPackage(content, request.resolve), states)
  const shown = chosen.map(({ index, own }) => {
    const target = targetAt(asked, index, before[index])
    const report = reportOf(target, own, expected, now)
    return { ...target, report, hash: requireSignable(report, target.name).hash }
  })
  if (!args.quiet || asksPerson(args)) {
    const taken = new Set(chosen.map(({ index }) => index))
    const left = indices.filter((i) => !taken.has(i))
    const lines = [
      ...packageTextLines(content),
      ...left.flatMap((i) => [
        `not signed by this key (not asked for, or signed already): ${content.preparedTransactions[i]?.hash ?? ''}`,
      ]),
    ]
    if (lines.length > 0) io.stderr.write(`${lines.join('\n')}\n`)
  }
  const rules = await confirmPrepared(shown, key, now, args, io)
  const messages = chosen.flatMap(({ index }) => content.preparedTransactions[index]?.digest ?? [])
  const { signatures, ...counts } = await signer.signAll(messages, args.flag('fast'))
  const signed = chosen.map((one, i) => ({
    ...one,
    signature: signatures[i] ?? new Uint8Array(),
    rule: rules?.[i],
  }))
  return { signed, ...counts }
}
