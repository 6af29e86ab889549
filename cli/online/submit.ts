/** `submit`: a package is verified, handed in, and read back. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import type { AdminApi } from '../../src/online/admin.ts'
import { chooseStore, type ChosenStore } from '../../src/online/store.ts'
import { prepareSubmission, refuseHopeless, send, serialTaken } from '../../src/online/submit.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import type { JudgedPackage } from '../../src/package/create.ts'
import { refusals } from '../../src/topology/signed-transaction.ts'
import { acceptedFindings } from '../commands/accepted-findings.ts'
import { limitsIn } from '../commands/limits.ts'
import { readPackageInput } from '../commands/package-input.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { counted } from '../present/text.ts'
import { connectionOf, waitSecondsOf } from './connection.ts'
import { followPackage } from './following.ts'
import { withAdmin } from './open.ts'
import { followedJson, followedLines, isInForce, type Followed } from './submission-present.ts'
import { SUBMIT_OPTIONS } from './topology-options.ts'

/** Without --wait: long enough for the participant to have seen what it sequenced. */
const READ_BACK_SECONDS = 10

export const run: CommandRun = async (args, io) => {
  const path = args.positional('package')
  const accepted = acceptedFindings(args)
  const judged = await readPackageInput(path, { limits: limitsIn(args) })
  const { package: content } = judged
  requireTopology(content, path)
  refuseFindings(content, accepted, path)
  const waitSeconds = waitSecondsOf(args)
  const { settings, synchronizer } = connectionOf(args, SUBMIT_OPTIONS)
  const { adminApi, ledgerApi, jsonApi } = settings
  if (adminApi === undefined && (ledgerApi ?? jsonApi) !== undefined) {
    const { allocatePackage } = await import('./party-allocate.ts')
    return await allocatePackage(content, settings, synchronizer, accepted, args, io)
  }
  refuseLedgerOptions(args)
  const { store, sent, followed } = await withAdmin(settings, async (admin) => {
    const named = args.string('synchronizer') ?? content.network.synchronizerId ?? synchronizer
    const chosen = await chooseStore(admin, named)
    const count = await handIn(admin, chosen, judged, accepted)
    const last = await followPackage(admin, chosen, judged, args, io, {
      timeoutSeconds: waitSeconds ?? READ_BACK_SECONDS,
      until: waitSeconds === undefined ? 'seen' : 'settled',
      isNew: true,
    })
    return { store: chosen, sent: count, followed: last }
  })
  present(store, sent, followed, args, io)
  return statusOf(followed, waitSeconds !== undefined)
}

/** @throws CantosignError `usage`: nothing given is ever ignored */
function refuseLedgerOptions(args: Arguments): void {
  const foreign = ['identity-provider', 'user-id'].find((name) => args.string(name) !== undefined)
  if (foreign === undefined) return
  throw new CantosignError(
    'usage',
    `--${foreign} means nothing to the Admin API`,
    'leave it out, or allocate the party with: party allocate',
  )
}

/** @throws CantosignError `usage` */
function requireTopology(
  { transactions, preparedTransactions }: SigningPackage,
  path: string,
): void {
  if (preparedTransactions.length === 0 && transactions.length > 0) return
  throw new CantosignError(
    'usage',
    transactions.length === 0
      ? `${path} holds no topology transactions`
      : `${path} holds topology and Daml transactions`,
    'prepared Daml transactions are handed in with: transaction execute; submit takes packages without them',
  )
}

/** @throws CantosignError the code of the first finding that was not accepted */
function refuseFindings(
  { transactions }: SigningPackage,
  accepted: ReadonlySet<string>,
  path: string,
): void {
  for (const { transaction, hash } of transactions) {
    const [finding] = refusals(transaction.findings, accepted)
    if (finding === undefined) continue
    throw new CantosignError(
      finding.code,
      `${path}: ${hash}: ${finding.message} at ${finding.path}`,
      'inspect the package; such a transaction is handed in only with --accept-finding CODE',
    )
  }
}

/** @returns how many were sent */
async function handIn(
  admin: AdminApi,
  store: ChosenStore,
  { package: content, verdicts }: JudgedPackage,
  accepted: ReadonlySet<string>,
): Promise<number> {
  const preparation = await prepareSubmission(admin, store, content, verdicts)
  refuseHopeless(preparation)
  await send(admin, store, content, preparation, accepted)
  return preparation.toSend.length
}

function present(
  store: ChosenStore,
  sent: number,
  followed: readonly Followed[],
  args: Arguments,
  io: Io,
): void {
  if (args.json) {
    const transactions = followed.map(followedJson)
    io.stdout.write(`${JSON.stringify({ store: store.name, sent, transactions })}\n`)
    return
  }
  if (args.quiet) return
  const head =
    sent === 0
      ? `nothing to send: store ${escapeText(store.name)} has all of it already`
      : `sent ${counted(sent, 'transaction')} to store ${escapeText(store.name)}`
  io.stderr.write(`${[head, ...followed.flatMap(followedLines)].join('\n')}\n`)
}

/** @throws CantosignError `serial-taken` if another transaction came in between */
function statusOf(followed: readonly Followed[], wait: boolean): ExitStatus {
  for (const { hash, standing, proved } of followed) {
    if (standing.$case === 'superseded') throw serialTaken(hash, standing, proved)
  }
  const done = followed.every((one) => {
    if (one.standing.$case === 'effective') return isInForce(one)
    return !wait && one.standing.$case !== 'absent'
  })
  return done ? ExitStatus.done : ExitStatus.incomplete
}
