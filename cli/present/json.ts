/** The JSON forms that scripts rely on (docs/json.md). */
import type { Finding } from '../../src/base/finding-codes.ts'
import type { TransactionReport } from '../../src/explain/report.ts'

export interface WarningJson {
  readonly code: string
  readonly path: string
  readonly offset: number | null
  readonly message: string
}

export function warningJson({ code, path, offset, message }: Finding): WarningJson {
  return { code, path, offset: offset ?? null, message }
}

/** One transaction of `inspect --json`. */
export function transactionJson(report: TransactionReport): Readonly<Record<string, unknown>> {
  const { hash, operation, serial, mapping, protoVersion, proposal } = report
  return {
    hash,
    operation,
    serial,
    mapping,
    protoVersion,
    proposal,
    signatures: report.signatures,
    unknownFields: report.unknownFields,
    canonical: report.canonical,
    summary: report.summary,
  }
}
