/** The contracts that a transaction uses and creates (docs/protocol/prepared-transactions.md section 4.3). */
import { equalBytes } from '../base/bytes.ts'
import type {
  Create,
  Exercise,
  Fetch,
  GlobalKeyWithMaintainers,
  PreparedTransaction,
  QueryByKey,
} from '../wire/generated/schema.ts'
import { readContractId } from './contract-id.ts'
import { encodeValue } from './encode-value.ts'
import { Preimage } from './preimage.ts'
import type { Report } from './report.ts'
import { executionOrder, type ExecutedNode } from './tree.ts'

/** A contract that exists for the nodes: an input, or created by a node of the transaction. */
interface KnownContract {
  readonly create: Create
  readonly isInput: boolean
}

/** One use of a contract by a node. */
interface Use {
  readonly contractId: string
  /** Path of the field that names the contract. */
  readonly path: string
  /** What the node says that the contract is not; one word each. */
  readonly differences: (create: Create) => readonly string[]
}

const sameParties = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((party, i) => party === b[i])

/** Equal in every way but the package: after an upgrade a contract is used through another one. */
function baseDifferences(
  node: Pick<Fetch, 'packageName' | 'templateId'>,
  create: Create,
): readonly string[] {
  const differences: string[] = []
  if (node.packageName !== create.packageName) differences.push('package name')
  if (
    node.templateId?.moduleName !== create.templateId?.moduleName ||
    node.templateId?.entityName !== create.templateId?.entityName
  ) {
    differences.push('template')
  }
  return differences
}

function partyDifferences(
  node: Pick<Fetch, 'signatories' | 'stakeholders'>,
  create: Create,
): readonly string[] {
  const differences: string[] = []
  if (!sameParties(node.signatories, create.signatories)) differences.push('signatories')
  if (!sameParties(node.stakeholders, create.stakeholders)) differences.push('stakeholders')
  return differences
}

function keyBytes(key: GlobalKeyWithMaintainers): Uint8Array {
  const preimage = new Preimage()
  encodeValue(preimage, key.key?.key)
  return preimage.bytes
}

function keyDifferences(query: QueryByKey, create: Create): readonly string[] {
  if (query.key === undefined || create.key === undefined) return []
  const same =
    equalBytes(keyBytes(query.key), keyBytes(create.key)) &&
    sameParties(query.key.maintainers, create.key.maintainers)
  return same ? [] : ['key']
}

function usesOf({ node, path }: ExecutedNode): readonly Use[] {
  const byAction = (action: Fetch | Exercise): readonly Use[] => [
    {
      contractId: action.contractId,
      path: `${path}.contract_id`,
      differences: (create) => [
        ...baseDifferences(action, create),
        ...partyDifferences(action, create),
      ],
    },
  ]
  switch (node.$case) {
    case 'create':
    case 'rollback':
      return []
    case 'fetch':
      return byAction(node.value)
    case 'exercise':
      return byAction(node.value)
    case 'queryByKey': {
      const query = node.value
      return query.result.map((contractId, i) => ({
        contractId,
        path: `${path}.result[${i}]`,
        differences: (create: Create) => [
          ...baseDifferences(query, create),
          ...keyDifferences(query, create),
        ],
      }))
    }
  }
}

/** Contract ids of the transaction's own creates: new, and without the suffix that comes later. */
function checkCreated(
  create: Create,
  path: string,
  known: ReadonlyMap<string, KnownContract>,
  report: Report,
): void {
  const place = `${path}.contract_id`
  const before = known.get(create.contractId)
  if (before?.isInput === true) {
    const message = 'the node creates a contract under the id of an input contract'
    report('created-contract-is-input', place, message)
  } else if (before !== undefined) {
    report('duplicate-contract', place, 'another node creates a contract with this id')
  }
  if (readContractId(create.contractId)?.hasSuffix === true) {
    const message = 'the contract id has a suffix, which a contract gets only after signing'
    report('created-contract-suffix', place, message)
  }
}

/**
 * The input contracts are exactly those that the nodes use and do not create; each node describes
 * the contract it uses as its creation does.
 * @param prepared in its one form: `checkForm` reported no hash obstacle
 */
export function checkContracts(prepared: PreparedTransaction, report: Report): void {
  const known = new Map<string, KnownContract>()
  const inputs = prepared.metadata?.inputContracts ?? []
  inputs.forEach(({ contract }, i) => {
    if (contract === undefined) return
    const create = contract.value
    known.set(create.contractId, { create, isInput: true })
    if (readContractId(create.contractId)?.hasSuffix === false) {
      const message = 'the input contract has a contract id without suffix: it is on no ledger'
      const path = `metadata.input_contracts[${i}].v1.contract_id`
      report('input-contract-without-suffix', path, message)
    }
  })
  const order = prepared.transaction === undefined ? [] : executionOrder(prepared.transaction)
  const created = new Set(
    order.flatMap(({ node }) => (node.$case === 'create' ? [node.value.contractId] : [])),
  )
  const used = new Set<string>()
  for (const executed of order) {
    const { node, path } = executed
    if (node.$case === 'create') {
      checkCreated(node.value, path, known, report)
      if (!known.has(node.value.contractId)) {
        known.set(node.value.contractId, { create: node.value, isInput: false })
      }
    }
    for (const use of usesOf(executed)) {
      used.add(use.contractId)
      const contract = known.get(use.contractId)
      if (contract !== undefined) {
        const differences = use.differences(contract.create)
        if (differences.length > 0) {
          const message = `the node names other ${differences.join(', ')} than the contract has`
          report('contract-differs', use.path, message)
        }
      } else if (created.has(use.contractId)) {
        const message = 'the contract is used before the node that creates it'
        report('contract-used-before-creation', use.path, message)
      } else {
        const message = 'the contract is neither among the input contracts nor created before'
        report('input-contract-missing', use.path, message)
      }
    }
  }
  inputs.forEach(({ contract }, i) => {
    if (contract === undefined || used.has(contract.value.contractId)) return
    const message = 'no node uses this input contract'
    report('input-contract-unused', `metadata.input_contracts[${i}]`, message)
  })
}
