/** `inspect`: what a file is and what it says. Never changes anything. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus, exitStatusOf } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { findDangers, type Danger } from '../../src/explain/dangers.ts'
import {
  statementContext,
  transactionReport,
  type TransactionReport,
} from '../../src/explain/report.ts'
import { keyFileConcern } from '../../src/host/key-file.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import { verifySignatures } from '../../src/topology/signed-transaction.ts'
import type { PackageLimits } from '../../src/package/model.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { errorJson, errorLines, ReportedError } from '../present/error.ts'
import { transactionJson, warningJson } from '../present/json.ts'
import { keyLines, keyJson } from '../present/key.ts'
import { dangerLines, transactionLines } from '../present/transaction.ts'
import {
  contentName,
  findingsOf,
  readAnyInput,
  readInput,
  refuseFatal,
  type AnyContent,
  type PreparedFile,
  type TransactionInput,
} from './input.ts'
import { packageTransactions, reportPackage } from './inspect-package.ts'
import { limitsIn } from './limits.ts'
import { streamJson, streamLines, streamSummary } from './inspect-stream.ts'
import { checkKind, type FileReport, type Kind } from './kinds.ts'

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('files')
  if (args.flag('ndjson')) {
    for (const path of paths) await printLines(path, args, io)
    return ExitStatus.done
  }
  const [only] = paths
  if (only !== undefined && paths.length === 1) {
    await inspectFile(only, args, io)
    if (args.json) io.stdout.write('\n')
    return ExitStatus.done
  }
  return await inspectSeveral(paths, args, io)
}

/** Each file gets its document or its error; the first error decides the exit status. */
async function inspectSeveral(
  paths: readonly string[],
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  let status: ExitStatus = ExitStatus.done
  if (args.json) io.stdout.write('[')
  for (const [i, path] of paths.entries()) {
    if (i > 0) io.stdout.write(args.json ? ',' : '\n')
    try {
      await inspectFile(path, args, io)
    } catch (error) {
      if (error instanceof ReportedError) {
        if (status === ExitStatus.done) status = exitStatusOf(error.reported.code)
        continue
      }
      if (!(error instanceof CantosignError)) throw error
      if (status === ExitStatus.done) status = exitStatusOf(error.code)
      if (args.json) io.stdout.write(JSON.stringify({ error: errorJson(error) }))
      else io.stderr.write(errorLines(io.program.name, error))
    }
  }
  if (args.json) io.stdout.write(']\n')
  return status
}

async function inspectFile(path: string, args: Arguments, io: Io): Promise<void> {
  const content = await readAnyInput(path, limitsIn(args))
  if (content.$case === 'stream') {
    checkKind('topology-snapshot', args, path)
    await (args.json ? streamJson : streamSummary)(path, content.layout, args, io)
    return
  }
  const report = await reportOf(content, path, limitsIn(args))
  checkKind(report.kind, args, path)
  if (args.json) io.stdout.write(JSON.stringify({ kind: report.kind, ...report.json }))
  else io.stdout.write(`${[`${escapeText(path)}: ${report.kind}`, ...report.lines].join('\n')}\n`)
}

async function reportOf(
  content: Exclude<AnyContent, { $case: 'stream' }>,
  path: string,
  limits: PackageLimits,
): Promise<FileReport> {
  switch (content.$case) {
    case 'hash': {
      const hash = toHex(content.hash)
      return {
        kind: 'hash',
        json: { hash, transactions: [], warnings: [] },
        lines: [
          `hash        ${hash}`,
          '',
          'A hash alone does not say what it stands for: inspect the transaction that it was made from.',
        ],
      }
    }
    case 'key': {
      const key = await namingFile(path, async () => await readAnyKey(content.bytes))
      const concern = key.kind === 'private-key' ? keyFileConcern(path) : undefined
      const concerns = concern === undefined ? [] : [concern]
      const warnings = [...concerns, ...key.remarks].map((one) => ({ ...one, path: '' }))
      return {
        kind: key.kind,
        json: { ...keyJson(key), transactions: [], warnings },
        lines: keyLines(key, concerns),
      }
    }
    case 'package':
      return reportPackage(path, content.bytes, limits)
    case 'prepared':
      return await reportPrepared(content, path)
    case 'transaction':
    case 'signed': {
      refuseFatal(findingsOf(content), path)
      const report = reportTransaction(content)
      const dangers = dangersOf(content)
      return {
        kind: transactionKind(content),
        json: {
          transactions: [{ ...transactionJson(report), dangers }],
          warnings: report.findings.map(warningJson),
        },
        lines: [
          ...transactionLines(report),
          ...(dangers.length === 0 ? [] : ['', 'before signing', ...dangerLines(dangers)]),
        ],
      }
    }
  }
}

async function reportPrepared(file: PreparedFile, path: string): Promise<FileReport> {
  const { reportPreparedFile } = await import('./transaction-inspect.ts')
  return reportPreparedFile(file, path)
}

const transactionKind = ({ $case }: TransactionInput): Kind =>
  $case === 'signed' ? 'signed-topology-transaction' : 'topology-transaction'

function reportTransaction(input: TransactionInput): TransactionReport {
  if (input.$case === 'transaction') return transactionReport(input.transaction)
  const { signed } = input
  return transactionReport(signed.transaction, {
    proposal: signed.value?.proposal ?? false,
    signatures: verifySignatures(signed),
    findings: signed.findings,
  })
}

const dangersOf = ({ transaction }: TransactionInput): readonly Danger[] =>
  transaction.value === undefined ? [] : findDangers(transaction.value, statementContext)

/** `--ndjson`: one transaction a line. */
async function printLines(path: string, args: Arguments, io: Io): Promise<void> {
  const content = await readInput(path, limitsIn(args))
  const print = (line: object): void => {
    io.stdout.write(`${JSON.stringify(line)}\n`)
  }
  switch (content.$case) {
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds ${contentName(content)}: it has no transactions to list`,
        'leave out --ndjson',
      )
    case 'transaction':
    case 'signed': {
      checkKind(transactionKind(content), args, path)
      refuseFatal(findingsOf(content), path)
      const report = reportTransaction(content)
      print({ ...transactionJson(report), warnings: report.findings.map(warningJson) })
      return
    }
    case 'package':
      checkKind('signing-package', args, path)
      for (const transaction of packageTransactions(path, content.bytes, limitsIn(args)))
        print(transaction)
      return
    case 'stream':
      checkKind('topology-snapshot', args, path)
      await streamLines(path, content.layout, args, io)
  }
}
