/** `proposals`: what waits for signatures, and for whose. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { transactionReport } from '../../src/explain/report.ts'
import { isFingerprint } from '../../src/ident/fingerprint.ts'
import { judgedProposals, neededFrom, type JudgedProposal } from '../../src/online/proposals.ts'
import { chooseStore } from '../../src/online/store.ts'
import type { CommandRun } from '../command.ts'
import { authorizationJson, authorizationLines } from '../present/authorization.ts'
import { counted, wrapText } from '../present/text.ts'
import { connectionOf } from './connection.ts'
import { filterOf } from './filter.ts'
import { withAdmin } from './open.ts'
import { PROPOSALS_OPTIONS } from './topology-options.ts'

export const run: CommandRun = async (args, io) => {
  const own = ownOf(args.strings('mine'))
  const filter = filterOf(args)
  const { settings, synchronizer } = connectionOf(args, PROPOSALS_OPTIONS)
  const { store, proposals, origin } = await withAdmin(settings, async (admin) => {
    const chosen = await chooseStore(admin, args.string('synchronizer') ?? synchronizer)
    const { proposals: judged, state } = await judgedProposals(admin, chosen, filter)
    return { store: chosen, proposals: judged, origin: state.origin }
  })
  if (args.json) {
    const listed = proposals.map((one) => proposalJson(one, own))
    io.stdout.write(
      `${JSON.stringify({ store: store.name, from: origin.from, at: origin.at, proposals: listed })}\n`,
    )
    return ExitStatus.done
  }
  const lines = [
    `${counted(proposals.length, 'proposal')} in ${escapeText(origin.from)}`,
    ...proposals.flatMap((one) => proposalLines(one, own)),
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
  return ExitStatus.done
}

/** @throws CantosignError `usage` */
function ownOf(texts: readonly string[]): ReadonlySet<string> {
  const odd = texts.find((text) => !isFingerprint(text))
  if (odd === undefined) return new Set(texts)
  throw new CantosignError(
    'usage',
    `--mine ${odd} is no fingerprint`,
    'a fingerprint has 68 lower-case hex characters; key show prints that of a key',
  )
}

function proposalJson(
  { hash, signed, judgement }: JudgedProposal,
  own: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const { operation, serial, mapping, statement } = transactionReport(signed.transaction)
  return {
    ...authorizationJson(hash, judgement.authorization),
    operation,
    serial,
    mapping,
    summary: statement.summary,
    mine: neededFrom(judgement.authorization.missing, own),
  }
}

function proposalLines(
  { hash, signed, judgement }: JudgedProposal,
  own: ReadonlySet<string>,
): readonly string[] {
  const { operation, serial, mapping, statement } = transactionReport(signed.transaction)
  const mine = neededFrom(judgement.authorization.missing, own)
  return [
    '',
    hash,
    `  ${mapping.type}, ${operation}, serial ${serial}`,
    ...wrapText(escapeText(statement.summary), '  '),
    ...authorizationLines(judgement.authorization, '  '),
    ...mine.map((fingerprint) => `  WAITS FOR YOU: ${fingerprint}`),
  ]
}
