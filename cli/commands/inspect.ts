/** `inspect`: what a file is and what it says. Never changes anything. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus, exitStatusOf } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { findDangers, type Danger } from '../../src/explain/dangers.ts'
import {
  statementContext,
  transactionReport,
  type TransactionReport,
} from '../../src/explain/report.ts'
import { openChunks } from '../../src/host/files.ts'
import { keyFileConcern } from '../../src/host/key-file.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { findingError, verifySignatures } from '../../src/topology/signed-transaction.ts'
import {
  KeyBook,
  readStream,
  verifyStream,
  type ChunkSource,
  type VerifiedEvent,
} from '../../src/topology/stream.ts'
import type { Timestamp } from '../../src/wire/generated/schema.ts'
import { toProtoJson } from '../../src/wire/proto-json.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { errorJson, errorLines, ReportedError } from '../present/error.ts'
import { transactionJson, warningJson } from '../present/json.ts'
import { keyLines, keyJson } from '../present/key.ts'
import { openProgress } from '../present/progress.ts'
import { counted } from '../present/text.ts'
import { dangerLines, findingLines, transactionLines } from '../present/transaction.ts'
import {
  findingsOf,
  readInput,
  refuseFatal,
  type FileContent,
  type TransactionInput,
} from './input.ts'
import { StreamSummary } from './stream-summary.ts'

type Kind =
  | 'topology-transaction'
  | 'signed-topology-transaction'
  | 'topology-snapshot'
  | 'hash'
  | 'public-key'
  | 'private-key'

/** One file's part of the output: its JSON text, or lines for a person. */
interface FileReport {
  readonly kind: Kind
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('files')
  if (args.flag('ndjson')) {
    for (const path of paths) await printLines(path, args, io)
    return ExitStatus.done
  }
  if (paths.length === 1) {
    for (const path of paths) await inspectFile(path, args, io)
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
  const content = await readInput(path)
  if (content.$case === 'stream') {
    checkKind('topology-snapshot', args, path)
    await (args.json ? streamJson : streamSummary)(path, content.layout, args, io)
    return
  }
  const report = await reportOf(content, path)
  checkKind(report.kind, args, path)
  if (args.json) io.stdout.write(JSON.stringify({ kind: report.kind, ...report.json }))
  else io.stdout.write(`${[`${escapeText(path)}: ${report.kind}`, ...report.lines].join('\n')}\n`)
}

function checkKind(kind: Kind, args: Arguments, path: string): void {
  const wanted = args.string('type')
  if (wanted === undefined || wanted === kind) return
  throw new CantosignError(
    'file-kind',
    `${path} is a ${kind}, not a ${wanted}`,
    'check that it is the right file, or leave out --type',
  )
}

async function reportOf(
  content: Exclude<FileContent, { $case: 'stream' }>,
  path: string,
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
    case 'transaction':
    case 'signed': {
      refuseFatal(findingsOf(content), path)
      const report = reportTransaction(content)
      const dangers = dangersOf(content)
      return {
        kind: content.$case === 'signed' ? 'signed-topology-transaction' : 'topology-transaction',
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

type RecordEvent = Extract<VerifiedEvent, { $case: 'record' }>

function recordReport({ record, signatures }: RecordEvent): TransactionReport {
  const { signed } = record
  return transactionReport(signed.transaction, {
    proposal: signed.value?.proposal ?? false,
    signatures,
    findings: record.findings,
  })
}

function recordJson(event: RecordEvent): Readonly<Record<string, unknown>> {
  const { item } = event.record
  const time = (value: Timestamp | undefined): unknown =>
    value === undefined ? null : toProtoJson('Timestamp', value)
  const times =
    item === undefined
      ? {}
      : {
          sequenced: time(item.sequenced),
          validFrom: time(item.validFrom),
          validUntil: time(item.validUntil),
          rejectionReason: item.rejectionReason ?? null,
        }
  return { ...transactionJson(recordReport(event)), ...times }
}

/** The keys of a stream first, so that every signature is judged with all of them. */
async function collectKeys(source: ChunkSource, layout: StreamLayout): Promise<KeyBook> {
  const book = new KeyBook()
  for await (const batch of readStream(source, layout)) {
    for (const event of batch) {
      if (event.$case === 'record') book.addFrom(event.record.signed, event.record.index)
    }
  }
  return book
}

async function* verifiedEvents(
  path: string,
  layout: StreamLayout,
  silent: boolean,
  io: Io,
): AsyncGenerator<VerifiedEvent> {
  const progress = openProgress(io.stderr, silent)
  try {
    const book = await collectKeys(() => openChunks(path), layout)
    const source = (): AsyncIterable<Uint8Array> => openChunks(path, progress.update)
    for await (const batch of verifyStream(source, layout, book)) yield* batch
  } finally {
    progress.end()
  }
}

const findingsIn = (event: VerifiedEvent): readonly Finding[] =>
  event.$case === 'finding' ? [event.finding] : event.record.findings

const fatalIn = (event: VerifiedEvent): Finding | undefined =>
  findingsIn(event).find(({ code }) => severityOf(code) === 'fatal')

/** A snapshot as one JSON document, written while it is read. */
async function streamJson(
  path: string,
  layout: StreamLayout,
  args: Arguments,
  io: Io,
): Promise<void> {
  const summary = new StreamSummary()
  io.stdout.write('{"kind":"topology-snapshot","transactions":[')
  let failure: CantosignError | undefined
  for await (const event of verifiedEvents(path, layout, args.quiet, io)) {
    const fatal = fatalIn(event)
    if (fatal !== undefined) {
      failure = fatalError(fatal, path)
      break
    }
    if (event.$case === 'finding') {
      summary.addFinding(event.finding)
      continue
    }
    const first = summary.transactions === 0
    summary.addRecord(event.record)
    for (const signature of event.signatures) summary.addSignature(signature)
    io.stdout.write(`${first ? '' : ','}${JSON.stringify(recordJson(event))}`)
  }
  const warnings = [...summary.findings].flatMap(([, { count, examples }]) =>
    examples.slice(0, 1).map((finding) => ({ ...warningJson(finding), count })),
  )
  io.stdout.write(`],"warnings":${JSON.stringify(warnings)}`)
  if (failure === undefined) {
    io.stdout.write('}')
    return
  }
  // The document is begun: the error becomes its last member, and still one document is printed.
  io.stdout.write(`,"error":${JSON.stringify(errorJson(failure))}}\n`)
  throw new ReportedError(failure)
}

const fatalError = (fatal: Finding, path: string): CantosignError =>
  findingError(
    [fatal],
    fatal,
    'the file is damaged or not what it seems: get it again from its source',
    path,
  )

async function streamSummary(
  path: string,
  layout: StreamLayout,
  args: Arguments,
  io: Io,
): Promise<void> {
  const summary = new StreamSummary()
  for await (const event of verifiedEvents(path, layout, args.quiet, io)) {
    const fatal = fatalIn(event)
    if (fatal !== undefined) throw fatalError(fatal, path)
    if (event.$case === 'finding') summary.addFinding(event.finding)
    else {
      summary.addRecord(event.record)
      for (const signature of event.signatures) summary.addSignature(signature)
    }
  }
  const { valid, invalid, unverifiable } = summary.signatures
  const lines = [
    `${escapeText(path)}: topology-snapshot (${layout})`,
    `${counted(summary.transactions, 'transaction')}, ${counted(summary.proposals, 'proposal')}`,
    ...[...summary.mappings].map(([type, count]) => `  ${String(count).padStart(6)}  ${type}`),
    `${counted(valid + invalid + unverifiable, 'signature')}: ${valid} valid, ${invalid} invalid, ${unverifiable} unverifiable`,
    ...[...summary.algorithms].map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`),
    ...(summary.findings.size === 0 ? [] : ['findings']),
    ...[...summary.findings.values()].flatMap(({ count, examples }) => [
      ...findingLines(examples.slice(0, 1)),
      `    ${counted(count, 'time')}`,
    ]),
    'for every transaction of it: inspect --ndjson',
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
}

/** `--ndjson`: one transaction a line. */
async function printLines(path: string, args: Arguments, io: Io): Promise<void> {
  const content = await readInput(path)
  switch (content.$case) {
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds a ${content.$case}: it has no transactions to list`,
        'leave out --ndjson',
      )
    case 'transaction':
    case 'signed':
      checkKind(
        content.$case === 'signed' ? 'signed-topology-transaction' : 'topology-transaction',
        args,
        path,
      )
      refuseFatal(findingsOf(content), path)
      io.stdout.write(`${JSON.stringify(withWarnings(reportTransaction(content)))}\n`)
      return
    case 'stream':
      checkKind('topology-snapshot', args, path)
      for await (const event of verifiedEvents(path, content.layout, args.quiet, io)) {
        const fatal = fatalIn(event)
        if (fatal !== undefined) throw fatalError(fatal, path)
        if (event.$case === 'record') {
          const warnings = recordReport(event).findings.map(warningJson)
          io.stdout.write(`${JSON.stringify({ ...recordJson(event), warnings })}\n`)
        }
      }
  }
}

function withWarnings(report: TransactionReport): Readonly<Record<string, unknown>> {
  return { ...transactionJson(report), warnings: report.findings.map(warningJson) }
}
