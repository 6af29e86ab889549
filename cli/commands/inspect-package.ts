/** `inspect` of a signing package: everything in it, who has signed, who is missing. */
import { toHex } from '../../src/base/bytes.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import {
  judgeTransactions,
  type JudgementEntry,
  type StateReading,
} from '../../src/explain/judgement.ts'
import { packageEntries, packageState } from '../../src/explain/package-judgement.ts'
import { preparedReport } from '../../src/explain/prepared-report.ts'
import {
  signatureReport,
  transactionReport,
  type TransactionReport,
} from '../../src/explain/report.ts'
import { dangersOf } from '../../src/explain/signing-dangers.ts'
import { judgementsFor, type SeenJudgement } from '../../src/explain/standing.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import type { JudgedPackage } from '../../src/package/create.ts'
import type { PackageLimits, SigningPackage } from '../../src/package/model.ts'
import { authorizationJson } from '../present/authorization.ts'
import { transactionJson, warningJson, type WarningJson } from '../present/json.ts'
import { packageLines, type ShownEntry } from '../present/package.ts'
import { preparedEntryJson, type PreparedEntryView } from '../present/prepared-entry.ts'
import type { FileReport } from './kinds.ts'
import { packageFindings } from './package-findings.ts'
import { readPackageBytes } from './package-input.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import { NOTHING_BESIDE } from './state-input.ts'

/** A package, judged as far as what is in it goes. */
interface PackageView {
  readonly content: SigningPackage
  readonly entries: readonly JudgementEntry[]
  readonly state: StateReading
  readonly judgements: readonly SeenJudgement[]
  readonly prepared: readonly PreparedEntryView[]
  readonly verdicts: JudgedPackage['verdicts']
}

function viewOf(path: string, bytes: Uint8Array, limits: PackageLimits): PackageView {
  const { package: content, verdicts } = readPackageBytes(path, bytes, { limits })
  const entries = packageEntries(content, verdicts)
  const state = packageState(content, NOTHING_BESIDE)
  const all = [...entries.keys()]
  const judgements = judgementsFor(judgeTransactions(entries, state), all)
  return {
    content,
    entries,
    state,
    judgements,
    prepared: preparedViews(content, verdicts),
    verdicts,
  }
}

function preparedViews(
  content: SigningPackage,
  verdicts: PackageView['verdicts'],
): readonly PreparedEntryView[] {
  const now = systemTimeMicros()
  const states = packageActingStates(content, NOTHING_BESIDE)
  const judgements = judgePreparedTransactions(content, verdicts, states)
  return content.preparedTransactions.flatMap((entry, i): readonly PreparedEntryView[] => {
    const judgement = judgements[i]
    if (judgement === undefined) return []
    const signatures = entry.signatures.map(({ party }, j) => {
      const verified = verdicts.preparedTransactions[i]?.[j]
      if (verified === undefined) throw new Error('a signature without its verdict')
      return { party, report: signatureReport(verified) }
    })
    const report = preparedReport(entry.prepared, entry.scheme, { now })
    return [{ read: entry.prepared, report, judgement, signatures }]
  })
}

function reportAt({ content, entries }: PackageView, i: number): TransactionReport {
  const entry = content.transactions[i]
  if (entry === undefined) throw new Error('no such transaction in the package')
  return transactionReport(entry.transaction, {
    proposal: entry.proposal,
    signatures: entries[i]?.signatures ?? [],
    findings: entry.transaction.findings,
  })
}

function judgementAt({ judgements }: PackageView, i: number): SeenJudgement {
  const judgement = judgements[i]
  if (judgement === undefined) throw new Error('a transaction without its judgement')
  return judgement
}

function transactionOf(view: PackageView, i: number): Readonly<Record<string, unknown>> {
  const { hash, authorization, serial } = judgementAt(view, i)
  return {
    ...transactionJson(reportAt(view, i)),
    authorization: { ...authorizationJson(hash, authorization), serial },
  }
}

/** Every finding once: of the bytes, then of the signatures. */
function warningsOf({ content, verdicts }: PackageView): readonly WarningJson[] {
  const inBytes = packageFindings(content).flat()
  const ofSignatures = [
    ...verdicts.transactions,
    ...verdicts.combined,
    ...verdicts.preparedTransactions,
  ]
    .flat()
    .flatMap(({ findings }) => findings)
  return [...inBytes, ...ofSignatures].map(warningJson)
}

function stateJson({ proved, transactions, damaged }: StateReading): object {
  const { aside } = proved
  return { transactions: transactions.size, proved: proved.proved.size, aside, damaged }
}

function packageJson(
  view: PackageView,
  each: readonly (readonly Danger[])[],
  together: readonly Danger[],
): Readonly<Record<string, unknown>> {
  const { content, state, verdicts } = view
  const { network, text } = content
  return {
    transactions: content.transactions.map((_entry, i) => ({
      ...transactionOf(view, i),
      dangers: each[i] ?? [],
    })),
    preparedTransactions: view.prepared.map(preparedEntryJson),
    network: {
      synchronizerId: network.synchronizerId ?? null,
      protocolVersion: network.protocolVersion ?? null,
    },
    text: {
      requestedBy: text.requestedBy ?? null,
      reason: text.reason ?? null,
      validUntil: text.validUntil ?? null,
    },
    combined: content.combined.map(({ hash, transactions, elsewhere }, i) => ({
      hash: toHex(hash),
      transactions,
      elsewhere,
      signatures: (verdicts.combined[i] ?? []).map(signatureReport),
    })),
    publicKeys: content.publicKeys.map(({ fingerprint, keySpec }) => ({ fingerprint, keySpec })),
    state: stateJson(state),
    dangers: together,
    warnings: warningsOf(view),
  }
}

/** @throws CantosignError what reading a package gives */
export function reportPackage(path: string, bytes: Uint8Array, limits: PackageLimits): FileReport {
  const view = viewOf(path, bytes, limits)
  const { content, entries, state, judgements } = view
  const { each, together } = dangersOf(entries, judgements, state, [...entries.keys()], new Set())
  const shown = entries.map((entry, i): ShownEntry => ({
    entry,
    report: reportAt(view, i),
    judgement: judgementAt(view, i),
    dangers: each[i] ?? [],
  }))
  return {
    kind: 'signing-package',
    json: packageJson(view, each, together),
    lines: packageLines(content, shown, together, view.prepared, state, view.verdicts),
  }
}

/** For `--ndjson`: each transaction by itself, with its own warnings. */
export function* packageTransactions(
  path: string,
  bytes: Uint8Array,
  limits: PackageLimits,
): Generator<Readonly<Record<string, unknown>>> {
  const view = viewOf(path, bytes, limits)
  for (const i of view.entries.keys()) {
    const warnings = reportAt(view, i).findings.map(warningJson)
    yield { ...transactionOf(view, i), warnings }
  }
  for (const one of view.prepared) yield { kind: 'prepared-transaction', ...preparedEntryJson(one) }
}
