/** What a signature over a prepared Daml transaction would bring about. */
import type { Finding, FindingCode } from '../base/finding-codes.ts'
import { synchronizerIdForm } from '../daml/check-metadata.ts'
import type { HashingScheme } from '../daml/scheme.ts'
import { ledgerTimeText } from '../daml/times.ts'
import { executionOrder, type ExecutedNode } from '../daml/tree.ts'
import { valuesIn } from '../daml/check-values.ts'
import type { Identifier, Metadata, PreparedTransaction, Value } from '../wire/generated/schema.ts'
import type { Danger } from './dangers/codes.ts'
import { preparedDangers } from './dangers/prepared.ts'
import { shortNames, type Names, type ShortName } from './daml-names.ts'
import {
  createdWords,
  nodeStatement,
  partiesWords,
  templateWords,
  verb,
  type Fact,
  type NodeStatement,
} from './daml-nodes.ts'
import { valueLines, type ValueLine } from './daml-values.ts'
import { quoteText } from './quote.ts'
import { counted, listed } from './words.ts'

/** A contract that exists before and that the transaction uses. */
export interface InputContractStatement {
  readonly contractId: string
  readonly sentence: string
  readonly facts: readonly Fact[]
  readonly values: readonly ValueLine[]
}

/** Texts hold names as they were received: a presenter escapes whole lines. */
export interface PreparedStatement {
  /** One sentence: who does what with which contract, and what comes of it. */
  readonly summary: string
  /** The nodes in the order of execution. */
  readonly nodes: readonly NodeStatement[]
  readonly inputContracts: readonly InputContractStatement[]
  /** Who submits, where, when. */
  readonly submission: readonly Fact[]
  /** Every party that gets to see a part of the transaction, in full. */
  readonly informed: readonly string[]
  /** Every package whose code or types are used: compare them with those that are trusted. */
  readonly packageIds: readonly string[]
  readonly dangers: readonly Danger[]
  /** What of the file no signature covers. */
  readonly notSigned: readonly string[]
  /** The short forms of parties and contracts that stand in the texts. */
  readonly names: readonly ShortName[]
}

export interface PreparedContext {
  readonly scheme: HashingScheme
  /** The signer's own parties, if they are known. */
  readonly ownParties?: ReadonlySet<string>
  /** Refusals and warnings of `judgePreparedTransaction`. */
  readonly findings?: readonly Finding[]
  /** Microseconds since 1970, for what the clock has to say. */
  readonly now?: bigint
}

/** Counts what takes effect: `creates 2 contracts, archives 1 contract and fetches 0 contracts`. */
function effects(nodes: readonly ExecutedNode[]): string {
  const effective = nodes.filter(({ undone }) => !undone)
  const count = (test: (node: ExecutedNode['node']) => boolean): number =>
    effective.filter(({ node }) => test(node)).length
  const parts = [
    ['creates', count((node) => node.$case === 'create')],
    ['archives', count((node) => node.$case === 'exercise' && node.value.consuming)],
    ['fetches', count((node) => node.$case === 'fetch')],
  ] as const
  return listed(parts.map(([word, n]) => `${word} ${counted(n, 'contract')}`))
}

function summaryOf(
  order: readonly ExecutedNode[],
  metadata: Metadata | undefined,
  names: Names,
): string {
  const roots = order.filter(({ depth }) => depth === 0)
  const [root] = roots
  if (root === undefined) return 'the transaction does nothing'
  const actAs = metadata?.submitterInfo?.actAs ?? []
  const { node } = root
  const deed =
    node.$case === 'create'
      ? `${partiesWords(actAs, names)} ${verb(actAs, 'create')} ${createdWords(node.value, names)}`
      : nodeStatement(root, names).sentence
  const more = roots.length > 1 ? `, and ${counted(roots.length - 1, 'further root')}` : ''
  return `${deed}${more}; in all this ${effects(order)}`
}

function submissionFacts(metadata: Metadata, scheme: HashingScheme, names: Names): readonly Fact[] {
  const time = (label: string, micros: bigint | undefined): readonly Fact[] =>
    micros === undefined ? [] : [{ label, text: ledgerTimeText(micros) }]
  const { maxRecordTime } = metadata
  const form = synchronizerIdForm(metadata.synchronizerId) ?? 'malformed'
  return [
    { label: 'acting', text: partiesWords(metadata.submitterInfo?.actAs ?? [], names) },
    { label: 'command id', text: quoteText(metadata.submitterInfo?.commandId ?? '') },
    { label: 'synchronizer', text: `${quoteText(metadata.synchronizerId)} (${form})` },
    { label: 'mediator group', text: String(metadata.mediatorGroup) },
    { label: 'transaction uuid', text: quoteText(metadata.transactionUuid) },
    { label: 'prepared', text: ledgerTimeText(metadata.preparationTime) },
    ...time('ledger time from', metadata.minLedgerEffectiveTime),
    ...time('ledger time until', metadata.maxLedgerEffectiveTime),
    ...(maxRecordTime === undefined
      ? []
      : [
          {
            label: 'latest record time',
            text: `${ledgerTimeText(maxRecordTime)}${scheme === 'V2' ? ' (not signed: no expiry)' : ''}`,
          },
        ]),
  ]
}

function inputContractStatements(
  metadata: Metadata,
  names: Names,
): readonly InputContractStatement[] {
  return metadata.inputContracts.flatMap(({ contract, createdAt }) => {
    if (contract === undefined) return []
    const create = contract.value
    const short = names.contract(create.contractId)
    return [
      {
        contractId: create.contractId,
        sentence: `contract ${short} of ${templateWords(create)}, created ${ledgerTimeText(createdAt)}`,
        facts: [
          { label: 'package', text: quoteText(create.templateId?.packageId ?? '') },
          { label: 'signatories', text: partiesWords(create.signatories, names) },
          { label: 'stakeholders', text: partiesWords(create.stakeholders, names) },
        ],
        values: valueLines(create.argument, 'argument', names),
      },
    ]
  })
}

function informedParties(order: readonly ExecutedNode[]): readonly string[] {
  const parties = new Set<string>()
  for (const { node } of order) {
    if (node.$case === 'rollback') continue
    const groups =
      node.$case === 'queryByKey'
        ? [node.value.key?.maintainers ?? []]
        : node.$case === 'exercise'
          ? [node.value.stakeholders, node.value.actingParties, node.value.choiceObservers]
          : node.$case === 'fetch'
            ? [node.value.stakeholders, node.value.actingParties]
            : [node.value.stakeholders]
    for (const party of groups.flat()) parties.add(party)
  }
  return [...parties].toSorted()
}

function typesIn(value: Value | undefined): readonly (Identifier | undefined)[] {
  return [...valuesIn(value, '')].map(({ value: inner }) => {
    const sum = inner?.sum
    if (sum?.$case === 'record') return sum.value.recordId
    if (sum?.$case === 'variant') return sum.value.variantId
    return sum?.$case === 'enum' ? sum.value.enumId : undefined
  })
}

function usedPackages(
  order: readonly ExecutedNode[],
  metadata: Metadata | undefined,
): readonly string[] {
  const types: (Identifier | undefined)[] = []
  const creates = (metadata?.inputContracts ?? []).flatMap(({ contract }) => contract?.value ?? [])
  for (const create of creates) types.push(create.templateId, ...typesIn(create.argument))
  for (const { node } of order) {
    if (node.$case === 'rollback') continue
    types.push(node.value.templateId)
    if (node.value.key !== undefined) {
      types.push(node.value.key.key?.templateId, ...typesIn(node.value.key.key?.key))
    }
    if (node.$case === 'create') types.push(...typesIn(node.value.argument))
    if (node.$case === 'exercise') {
      types.push(...typesIn(node.value.chosenValue), ...typesIn(node.value.exerciseResult))
    }
    if (node.$case === 'exercise' || node.$case === 'fetch') types.push(node.value.interfaceId)
  }
  return [...new Set(types.flatMap((type) => type?.packageId ?? []))].toSorted()
}

/** Findings that say that the hash leaves something out. */
const UNSIGNED: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'unknown-field',
  'reserved-field',
  'unreachable-node',
  'superfluous-seed',
  'key-not-signed',
  'by-key-not-signed',
  'external-call-not-signed',
  'global-key-mapping-not-signed',
  'max-record-time-not-signed',
  'event-blob-not-signed',
])

/** True of every prepared transaction, whatever it holds. */
const NEVER_SIGNED: readonly string[] = [
  'the numbers of the nodes and their order in the list: the tree they form is signed',
  'who executes it, under which user and with which deduplication, and who could read while it was prepared',
]

/**
 * @param prepared read without a fatal finding
 */
export function describePreparedTransaction(
  prepared: PreparedTransaction,
  context: PreparedContext,
): PreparedStatement {
  const { scheme, ownParties = new Set<string>(), findings = [] } = context
  const { transaction, metadata } = prepared
  const names = shortNames()
  const order = transaction === undefined ? [] : executionOrder(transaction)
  const summary = summaryOf(order, metadata, names)
  return {
    summary,
    nodes: order.map((executed) => nodeStatement(executed, names)),
    inputContracts: metadata === undefined ? [] : inputContractStatements(metadata, names),
    submission: metadata === undefined ? [] : submissionFacts(metadata, scheme, names),
    informed: informedParties(order),
    packageIds: usedPackages(order, metadata),
    dangers: preparedDangers(prepared, scheme, ownParties, names, context.now),
    notSigned: [
      ...NEVER_SIGNED,
      ...findings
        .filter(({ code }) => UNSIGNED.has(code))
        .map(({ path, message }) => `${path}: ${message}`),
    ],
    names: names.legend(),
  }
}
