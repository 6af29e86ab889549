/** `fetch`: packages from proposals, with the state that a signer needs, and what is in force. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { judgePackage } from '../../src/explain/package-judgement.ts'
import type { AdminApi } from '../../src/online/admin.ts'
import { packageOfProposals, withState } from '../../src/online/fetch.ts'
import { fetchState, type FetchedState } from '../../src/online/judged-state.ts'
import { listProposals, type ProposalFilter } from '../../src/online/proposals.ts'
import { chooseStore, type ChosenStore } from '../../src/online/store.ts'
import { provedInForce } from '../../src/online/in-force.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { keyResolver, verifyPackage } from '../../src/package/verdicts.ts'
import { logicalSynchronizerText } from '../../src/ident/identifiers.ts'
import { writePackage } from '../../src/package/write.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { requireOutput, writeOutput } from '../commands/output.ts'
import { limitsIn } from '../commands/limits.ts'
import { readPackageInput } from '../commands/package-input.ts'
import { NOTHING_BESIDE } from '../commands/state-input.ts'
import { judgePreparedTransactions, packageActingStates } from '../commands/prepared-state.ts'
import { preparedStandingJson, preparedStandingLines } from '../present/prepared-verdict.ts'
import { standingJson, standingLines } from '../present/signing.ts'
import { counted } from '../present/text.ts'
import { connectionOf, type ChosenConnection } from './connection.ts'
import { filterOf, narrows } from './filter.ts'
import { withAdmin } from './open.ts'
import { FETCH_OPTIONS } from './topology-options.ts'

export const run: CommandRun = async (args, io) => {
  const filter = filterOf(args, args.positionals('hashes'))
  const path = args.string('package')
  refuseMixtures(args, filter)
  const output = requireOutput(args, io)
  const connection = connectionOf(args, FETCH_OPTIONS)
  if (path !== undefined) await addState(path, output, connection, args, io)
  else if (args.flag('in-force')) await fetchInForce(filter, output, connection, args, io)
  else await fetchProposals(filter, output, connection, args, io)
  return ExitStatus.done
}

const TEXT_OPTIONS = ['requested-by', 'reason', 'valid-until'] as const

/** @throws CantosignError `usage`: nothing given is ever ignored */
function refuseMixtures(args: Arguments, filter: ProposalFilter): void {
  const usage = (message: string, hint: string): CantosignError =>
    new CantosignError('usage', message, hint)
  const ofPackage = args.string('package') !== undefined
  const inForce = args.flag('in-force')
  if (ofPackage && inForce) {
    throw usage('--package and --in-force exclude each other', 'leave one of them out')
  }
  if (ofPackage && narrows(filter)) {
    throw usage(
      'what --package adds state to is all that its transactions name',
      'leave out hashes, --namespace, --party and --mapping',
    )
  }
  if (inForce && filter.hashes.length > 0) {
    throw usage(
      '--in-force finds a transaction by what it is about, not by its hash',
      'name it with --party or --namespace, and --mapping',
    )
  }
  if (!ofPackage && !narrows(filter)) {
    throw usage(
      'nothing says what to fetch',
      'name hashes as proposals lists them, or narrow with --party, --namespace or --mapping',
    )
  }
  const text = TEXT_OPTIONS.find((name) => args.string(name) !== undefined)
  if (text !== undefined && (ofPackage || inForce)) {
    throw usage(`--${text} is for a new package`, 'leave it out')
  }
}

async function storeOf(
  admin: AdminApi,
  { synchronizer }: ChosenConnection,
  args: Arguments,
  named?: string,
): Promise<ChosenStore> {
  return await chooseStore(admin, args.string('synchronizer') ?? named ?? synchronizer)
}

async function fetchProposals(
  filter: ProposalFilter,
  output: string,
  connection: ChosenConnection,
  args: Arguments,
  io: Io,
): Promise<void> {
  const limits = limitsIn(args)
  const { content, state } = await withAdmin(connection.settings, async (admin) => {
    const store = await storeOf(admin, connection, args)
    const proposals = await listProposals(admin, store, filter)
    if (proposals.length === 0) {
      throw new CantosignError(
        'proposal-missing',
        `store ${store.name} has no proposal that fits`,
        'see what is pending with: proposals; what is in force is fetched with --in-force',
      )
    }
    const fetched = await fetchState(
      admin,
      store,
      proposals.map(({ signed }) => signed.transaction),
      { limits },
    )
    const text = {
      requestedBy: args.string('requested-by'),
      reason: args.string('reason'),
      validUntil: args.string('valid-until'),
    }
    return { content: packageOfProposals(proposals, fetched, store, text, limits), state: fetched }
  })
  writeOutput(output, writePackage(content, limits), args, io, [])
  presentPackage(content, state, output, args, io)
}

async function addState(
  path: string,
  output: string,
  connection: ChosenConnection,
  args: Arguments,
  io: Io,
): Promise<void> {
  const limits = limitsIn(args)
  const { package: content } = await readPackageInput(path, { limits })
  const state = await withAdmin(connection.settings, async (admin) => {
    const store = await storeOf(admin, connection, args, synchronizerNamed(content))
    const transactions = content.transactions.map(({ transaction }) => transaction)
    const acting = content.preparedTransactions.flatMap(
      ({ prepared }) => prepared.value.metadata?.submitterInfo?.actAs ?? [],
    )
    return await fetchState(admin, store, transactions, {
      resolve: keyResolver(content),
      parties: [...new Set(acting)],
      limits,
    })
  })
  const made = withState(content, state, limits)
  writeOutput(output, writePackage(made, limits), args, io, [path])
  presentPackage(made, state, output, args, io)
}

/** By the package, or by all of its Daml transactions alike. */
function synchronizerNamed({ network, preparedTransactions }: SigningPackage): string | undefined {
  const [only, second] = new Set(
    preparedTransactions.map(({ prepared }) =>
      logicalSynchronizerText(prepared.value.metadata?.synchronizerId ?? ''),
    ),
  )
  return network.synchronizerId ?? (second === undefined ? only : undefined)
}

function presentPackage(
  content: SigningPackage,
  { records, origin }: FetchedState,
  output: string,
  args: Arguments,
  io: Io,
): void {
  const judgements = judgePackage(content, NOTHING_BESIDE)
  const prepared = judgePreparedTransactions(
    content,
    verifyPackage(content),
    packageActingStates(content, NOTHING_BESIDE),
  )
  if (args.json) {
    const state = { transactions: records.length, from: origin.from, at: origin.at }
    const transactions = judgements.map(standingJson)
    const preparedTransactions = prepared.map(preparedStandingJson)
    io.stdout.write(`${JSON.stringify({ output, state, transactions, preparedTransactions })}\n`)
    return
  }
  if (args.quiet) return
  const lines = [
    `wrote ${escapeText(output)}: ${counted(content.transactions.length + content.preparedTransactions.length, 'transaction')}, with ${counted(records.length, 'transaction')} of state`,
    `  from ${escapeText(origin.from)}`,
    `  at ${origin.at}`,
    ...judgements.flatMap(standingLines),
    ...prepared.flatMap((one) => ['', one.hash, ...preparedStandingLines(one)]),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}

async function fetchInForce(
  filter: ProposalFilter,
  output: string,
  connection: ChosenConnection,
  args: Arguments,
  io: Io,
): Promise<void> {
  const found = await withAdmin(connection.settings, async (admin) =>
    provedInForce(admin, await storeOf(admin, connection, args), filter),
  )
  writeOutput(output, found.signed.bytes, args, io, [])
  const { hash, serial, proved, origin } = found
  if (args.json) {
    io.stdout.write(
      `${JSON.stringify({ output, hash, serial, proved, from: origin.from, at: origin.at })}\n`,
    )
    return
  }
  if (!proved) {
    io.stderr.write(
      `${io.program.name}: warning: the state of the store does not prove that who signed ${hash} may: look closely at what is built on it\n`,
    )
  }
  if (args.quiet) return
  io.stderr.write(
    `wrote ${escapeText(output)}: ${hash}, serial ${serial}\n  from ${escapeText(origin.from)}\n  at ${origin.at}\n`,
  )
}
