/** `transaction package`: prepared Daml transactions as a package that travels between signers. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { packageState, requireSound } from '../../src/explain/package-judgement.ts'
import { preparedReport, type PreparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { createPackage, isStorable } from '../../src/package/create.ts'
import type { PreparedContent } from '../../src/package/prepared-entries.ts'
import { verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { preparedStandingJson, preparedStandingLines } from '../present/prepared-verdict.ts'
import { wrapText } from '../present/text.ts'
import { limitsIn } from './limits.ts'
import { requireOutput, writeOutput } from './output.ts'
import { requireSignable } from './prepared-agreement.ts'
import { checkClaimedHash, readPreparedInput, requireScheme } from './prepared-input.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import { readPublicKeyFiles } from './public-key-input.ts'
import { readStateInput, stateContent, type StateInput } from './state-input.ts'

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('files')
  const output = requireOutput(args, io)
  const beside = await readStateInput(args)
  const contents: PreparedContent[] = []
  const reports: PreparedReport[] = []
  for (const path of paths) {
    const { content, report } = await readTransaction(path, args)
    contents.push(content)
    reports.push(report)
  }
  const made = createPackage(
    {
      text: {
        requestedBy: args.string('requested-by'),
        reason: args.string('reason'),
        validUntil: args.string('valid-until'),
      },
      transactions: [],
      preparedTransactions: contents,
      publicKeys: await publicKeys(beside, args),
      state: stateContent(beside.signed),
    },
    beside.limits,
  )
  requireSound(packageState(made, beside))
  writeOutput(output, writePackage(made, beside.limits), args, io, paths)

  const states = packageActingStates(made, beside)
  const judgements = judgePreparedTransactions(made, verifyPackage(made), states)
  if (args.json) {
    const transactions = judgements.map((one, i) => ({
      ...preparedStandingJson(one),
      hashingScheme: reports[i]?.scheme ?? null,
    }))
    io.stdout.write(`${JSON.stringify({ output, transactions })}\n`)
    return ExitStatus.done
  }
  if (!args.quiet) {
    const lines = judgements.flatMap((one, i) => [
      `${one.hash} (${reports[i]?.scheme ?? ''})`,
      ...wrapText(escapeText(reports[i]?.statement.summary ?? ''), '  '),
      ...preparedStandingLines(one),
    ])
    io.stderr.write(`${lines.join('\n')}\n`)
  }
  return ExitStatus.done
}

/**
 * One file as content. What nobody would sign is refused before it travels.
 * @throws CantosignError `prepared-refused`, `prepared-hash-mismatch`, `hashing-scheme-missing`, and
 * as `readPreparedInput`
 */
async function readTransaction(
  path: string,
  args: Arguments,
): Promise<{ readonly content: PreparedContent; readonly report: PreparedReport }> {
  const input = await readPreparedInput(path, limitsIn(args))
  const scheme = requireScheme(input, path, args)
  checkClaimedHash(input, scheme, path)
  const report = preparedReport(input.read, scheme, { now: systemTimeMicros() })
  requireSignable(report, path)
  return { content: { bytes: input.read.bytes, scheme }, report }
}

async function publicKeys(beside: StateInput, args: Arguments): Promise<readonly PublicKey[]> {
  const given = await readPublicKeyFiles(args.strings('public-key'))
  const known = beside.publicKeys.map((key) => [key.fingerprint, key] as const)
  const keys = new Map([...known, ...given])
  return [...keys.values()].filter(isStorable)
}
