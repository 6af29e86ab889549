/** `combine`: copies of one package become one with everything that any of them has. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { judgePackage, packageState } from '../../src/explain/package-judgement.ts'
import { combinePackages, type Copy, type LeftOut } from '../../src/package/combine.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import type { CommandRun } from '../command.ts'
import { preparedStandingJson, preparedStandingLines } from '../present/prepared-verdict.ts'
import { standingJson, standingLines } from '../present/signing.ts'
import { counted } from '../present/text.ts'
import { requireOutput, writeOutput } from './output.ts'
import { readPackageInput } from './package-input.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import { readStateInput, type StateInput } from './state-input.ts'

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('packages')
  const output = requireOutput(args, io)
  const beside = await readStateInput(args)
  const { resolve, limits } = beside
  const copies: Copy[] = []
  for (const path of paths) {
    copies.push({ name: path, package: (await readPackageInput(path, beside)).package })
  }
  const { package: made, leftOut } = combinePackages(copies, { resolve, limits })
  writeOutput(output, writePackage(made, limits), args, io, paths)

  const { damaged } = packageState(made, beside)
  const judgements = judgePackage(made, beside)
  const states = packageActingStates(made, beside)
  const prepared = judgePreparedTransactions(made, verifyPackage(made, resolve), states)
  if (args.json) {
    const document = {
      output,
      signatures: signatureCount(made),
      copies: copies.map(({ name, package: one }) => ({
        file: name,
        signatures: signatureCount(one),
      })),
      leftOut: leftOut.map(({ source, path, hash, signedBy, code }) => ({
        file: source,
        path,
        hash,
        signedBy,
        code,
      })),
      damagedState: damaged,
      transactions: [...judgements.map(standingJson), ...prepared.map(preparedStandingJson)],
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return ExitStatus.done
  }
  const warnings = [
    ...leftOut.map(leftOutText),
    ...(damaged.length === 0 ? [] : damagedTexts(copies, damaged, beside)),
  ]
  for (const warning of warnings) io.stderr.write(`${io.program.name}: warning: ${warning}\n`)
  if (!args.quiet) {
    const lines = [
      ...copies.map(
        ({ name, package: one }) =>
          `  ${escapeText(name)}: ${counted(signatureCount(one), 'signature')}`,
      ),
      `combined: ${counted(made.transactions.length + made.preparedTransactions.length, 'transaction')}, ${counted(signatureCount(made), 'signature')}`,
      ...judgements.flatMap(standingLines),
      ...prepared.flatMap((one) => [one.hash, ...preparedStandingLines(one)]),
    ]
    io.stderr.write(`${lines.join('\n')}\n`)
  }
  return ExitStatus.done
}

/** Which copy brought it: without that one the others can go on. */
function damagedTexts(
  copies: readonly Copy[],
  damaged: readonly string[],
  beside: StateInput,
): readonly string[] {
  const brought = copies.map(({ name, package: one }) => ({
    name,
    damaged: new Set(packageState(one, { ...beside, signed: [] }).damaged),
  }))
  return damaged.map((hash) => {
    const names = brought.flatMap((one) => (one.damaged.has(hash) ? [escapeText(one.name)] : []))
    const problem = `the state transaction ${hash} has a signature that does not verify`
    return names.length === 0
      ? problem
      : `${names.join(', ')}: ${problem}; nothing is signed with such state: combine the copies without it`
  })
}

function signatureCount({ transactions, combined, preparedTransactions }: SigningPackage): number {
  const lists = [...transactions, ...combined, ...preparedTransactions]
  return lists.reduce((sum, { signatures }) => sum + signatures.length, 0)
}

function leftOutText({ source, path, hash, signedBy, code }: LeftOut): string {
  return (
    `${escapeText(source)}: the signature by ${escapeText(signedBy)} over ${hash} does not verify ` +
    `(${code} at ${path}) and is left out`
  )
}
