/** Sums up transactions while they pass: counts, findings by code, first examples. */
import { severityOf, type Finding, type FindingCode } from '../../src/base/finding-codes.ts'
import type { ReadTransaction } from '../../src/topology/transaction.ts'
import { enumName } from '../../src/wire/schema.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import type { SnapshotRecord } from '../../src/topology/snapshot.ts'
import type { VerifiedSignature } from '../../src/topology/signed-transaction.ts'

/** Findings kept as examples of each code; all are counted. */
const EXAMPLES = 3

export interface SignatureCounts {
  valid: number
  invalid: number
  unverifiable: number
}

const REMOVE = 2

/** What stands in the place of a mapping. */
const PREPARED = 'prepared Daml transaction'

export class StreamSummary {
  transactions = 0
  proposals = 0
  readonly signatures: SignatureCounts = { valid: 0, invalid: 0, unverifiable: 0 }
  readonly mappings = new Map<string, number>()
  readonly algorithms = new Map<string, number>()
  readonly findings = new Map<FindingCode, { count: number; readonly examples: Finding[] }>()

  addFinding(finding: Finding): void {
    const known = this.findings.get(finding.code) ?? { count: 0, examples: [] }
    known.count++
    if (known.examples.length < EXAMPLES) known.examples.push(finding)
    this.findings.set(finding.code, known)
  }

  addRecord({ signed, findings }: SnapshotRecord): void {
    this.addTransaction(signed.transaction, signed.value?.proposal === true, findings)
  }

  /** @param findings of the transaction and of what surrounds it */
  addTransaction(
    { value, passedOver }: ReadTransaction,
    proposal: boolean,
    findings: readonly Finding[],
  ): void {
    this.transactions++
    if (proposal) this.proposals++
    const mapping = value?.mapping?.mapping
    const row = mapping === undefined ? passedOver?.row : mappingRow(mapping.$case)
    const type = row?.type ?? 'unknown'
    const isRemoval = (value ?? passedOver)?.operation === REMOVE
    const name = isRemoval ? `${type} (removed)` : type
    this.mappings.set(name, (this.mappings.get(name) ?? 0) + 1)
    for (const finding of findings) this.addFinding(finding)
  }

  /** @param findings what keeps it from being signed, and warnings */
  addPrepared(findings: readonly Finding[]): void {
    this.transactions++
    this.mappings.set(PREPARED, (this.mappings.get(PREPARED) ?? 0) + 1)
    for (const finding of findings) this.addFinding(finding)
  }

  addSignature(verified: VerifiedSignature): void {
    this.signatures[verified.status]++
    const { signingAlgorithmSpec } = verified.signature.wire
    const name =
      signingAlgorithmSpec === 0
        ? 'no algorithm (legacy)'
        : (enumName('SigningAlgorithmSpec', signingAlgorithmSpec) ??
          `unknown ${signingAlgorithmSpec}`)
    this.algorithms.set(name, (this.algorithms.get(name) ?? 0) + 1)
    for (const finding of verified.findings) this.addFinding(finding)
  }

  /** The first fatal finding, if any. */
  get fatal(): Finding | undefined {
    for (const [code, { examples }] of this.findings) {
      if (severityOf(code) === 'fatal') return examples[0]
    }
    return undefined
  }

  /** True if a finding other than a fatal one keeps this from being signed or handed on. */
  get refused(): boolean {
    return [...this.findings.keys()].some((code) => severityOf(code) === 'refuse')
  }
}
