/** `doctor`: whether this machine is fit for an offline ceremony. Changes nothing. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { checkFitness, checkIntegrity, type Check } from '../../src/host/fitness.ts'
import { readMachine } from '../../src/host/machine.ts'
import type { CommandRun } from '../command.ts'
import { wrapText } from '../present/text.ts'
import { programHash } from '../version.ts'

// eslint-disable-next-line @typescript-eslint/require-await -- a command is asynchronous by its type
export const run: CommandRun = async (args, io) => {
  const expected = args.string('expect-sha256')
  if (expected !== undefined && !/^[0-9a-fA-F]{64}$/.test(expected)) {
    throw new CantosignError(
      'usage',
      '--expect-sha256 takes 64 hexadecimal characters',
      'copy the SHA-256 of the program from where it is published',
    )
  }
  const { path, version } = io.program
  const sha256 = programHash(path)
  const checks = [checkIntegrity(sha256, expected), ...checkFitness(readMachine(path))]
  const fit = checks.every(({ judgement }) => judgement !== 'unfit')
  if (args.json) {
    const program = { path, version, sha256 }
    const runtime = { path: process.execPath, version: process.version }
    io.stdout.write(`${JSON.stringify({ fit, checks, program, runtime })}\n`)
  } else {
    io.stdout.write(`${[...checks.flatMap(checkLines), '', conclusion(checks)].join('\n')}\n`)
  }
  return fit ? ExitStatus.done : ExitStatus.incomplete
}

function checkLines({ name, judgement, found, advice }: Check): readonly string[] {
  const [first = '', ...more] = wrapText(escapeText(found), ' '.repeat(25))
  const head = `${judgement.padEnd(9)}  ${name.padEnd(12)}  ${first.trimStart()}`
  return [
    head,
    ...more,
    ...(advice === '' ? [] : wrapText(`-> ${escapeText(advice)}`, ' '.repeat(25))),
  ]
}

function conclusion(checks: readonly Check[]): string {
  const count = (judgement: Check['judgement']): number =>
    checks.filter((check) => check.judgement === judgement).length
  const open = count('attention')
  const remarks = open === 0 ? '' : `; ${open} to be weighed by a person`
  return count('unfit') === 0
    ? `this machine is fit for an offline ceremony${remarks}`
    : `this machine is not fit for an offline ceremony: ${count('unfit')} against it${remarks}`
}
