/** Whose authority the root takes (docs/protocol/prepared-transactions.md section 4.5). */
import type { PreparedTransaction } from '../wire/generated/schema.ts'
import type { NodeType } from './encode-node.ts'
import type { Report } from './report.ts'
import { nodesById } from './tree.ts'

/** The parties whose authority a node takes, with the field that names them. */
export function authorizersOf(
  node: NodeType,
): { readonly field: string; readonly parties: readonly string[] } | undefined {
  switch (node.$case) {
    case 'create':
      return { field: 'signatories', parties: node.value.signatories }
    case 'exercise':
    case 'fetch':
      return { field: 'acting_parties', parties: node.value.actingParties }
    case 'rollback':
    case 'queryByKey':
      return undefined
  }
}

/** Confirming nodes reject a root whose authorizers are not all in act_as. */
export function checkAuthority(prepared: PreparedTransaction, report: Report): void {
  const { transaction, metadata } = prepared
  if (transaction === undefined || metadata === undefined) return
  const actAs = metadata.submitterInfo?.actAs ?? []
  const nodes = nodesById(transaction)
  const needed = new Set<string>()
  for (const root of transaction.roots) {
    const placed = nodes.get(root)
    const authorizers = placed === undefined ? undefined : authorizersOf(placed.node)
    if (placed === undefined || authorizers === undefined) continue
    const { field, parties } = authorizers
    if (parties.length === 0) {
      report('empty-list', `${placed.path}.${field}`, 'nobody authorizes the root node')
    }
    parties.forEach((party, i) => {
      needed.add(party)
      if (actAs.includes(party)) return
      const message = 'the root node takes the authority of a party that is not in act_as'
      report('root-authority', `${placed.path}.${field}[${i}]`, message)
    })
  }
  actAs.forEach((party, i) => {
    if (needed.has(party)) return
    const message = 'the root node does not need the authority of this party'
    report('act-as-unneeded', `metadata.submitter_info.act_as[${i}]`, message)
  })
}
