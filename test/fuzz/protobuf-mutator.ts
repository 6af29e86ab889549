/**
 * Structure-aware mutation of protobuf messages: a message becomes a tree over the schema, one or
 * more nodes of the tree are damaged in one of the ways that matter, and the tree is written again
 * with the lengths around the damage put right. So most mutants are sound on the outside.
 */
import { concatBytes } from '../../src/base/bytes.ts'
import { WireReader, WireType } from '../../src/wire/reader.ts'
import {
  MAX_DEPTH,
  messageOf,
  schemaOf,
  wrappedContent,
  WRAPPER,
  type MessageName,
  MAX_PACKED,
} from '../../src/wire/schema.ts'
import { MAX_FINDINGS } from '../../src/wire/walk.ts'
import type { Random } from './random.ts'

interface Node {
  number: number
  wireType: number
  /** Of length-delimited values; the encoded value otherwise. */
  content: Uint8Array
  /** If the content is a message: its name and its fields. */
  message?: string
  children?: Node[]
  /** Extra bytes with which tag and length are written. */
  tagPadding: number
  lengthPadding: number
  /** Added to the length that is written. */
  lengthError: number
}

function parse(bytes: Uint8Array, message: string, wrapped: MessageName | undefined): Node[] {
  const nodes: Node[] = []
  const reader = new WireReader(bytes)
  while (reader.position < reader.end) {
    reader.readVarint()
    const number = Math.floor(reader.number / 8)
    const wireType = reader.low & 7
    const node: Node = {
      number,
      wireType,
      content: new Uint8Array(),
      tagPadding: 0,
      lengthPadding: 0,
      lengthError: 0,
    }
    const from = reader.position
    if (wireType === WireType.len) {
      node.content = bytes.subarray(reader.readLength(), reader.position)
      const field = schemaOf(message).byNumber.get(number)
      const nested = field === undefined ? undefined : messageOf(field)
      const inner = field === undefined ? undefined : wrappedContent(message, field)
      const held =
        message === WRAPPER && number === 1 ? wrapped : inner === undefined ? nested : WRAPPER
      if (held !== undefined) {
        node.message = held
        node.children = parse(node.content, held, inner)
      }
    } else {
      if (wireType === WireType.varint) reader.readVarint()
      else reader.skip(wireType === WireType.fixed64 ? 8 : 4)
      node.content = bytes.subarray(from, reader.position)
    }
    nodes.push(node)
  }
  return nodes
}

function varint(value: number, padding = 0): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(padding > 0 ? rest | 128 : rest)
  for (let i = 1; i < padding; i++) bytes.push(0x80)
  if (padding > 0) bytes.push(0)
  return Uint8Array.from(bytes)
}

function write(nodes: readonly Node[]): Uint8Array {
  return concatBytes(
    ...nodes.flatMap((node) => {
      const tag = varint(node.number * 8 + node.wireType, node.tagPadding)
      if (node.wireType !== WireType.len) return [tag, node.content]
      const content = node.children === undefined ? node.content : write(node.children)
      return [
        tag,
        varint(Math.max(0, content.length + node.lengthError), node.lengthPadding),
        content,
      ]
    }),
  )
}

/** Every list of sibling nodes in the tree: a message each. */
function messages(nodes: Node[]): Node[][] {
  return [
    nodes,
    ...nodes.flatMap(({ children }) => (children === undefined ? [] : messages(children))),
  ]
}

const clone = (node: Node): Node => ({
  ...node,
  ...(node.children === undefined ? {} : { children: node.children.map(clone) }),
})

const fresh = (number: number, wireType: number, content: Uint8Array): Node => ({
  number,
  wireType,
  content,
  tagPadding: 0,
  lengthPadding: 0,
  lengthError: 0,
})

const UNSAFE_TEXTS = ['\u202e', '\u0007', '\u200b', '\u{e0041}', '\n'].map((text) =>
  new TextEncoder().encode(text),
)

type Damage = (siblings: Node[], at: number, random: Random) => void

const DAMAGES: readonly Damage[] = [
  // an unknown field of each wire type
  (siblings, at, random) => {
    const wireType = random.pick([0, 1, 2, 5])
    const content =
      wireType === 0
        ? Uint8Array.of(1)
        : random.bytes(wireType === 1 ? 8 : wireType === 5 ? 4 : random.below(9))
    siblings.splice(
      random.below(at + 1),
      0,
      fresh(random.pick([7, 10, 15, 19, 100, 5000]), wireType, content),
    )
  },
  // reserved and legacy numbers
  (siblings, _at, random) => {
    siblings.push(
      fresh(random.pick([1, 2, 3, 4, 5, 10, 11, 12, 14]), 2, random.bytes(random.below(4))),
    )
  },
  (siblings, _at, random) => {
    siblings.push(fresh(random.pick([2, 3, 4]), 0, Uint8Array.of(1)))
  },
  // repeated
  (siblings, at) => {
    const node = siblings[at]
    if (node !== undefined) siblings.splice(at, 0, clone(node))
  },
  // out of order
  (siblings, _at, random) => {
    siblings.sort(() => random.below(3) - 1)
  },
  // gone
  (siblings, at) => {
    siblings.splice(at, 1)
  },
  // another wire type
  (siblings, at, random) => {
    const node = siblings[at]
    if (node === undefined) return
    node.wireType = random.pick([0, 1, 2, 5, 3, 4, 6, 7])
    delete node.children
    if (node.wireType === 1) node.content = random.bytes(8)
    if (node.wireType === 5) node.content = random.bytes(4)
    if (node.wireType === 0) node.content = Uint8Array.of(random.below(3))
  },
  // another number
  (siblings, at, random) => {
    const node = siblings[at]
    if (node !== undefined)
      node.number = random.pick([0, 1, 2, 3, 6, 9, 14, 17, 18, 0x1fff_ffff, 0x2000_0000])
  },
  // more bytes than needed
  (siblings, at, random) => {
    const node = siblings[at]
    if (node === undefined) return
    const where = random.below(3)
    if (where === 0) node.tagPadding = 1 + random.below(3)
    else if (where === 1) node.lengthPadding = 1 + random.below(9)
    else if (node.wireType === 0) node.content = Uint8Array.from([0x81, 0x80, 0x00])
  },
  // varints that are too long or too large
  (siblings, at, random) => {
    const node = siblings[at]
    if (node?.wireType !== 0) return
    node.content = random.pick([
      Uint8Array.from([...Array.from({ length: 10 }, () => 0x80), 1]),
      Uint8Array.from([...Array.from({ length: 9 }, () => 0xff), 2]),
      Uint8Array.from([...Array.from({ length: 9 }, () => 0xff), 1]),
      Uint8Array.from([0x80, 0x80, 0x80, 0x80, 0x10]),
      varint(random.below(40)),
      Uint8Array.of(0),
    ])
  },
  // lengths that lie
  (siblings, at, random) => {
    const node = siblings[at]
    if (node?.wireType === 2) node.lengthError = random.pick([-1, 1, 100, 2 ** 31, -1000])
  },
  // text
  (siblings, at, random) => {
    const node = siblings[at]
    if (node?.wireType !== 2 || node.children !== undefined) return
    const cut = random.below(node.content.length + 1)
    const piece = random.pick([
      ...UNSAFE_TEXTS,
      Uint8Array.of(0xff),
      Uint8Array.of(0xc0, 0x80),
      random.bytes(2),
    ])
    node.content = concatBytes(node.content.subarray(0, cut), piece, node.content.subarray(cut))
  },
  // other content
  (siblings, at, random) => {
    const node = siblings[at]
    if (node?.wireType !== 2 || node.children !== undefined) return
    node.content = random.pick([
      new Uint8Array(),
      random.bytes(random.below(80)),
      node.content.slice(1),
    ])
  },
  // emptied
  (siblings) => {
    siblings.length = 0
  },
]

/** More defects than are listed. */
function flood(siblings: Node[]): void {
  for (let i = 0; i <= MAX_FINDINGS; i++) siblings.push(fresh(5000, 0, Uint8Array.of(1)))
}

/** Every node of the tree that holds this message. */
function holding(nodes: readonly Node[], message: string): readonly Node[] {
  return nodes.flatMap((node) => [
    ...(node.message === message ? [node] : []),
    ...holding(node.children ?? [], message),
  ])
}

/** A mapping inside a purge inside a mapping, and so on, deeper than any message is read. */
function nest(tree: readonly Node[], random: Random): void {
  const mappings = holding(tree, 'TopologyMapping')
  if (mappings.length === 0) return
  const purge = schemaOf('TopologyMapping').byName.get('purge_topology_txs')?.number ?? 0
  const inside = schemaOf('PurgeTopologyTransaction').byName.get('mappings')?.number ?? 0
  const node = random.pick(mappings)
  for (let depth = 0; depth < MAX_DEPTH; depth += 2) {
    const inner = fresh(inside, WireType.len, new Uint8Array())
    inner.children = node.children ?? []
    const outer = fresh(purge, WireType.len, new Uint8Array())
    outer.children = [inner]
    node.children = [outer]
  }
}

/** A list of numbers that is longer than is read. */
function crowd(tree: readonly Node[], random: Random): void {
  const keys = holding(tree, 'SigningPublicKey')
  if (keys.length === 0) return
  const usage = schemaOf('SigningPublicKey').byName.get('usage')?.number ?? 0
  const many = new Uint8Array(MAX_PACKED + 1).fill(1)
  random.pick(keys).children?.push(fresh(usage, WireType.len, many))
}

/** One in so many mutants is large; the others are small, and so quick. */
const LARGE = 500

/** One mutant of a sound message. */
export function mutate(
  bytes: Uint8Array,
  name: MessageName,
  wrapped: boolean,
  random: Random,
): Uint8Array {
  const tree = wrapped ? parse(bytes, WRAPPER, name) : parse(bytes, name, undefined)
  if (random.below(LARGE) === 0) nest(tree, random)
  if (random.below(LARGE) === 0) crowd(tree, random)
  if (random.below(LARGE) === 0) flood(random.pick(messages(tree)))
  const rounds = 1 + random.below(3)
  for (let round = 0; round < rounds; round++) {
    const all = messages(tree)
    // Rarely the outermost message: what is inside is where the checks are.
    const inner = all.length > 1 && random.below(10) > 0 ? all.slice(1) : all
    const siblings = random.pick(inner)
    random.pick(DAMAGES)(siblings, random.below(Math.max(1, siblings.length)), random)
  }
  const mutant = write(tree)
  return random.below(25) === 0 ? mutant.subarray(0, random.below(mutant.length + 1)) : mutant
}
