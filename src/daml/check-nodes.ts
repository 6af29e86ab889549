/** Nodes and input contracts in their one form (docs/protocol/prepared-transactions.md section 4.1). */
import { unreachable } from '../base/errors.ts'
import type {
  DamlTransaction,
  GlobalKeyWithMaintainers,
  Identifier,
} from '../wire/generated/schema.ts'
import { checkContractId, checkIdentifier, checkParties, checkValue } from './check-values.ts'
import type { NodeType } from './encode-node.ts'
import type { Report } from './report.ts'
import { LF_VERSIONS } from './scheme.ts'
import { placedNodes } from './tree.ts'

const KEY_HASH_BYTES = 32

/** What create, exercise, fetch and query by key have in common. */
interface Head {
  readonly lfVersion: string
  readonly packageName: string
  readonly templateId: Identifier | undefined
  readonly key: GlobalKeyWithMaintainers | undefined
}

function checkHead(head: Head, path: string, report: Report): void {
  if (!LF_VERSIONS.includes(head.lfVersion)) {
    report('unknown-lf-version', `${path}.lf_version`, 'the Daml-LF version is missing or unknown')
  }
  if (head.packageName === '') {
    report('missing-field', `${path}.package_name`, 'the node has no package name')
  }
  if (head.templateId === undefined) {
    report('missing-field', `${path}.template_id`, 'the node has no template')
  } else checkIdentifier(head.templateId, `${path}.template_id`, report)
  if (head.key !== undefined) checkKey(head.key, `${path}.key`, report)
}

function checkKey(withMaintainers: GlobalKeyWithMaintainers, path: string, report: Report): void {
  const { key, maintainers } = withMaintainers
  checkParties(maintainers, `${path}.maintainers`, report)
  if (maintainers.length === 0) {
    report('empty-list', `${path}.maintainers`, 'the key has no maintainers')
  }
  if (key === undefined) {
    report('missing-value', `${path}.key`, 'the key is empty')
    return
  }
  if (key.templateId === undefined) {
    report('missing-field', `${path}.key.template_id`, 'the key has no template')
  } else checkIdentifier(key.templateId, `${path}.key.template_id`, report)
  if (key.packageName === '') {
    report('missing-field', `${path}.key.package_name`, 'the key has no package name')
  }
  checkValue(key.key, `${path}.key.key`, report)
  if (key.hash.length !== KEY_HASH_BYTES) {
    report('bad-key-hash', `${path}.key.hash`, `the key hash has ${key.hash.length} bytes, not 32`)
  }
}

/** One node, or the create node of an input contract. */
export function checkNode(node: NodeType, path: string, report: Report): void {
  switch (node.$case) {
    case 'create': {
      const create = node.value
      checkHead(create, path, report)
      checkContractId(create.contractId, `${path}.contract_id`, report)
      checkValue(create.argument, `${path}.argument`, report)
      checkParties(create.signatories, `${path}.signatories`, report)
      checkParties(create.stakeholders, `${path}.stakeholders`, report)
      return
    }
    case 'fetch': {
      const fetched = node.value
      checkHead(fetched, path, report)
      checkContractId(fetched.contractId, `${path}.contract_id`, report)
      checkParties(fetched.signatories, `${path}.signatories`, report)
      checkParties(fetched.stakeholders, `${path}.stakeholders`, report)
      checkParties(fetched.actingParties, `${path}.acting_parties`, report)
      if (fetched.interfaceId !== undefined) {
        checkIdentifier(fetched.interfaceId, `${path}.interface_id`, report)
      }
      return
    }
    case 'exercise': {
      const exercise = node.value
      checkHead(exercise, path, report)
      checkContractId(exercise.contractId, `${path}.contract_id`, report)
      checkParties(exercise.signatories, `${path}.signatories`, report)
      checkParties(exercise.stakeholders, `${path}.stakeholders`, report)
      checkParties(exercise.actingParties, `${path}.acting_parties`, report)
      checkParties(exercise.choiceObservers, `${path}.choice_observers`, report)
      if (exercise.interfaceId !== undefined) {
        checkIdentifier(exercise.interfaceId, `${path}.interface_id`, report)
      }
      if (exercise.choiceId === '') {
        report('missing-field', `${path}.choice_id`, 'the exercise has no choice')
      }
      checkValue(exercise.chosenValue, `${path}.chosen_value`, report)
      if (exercise.exerciseResult !== undefined) {
        checkValue(exercise.exerciseResult, `${path}.exercise_result`, report)
      }
      return
    }
    case 'rollback':
      return
    case 'queryByKey': {
      const query = node.value
      checkHead(query, path, report)
      if (query.key === undefined) {
        report('missing-value', `${path}.key`, 'the query has no key')
      }
      query.result.forEach((contractId, i) => {
        checkContractId(contractId, `${path}.result[${i}]`, report)
      })
      return
    }
    default:
      unreachable(node)
  }
}

/** Every node of the transaction, reached or not. */
export function checkNodes(transaction: DamlTransaction, report: Report): void {
  if (!LF_VERSIONS.includes(transaction.version)) {
    const message = 'the Daml-LF version of the transaction is missing or unknown'
    report('unknown-lf-version', 'transaction.version', message)
  }
  transaction.nodes.forEach((entry, i) => {
    if (entry.versionedNode?.value.nodeType === undefined) {
      report('missing-content', `transaction.nodes[${i}].v1`, 'the node has no content')
    }
  })
  for (const { node, path } of placedNodes(transaction)) checkNode(node, path, report)
}
