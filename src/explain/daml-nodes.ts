/** What each node of a Daml transaction does, in a sentence, facts and values. */
import { unreachable } from '../base/errors.ts'
import type { ExecutedNode } from '../daml/tree.ts'
import type {
  Create,
  Exercise,
  Fetch,
  GlobalKeyWithMaintainers,
  QueryByKey,
} from '../wire/generated/schema.ts'
import type { Names } from './daml-names.ts'
import { typeWords, valueLines, type ValueLine } from './daml-values.ts'
import { quoteText } from './quote.ts'
import { counted, listed } from './words.ts'

export interface Fact {
  readonly label: string
  readonly text: string
}

/** One node of the tree. A flat list with depths, because trees may be 10,000 nodes deep. */
export interface NodeStatement {
  readonly nodeId: string
  /** 0 for the root. */
  readonly depth: number
  readonly kind: 'create' | 'exercise' | 'fetch' | 'rollback' | 'query-by-key'
  /** True below a rollback: signed, but without effect. */
  readonly undone: boolean
  readonly sentence: string
  /** In full; `undefined` for rollbacks and queries. */
  readonly contractId: string | undefined
  readonly facts: readonly Fact[]
  readonly values: readonly ValueLine[]
}

/** The nodes that are about one contract or key of a template. */
type Action = Create | Exercise | Fetch | QueryByKey

export function partiesWords(parties: readonly string[], names: Names): string {
  return parties.length === 0 ? 'nobody' : listed(parties.map(names.party))
}

/** `package-name:Module:Entity`. */
export function templateWords(node: Pick<Action, 'packageName' | 'templateId'>): string {
  const { templateId, packageName } = node
  if (templateId === undefined) return 'a template without name'
  return quoteText(`${packageName}:${templateId.moduleName}:${templateId.entityName}`)
}

/** The verb in the number of its subject. */
export function verb(parties: readonly string[], stem: string): string {
  if (parties.length > 1) return stem
  return `${stem}${stem.endsWith('h') ? 'es' : 's'}`
}

/** What is created, without who or what creates it. */
export function createdWords(create: Create, names: Names): string {
  const signedBy = partiesWords(create.signatories, names)
  return `contract ${names.contract(create.contractId)} of ${templateWords(create)}, signed by ${signedBy}`
}

function packageFact(node: Action): Fact {
  return { label: 'package', text: quoteText(node.templateId?.packageId ?? '') }
}

function keyLines(key: GlobalKeyWithMaintainers | undefined, names: Names): readonly ValueLine[] {
  return key === undefined ? [] : valueLines(key.key?.key, 'key', names)
}

function keyFacts(key: GlobalKeyWithMaintainers | undefined, names: Names): readonly Fact[] {
  if (key === undefined) return []
  return [{ label: 'maintainers of the key', text: partiesWords(key.maintainers, names) }]
}

function interfaceWords(node: Exercise | Fetch): string {
  return node.interfaceId === undefined ? '' : ` through interface ${typeWords(node.interfaceId)}`
}

function interfaceFacts(node: Exercise | Fetch): readonly Fact[] {
  if (node.interfaceId === undefined) return []
  return [{ label: 'package of the interface', text: quoteText(node.interfaceId.packageId) }]
}

type Described = Pick<NodeStatement, 'kind' | 'sentence' | 'contractId' | 'facts' | 'values'>

function describeCreate(create: Create, names: Names): Described {
  const { signatories, stakeholders } = create
  const observers = stakeholders.filter((party) => !signatories.includes(party))
  return {
    kind: 'create',
    sentence: `creates ${createdWords(create, names)}`,
    contractId: create.contractId,
    facts: [
      packageFact(create),
      { label: 'signatories', text: partiesWords(signatories, names) },
      { label: 'observers', text: partiesWords(observers, names) },
      ...keyFacts(create.key, names),
    ],
    values: [...valueLines(create.argument, 'argument', names), ...keyLines(create.key, names)],
  }
}

function describeExercise(exercise: Exercise, names: Names): Described {
  const { actingParties: actors } = exercise
  const kind = exercise.consuming ? 'consuming' : 'non-consuming'
  const effect = exercise.consuming ? 'which archives it' : 'which leaves it active'
  const choice = `${verb(actors, 'exercise')} the ${kind} choice ${quoteText(exercise.choiceId)}`
  const on = `on contract ${names.contract(exercise.contractId)} of ${templateWords(exercise)}`
  const found = exercise.byKey ? ', found by its key' : ''
  return {
    kind: 'exercise',
    sentence: `${partiesWords(actors, names)} ${choice} ${on}${interfaceWords(exercise)}${found}, ${effect}`,
    contractId: exercise.contractId,
    facts: [
      packageFact(exercise),
      ...interfaceFacts(exercise),
      { label: 'acting', text: partiesWords(actors, names) },
      { label: 'signatories', text: partiesWords(exercise.signatories, names) },
      { label: 'stakeholders', text: partiesWords(exercise.stakeholders, names) },
      { label: 'choice observers', text: partiesWords(exercise.choiceObservers, names) },
      ...keyFacts(exercise.key, names),
    ],
    values: [
      ...valueLines(exercise.chosenValue, 'argument', names),
      ...(exercise.exerciseResult === undefined
        ? []
        : valueLines(exercise.exerciseResult, 'result', names)),
      ...keyLines(exercise.key, names),
    ],
  }
}

function describeFetch(fetched: Fetch, names: Names): Described {
  const { actingParties: actors } = fetched
  const found = fetched.byKey ? ', found by its key' : ''
  return {
    kind: 'fetch',
    sentence: `${partiesWords(actors, names)} ${verb(actors, 'fetch')} contract ${names.contract(fetched.contractId)} of ${templateWords(fetched)}${interfaceWords(fetched)}${found}`,
    contractId: fetched.contractId,
    facts: [
      packageFact(fetched),
      ...interfaceFacts(fetched),
      { label: 'acting', text: partiesWords(actors, names) },
      { label: 'signatories', text: partiesWords(fetched.signatories, names) },
      { label: 'stakeholders', text: partiesWords(fetched.stakeholders, names) },
      ...keyFacts(fetched.key, names),
    ],
    values: keyLines(fetched.key, names),
  }
}

function describeQuery(query: QueryByKey, names: Names): Described {
  const found = query.result.map(names.contract)
  const all = query.exhaustive ? 'all that there are' : 'there may be more'
  return {
    kind: 'query-by-key',
    sentence: `looks up contracts of ${templateWords(query)} by key: ${counted(found.length, 'contract')} found, ${all}`,
    contractId: undefined,
    facts: [
      packageFact(query),
      { label: 'found', text: listed(found) },
      ...keyFacts(query.key, names),
    ],
    values: keyLines(query.key, names),
  }
}

function describe({ node }: ExecutedNode, names: Names): Described {
  switch (node.$case) {
    case 'create':
      return describeCreate(node.value, names)
    case 'exercise':
      return describeExercise(node.value, names)
    case 'fetch':
      return describeFetch(node.value, names)
    case 'queryByKey':
      return describeQuery(node.value, names)
    case 'rollback':
      return {
        kind: 'rollback',
        sentence: 'what follows below is rolled back: it is signed and has no effect',
        contractId: undefined,
        facts: [],
        values: [],
      }
    default:
      return unreachable(node)
  }
}

export function nodeStatement(executed: ExecutedNode, names: Names): NodeStatement {
  const { nodeId, depth, undone } = executed
  return { nodeId, depth, undone, ...describe(executed, names) }
}
