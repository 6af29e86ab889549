/** Node ids, seeds and the tree they form (docs/protocol/prepared-transactions.md section 4.2). */
import type { DamlTransaction } from '../wire/generated/schema.ts'
import type { Report } from './report.ts'
import { childrenOf, hasSeed, nodesById, placedNodes, type PlacedNode } from './tree.ts'

const NODE_ID = /^(?:0|[1-9]\d{0,9})$/
const MAX_NODE_ID = 2_147_483_647
const SEED_BYTES = 32

function checkNodeId(id: string, path: string, report: Report): void {
  if (!NODE_ID.test(id) || Number(id) > MAX_NODE_ID) {
    report('bad-node-id', path, `the node id is not a plain decimal number up to ${MAX_NODE_ID}`)
  }
}

function checkNodeIds(transaction: DamlTransaction, report: Report): void {
  const seen = new Set<string>()
  transaction.nodes.forEach(({ nodeId }, i) => {
    const path = `transaction.nodes[${i}].node_id`
    checkNodeId(nodeId, path, report)
    if (seen.has(nodeId)) report('duplicate-node', path, `node ${nodeId} is there already`)
    seen.add(nodeId)
  })
  transaction.roots.forEach((id, i) => {
    checkNodeId(id, `transaction.roots[${i}]`, report)
  })
  for (const { node, path } of placedNodes(transaction)) {
    childrenOf(node).forEach((id, i) => {
      checkNodeId(id, `${path}.children[${i}]`, report)
    })
  }
}

function checkSeeds(transaction: DamlTransaction, report: Report): void {
  const nodes = nodesById(transaction)
  const ids = new Set(transaction.nodes.map(({ nodeId }) => nodeId))
  const seen = new Set<string>()
  transaction.nodeSeeds.forEach(({ nodeId, seed }, i) => {
    const path = `transaction.node_seeds[${i}]`
    const id = String(nodeId)
    if (seen.has(id)) {
      report('duplicate-seed', `${path}.node_id`, `node ${id} has a seed already`)
    }
    seen.add(id)
    const node = nodes.get(id)?.node
    // A node without content is named by its own finding.
    if (node === undefined && ids.has(id)) return
    if (node === undefined || !hasSeed(node)) {
      const what = node === undefined ? 'there is no such node' : 'this kind of node has no seed'
      report('superfluous-seed', `${path}.node_id`, `a seed for node ${id}: ${what}`)
    } else if (seed.length !== SEED_BYTES) {
      report('bad-seed', `${path}.seed`, `the seed of node ${id} has ${seed.length} bytes, not 32`)
    }
  })
  for (const { nodeId, node, path } of nodes.values()) {
    if (hasSeed(node) && !seen.has(nodeId)) {
      const code = node.$case === 'create' ? 'create-without-seed' : 'missing-seed'
      report(code, path, `node ${nodeId} has no seed`)
    }
  }
}

function checkRoots(transaction: DamlTransaction, report: Report): void {
  const { roots } = transaction
  if (roots.length === 0) report('no-root', 'transaction.roots', 'the transaction has no root node')
  if (roots.length > 1) {
    const message = `the transaction has ${roots.length} root nodes; more than one is never confirmed`
    report('several-roots', 'transaction.roots[1]', message)
  }
  const nodes = nodesById(transaction)
  roots.forEach((id, i) => {
    const node = nodes.get(id)?.node
    if (node === undefined || node.$case === 'create' || node.$case === 'exercise') return
    report('root-kind', `transaction.roots[${i}]`, 'the root is neither a create nor an exercise')
  })
}

/**
 * Every node reached exactly once, none its own descendant. Depth first on an explicit stack; a
 * node is `open` while its descendants are being visited.
 */
function checkReach(transaction: DamlTransaction, report: Report): void {
  const nodes = nodesById(transaction)
  const ids = new Set(transaction.nodes.map(({ nodeId }) => nodeId))
  const state = new Map<string, 'open' | 'done'>()
  interface Step {
    readonly placed: PlacedNode
    next: number
  }
  const stack: Step[] = []
  const enter = (id: string, path: string): void => {
    const placed = nodes.get(id)
    const before = state.get(id)
    if (placed === undefined) {
      if (!ids.has(id)) report('missing-node', path, `there is no node ${id.slice(0, 20)}`)
    } else if (before === 'open') {
      report('node-cycle', path, `node ${id} is its own descendant`)
    } else if (before === 'done') {
      report('node-shared', path, `node ${id} is reached more than once`)
    } else {
      state.set(id, 'open')
      stack.push({ placed, next: 0 })
    }
  }
  transaction.roots.forEach((root, i) => {
    enter(root, `transaction.roots[${i}]`)
    for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
      const { placed, next } = step
      const child = childrenOf(placed.node)[next]
      if (child === undefined) {
        state.set(placed.nodeId, 'done')
        stack.pop()
        continue
      }
      step.next++
      enter(child, `${placed.path}.children[${next}]`)
    }
  })
  transaction.nodes.forEach(({ nodeId }, i) => {
    if (nodes.has(nodeId) && !state.has(nodeId)) {
      const message = `no root reaches node ${nodeId}: the hash does not cover it`
      report('unreachable-node', `transaction.nodes[${i}]`, message)
    }
  })
}

export function checkTree(transaction: DamlTransaction, report: Report): void {
  checkNodeIds(transaction, report)
  checkRoots(transaction, report)
  checkReach(transaction, report)
  checkSeeds(transaction, report)
}
