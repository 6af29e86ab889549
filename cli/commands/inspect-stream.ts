/** `inspect` of snapshots and lists: written while they are read, whatever their size. */
import { CantosignError } from '../../src/base/errors.ts'
import { severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { transactionReport, type TransactionReport } from '../../src/explain/report.ts'
import { openChunks } from '../../src/host/files.ts'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { StreamKeys } from '../../src/topology/stream-keys.ts'
import { verifyStream, type VerifiedEvent } from '../../src/topology/stream.ts'
import type { Timestamp } from '../../src/wire/generated/schema.ts'
import { toProtoJson } from '../../src/wire/proto-json.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { errorJson, ReportedError } from '../present/error.ts'
import { transactionJson, warningJson } from '../present/json.ts'
import { openProgress } from '../present/progress.ts'
import { counted } from '../present/text.ts'
import { findingLines } from '../present/transaction.ts'
import { fatalError } from './input.ts'
import { StreamSummary } from './stream-summary.ts'

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

/** Every record with its signatures judged by all the keys of the stream. */
async function* verifiedEvents(
  path: string,
  layout: StreamLayout,
  silent: boolean,
  io: Io,
): AsyncGenerator<VerifiedEvent> {
  const progress = openProgress(io.stderr, silent)
  try {
    const keys = new StreamKeys(() => openChunks(path), layout)
    const source = (): AsyncIterable<Uint8Array> => openChunks(path, progress.update)
    for await (const batch of verifyStream(source, layout, keys)) yield* batch
  } finally {
    progress.end()
  }
}

const findingsIn = (event: VerifiedEvent): readonly Finding[] =>
  event.$case === 'finding' ? [event.finding] : event.record.findings

const fatalIn = (event: VerifiedEvent): Finding | undefined =>
  findingsIn(event).find(({ code }) => severityOf(code) === 'fatal')

/**
 * A snapshot as one JSON document, written while it is read.
 * @throws ReportedError if it breaks off; the document is complete and holds the error
 */
export async function streamJson(
  path: string,
  layout: StreamLayout,
  args: Arguments,
  io: Io,
): Promise<void> {
  const summary = new StreamSummary()
  io.stdout.write('{"kind":"topology-snapshot","transactions":[')
  let failure: CantosignError | undefined
  try {
    for await (const event of verifiedEvents(path, layout, args.quiet, io)) {
      const fatal = fatalIn(event)
      if (fatal !== undefined) throw fatalError([fatal], fatal, path)
      if (event.$case === 'finding') {
        summary.addFinding(event.finding)
        continue
      }
      const first = summary.transactions === 0
      summary.addRecord(event.record)
      for (const signature of event.signatures) summary.addSignature(signature)
      io.stdout.write(`${first ? '' : ','}${JSON.stringify(recordJson(event))}`)
    }
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    failure = error
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

/** A snapshot summed up for a person. */
export async function streamSummary(
  path: string,
  layout: StreamLayout,
  args: Arguments,
  io: Io,
): Promise<void> {
  const summary = new StreamSummary()
  for await (const event of verifiedEvents(path, layout, args.quiet, io)) {
    const fatal = fatalIn(event)
    if (fatal !== undefined) throw fatalError([fatal], fatal, path)
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
export async function streamLines(
  path: string,
  layout: StreamLayout,
  args: Arguments,
  io: Io,
): Promise<void> {
  for await (const event of verifiedEvents(path, layout, args.quiet, io)) {
    const fatal = fatalIn(event)
    if (fatal !== undefined) throw fatalError([fatal], fatal, path)
    if (event.$case === 'record') {
      const warnings = recordReport(event).findings.map(warningJson)
      io.stdout.write(`${JSON.stringify({ ...recordJson(event), warnings })}\n`)
    }
  }
}
