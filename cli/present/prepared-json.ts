/** The JSON of `transaction inspect` (docs/json.md section 7). */
import { ledgerTimeText } from '../../src/daml/times.ts'
import type { ReadPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import { warningJson } from './json.ts'

const timeOrNull = (micros: bigint | undefined): string | null =>
  micros === undefined ? null : ledgerTimeText(micros)

/** Members that depend on the scheme. */
function schemeJson(report: PreparedReport): Readonly<Record<string, unknown>> {
  const { scheme, hashes, refusals, warnings } = report
  return {
    hashingScheme: scheme,
    hash: hashes?.hash ?? null,
    transactionHash: hashes?.transactionHash ?? null,
    metadataHash: hashes?.metadataHash ?? null,
    refusals: refusals.map(warningJson),
    warnings: warnings.map(warningJson),
  }
}

/** With several schemes nothing is guessed: the members at the top are null, the refusals those of all. */
function mergedJson(reports: readonly PreparedReport[]): Readonly<Record<string, unknown>> {
  const distinct = (pick: (report: PreparedReport) => PreparedReport['refusals']): unknown => {
    const all = reports.flatMap(pick).map(warningJson)
    return [...new Map(all.map((one) => [`${one.code} ${one.path}`, one])).values()]
  }
  return {
    hashingScheme: null,
    hash: null,
    transactionHash: null,
    metadataHash: null,
    refusals: distinct(({ refusals }) => refusals),
    warnings: distinct(({ warnings }) => warnings),
    schemes: reports.map(schemeJson),
  }
}

/** @param reports one for each scheme that may be meant; not empty */
export function preparedJson(
  read: ReadPreparedTransaction,
  reports: readonly PreparedReport[],
): Readonly<Record<string, unknown>> {
  const [first, second] = reports
  if (first === undefined) throw new Error('a report is needed for at least one scheme')
  const { statement } = first
  const metadata = read.value?.metadata
  return {
    ...(second === undefined ? schemeJson(first) : mergedJson(reports)),
    summary: statement.summary,
    actAs: metadata?.submitterInfo?.actAs ?? [],
    commandId: metadata?.submitterInfo?.commandId ?? '',
    synchronizerId: metadata?.synchronizerId ?? '',
    mediatorGroup: metadata?.mediatorGroup ?? 0,
    transactionUuid: metadata?.transactionUuid ?? '',
    preparationTime: timeOrNull(metadata?.preparationTime),
    minLedgerEffectiveTime: timeOrNull(metadata?.minLedgerEffectiveTime),
    maxLedgerEffectiveTime: timeOrNull(metadata?.maxLedgerEffectiveTime),
    maxRecordTime: timeOrNull(metadata?.maxRecordTime),
    nodes: statement.nodes.map((node) => ({ ...node, contractId: node.contractId ?? null })),
    inputContracts: statement.inputContracts,
    informed: statement.informed,
    packageIds: statement.packageIds,
    dangers: statement.dangers,
    notSigned: statement.notSigned,
    names: statement.names,
    unknownFields: read.unknownFields,
    canonical: read.canonical,
  }
}
