/** The nodes of a transaction by their ids, and the tree that they form. */
import type { DamlTransaction } from '../wire/generated/schema.ts'
import type { NodeType } from './encode-node.ts'

/** One node with where it stands. */
export interface PlacedNode {
  readonly nodeId: string
  /** Path of the node's own message, e.g. `transaction.nodes[3].v1.create`. */
  readonly path: string
  readonly node: NodeType
}

/** A node in the order of execution. */
export interface ExecutedNode extends PlacedNode {
  /** 0 for a root. */
  readonly depth: number
  /** True below a rollback: its effects are undone. */
  readonly undone: boolean
}

/** Wire names of the kinds of node, for paths. */
const WIRE_NAME: Readonly<Record<NodeType['$case'], string>> = {
  create: 'create',
  fetch: 'fetch',
  exercise: 'exercise',
  rollback: 'rollback',
  queryByKey: 'query_by_key',
}

/** The nodes that have a body, in the order of the wire. */
export function placedNodes(transaction: DamlTransaction): readonly PlacedNode[] {
  return transaction.nodes.flatMap((entry, i) => {
    const node = entry.versionedNode?.value.nodeType
    if (node === undefined) return []
    const path = `transaction.nodes[${i}].v1.${WIRE_NAME[node.$case]}`
    return [{ nodeId: entry.nodeId, path, node }]
  })
}

/** Nodes by id. With two of one id, which is refused, the first. */
export function nodesById(transaction: DamlTransaction): ReadonlyMap<string, PlacedNode> {
  const nodes = new Map<string, PlacedNode>()
  for (const placed of placedNodes(transaction)) {
    if (!nodes.has(placed.nodeId)) nodes.set(placed.nodeId, placed)
  }
  return nodes
}

/** Seeds by node id as text. With two of one id, which is refused, the first. */
export function seedsById(transaction: DamlTransaction): ReadonlyMap<string, Uint8Array> {
  const seeds = new Map<string, Uint8Array>()
  for (const { nodeId, seed } of transaction.nodeSeeds) {
    if (!seeds.has(String(nodeId))) seeds.set(String(nodeId), seed)
  }
  return seeds
}

export function childrenOf(node: NodeType): readonly string[] {
  return node.$case === 'exercise' || node.$case === 'rollback' ? node.value.children : []
}

/** True for the kinds of node that have a seed. */
export function hasSeed(node: NodeType): boolean {
  return node.$case === 'create' || node.$case === 'exercise'
}

/**
 * The nodes that the roots reach, parents before children, in the order of execution. A node that
 * is reached again, and a child that is not there, are passed over: both are refused elsewhere.
 */
export function executionOrder(transaction: DamlTransaction): readonly ExecutedNode[] {
  const nodes = nodesById(transaction)
  const seen = new Set<string>()
  const order: ExecutedNode[] = []
  interface Next {
    readonly id: string
    readonly depth: number
    readonly undone: boolean
  }
  const stack: Next[] = transaction.roots
    .toReversed()
    .map((id) => ({ id, depth: 0, undone: false }))
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const placed = nodes.get(next.id)
    if (placed === undefined || seen.has(next.id)) continue
    seen.add(next.id)
    order.push({ ...placed, depth: next.depth, undone: next.undone })
    const undone = next.undone || placed.node.$case === 'rollback'
    for (const id of childrenOf(placed.node).toReversed()) {
      stack.push({ id, depth: next.depth + 1, undone })
    }
  }
  return order
}
