/** Depth and width that nodes accept: no call stack and no library limit decides. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto/hash.ts'
import { encodeValue } from '../../src/daml/encode-value.ts'
import { hashPreparedTransaction, nodeHashes } from '../../src/daml/hash.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { Preimage } from '../../src/daml/preimage.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { describePreparedTransaction } from '../../src/explain/daml.ts'
import type {
  DamlTransaction,
  PreparedTransaction,
  Value,
} from '../../src/wire/generated/schema.ts'
import {
  bytesOf,
  createTransaction,
  exercise,
  input,
  inputCreate,
  int64,
  metadata,
  placedNode,
  record,
  seed,
  text,
} from './transactions.ts'

const WRAPPERS: Readonly<Record<string, (inner: Value) => Value>> = {
  optional: (value) => ({ sum: { $case: 'optional', value: { value } } }),
  list: (value) => ({ sum: { $case: 'list', value: { elements: [value] } } }),
  record: (value) => record({ field: value }),
  'text map': (value) => ({ sum: { $case: 'textMap', value: { entries: [{ key: 'k', value }] } } }),
  'map key': (value) => ({
    sum: { $case: 'genMap', value: { entries: [{ key: value, value: text('v') }] } },
  }),
  variant: (value) => ({
    sum: { $case: 'variant', value: { variantId: undefined, constructor: 'C', value } },
  }),
}

const nested = (wrap: (inner: Value) => Value, depth: number): Value => {
  let value = int64(1n)
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

describe('Daml values', () => {
  test.each(Object.keys(WRAPPERS))('nested 100 deep are read, hashed and explained: %s', (kind) => {
    const wrap = WRAPPERS[kind] ?? ((value: Value): Value => value)
    const prepared = createTransaction({ argument: nested(wrap, 100) })
    const read = readPreparedTransaction(bytesOf(prepared))
    expect(read.findings).toEqual([])
    expect(read.value).toEqual(prepared)
    expect(judgePreparedTransaction(read, 'V2').refusals).toEqual([])
    expect(hashPreparedTransaction(read, 'V2').$case).toBe('hashed')
    const [root] = describePreparedTransaction(prepared, { scheme: 'V2' }).nodes
    expect(root?.values.at(-1)?.text ?? '').toMatch(/1$|^"v"$/)
  })

  test('are encoded at any depth, if somebody has them as values', () => {
    const preimage = new Preimage()
    encodeValue(
      preimage,
      nested((value) => ({ sum: { $case: 'optional', value: { value } } }), 100_000),
    )
    // 09 01 for each optional around 02 and eight bytes.
    expect(preimage.bytes.length).toBe(2 * 100_000 + 9)
  })

  test('nested beyond the limit are refused by name and have no hash', () => {
    const field = (number: number, content: Uint8Array): Uint8Array => {
      const length: number[] = []
      for (let n = content.length; ; n >>>= 7) {
        length.push(n > 127 ? (n & 127) | 128 : n)
        if (n <= 127) break
      }
      return Uint8Array.from([number * 8 + 2, ...length, ...content])
    }
    let value = Uint8Array.of(0x0a, 0x00) as Uint8Array
    for (let i = 0; i < 300; i++) value = field(10, field(1, value))
    const node = field(1, field(5, value)) // Create.argument
    const entry = Uint8Array.from([
      ...field(1, Uint8Array.of(0x30)),
      0xc2,
      0x3e,
      ...field(1, node).subarray(1),
    ])
    const read = readPreparedTransaction(field(1, field(3, entry)))
    expect(read.findings.at(-1)?.code).toBe('nesting-too-deep')
    expect(read.value).toBeUndefined()
    expect(judgePreparedTransaction(read, 'V2').refusals.length).toBeGreaterThan(0)
    expect(hashPreparedTransaction(read, 'V2').$case).toBe('undetermined')
  })
})

const plain = { interfaceId: undefined, exerciseResult: undefined, consuming: false } as const

/** Exercises of one contract below one another, or all below the first. */
const tree = (
  count: number,
  childrenOf: (i: number) => readonly string[],
): PreparedTransaction => ({
  transaction: {
    version: '2.1',
    roots: ['0'],
    nodes: Array.from({ length: count }, (_unused, i) =>
      placedNode(String(i), {
        $case: 'exercise',
        value: exercise({ ...plain, chosenValue: int64(BigInt(i)), children: childrenOf(i) }),
      }),
    ),
    nodeSeeds: Array.from({ length: count }, (_unused, i) => seed(i)),
  },
  metadata: metadata({ inputContracts: [input(inputCreate())] }),
})

const COUNT = 10_000
const chain = tree(COUNT, (i) => (i + 1 < COUNT ? [String(i + 1)] : []))
const fan = tree(COUNT, (i) =>
  i > 0 ? [] : Array.from({ length: COUNT - 1 }, (_u, n) => String(n + 1)),
)

describe('trees of nodes', () => {
  test.each([
    ['deep', chain, COUNT - 1],
    ['wide', fan, 1],
  ] as const)('10,000 nodes %s are judged, hashed and explained', (_what, prepared, depth) => {
    const read = readPreparedTransaction(bytesOf(prepared))
    expect(judgePreparedTransaction(read, 'V2').refusals).toEqual([])
    expect(hashPreparedTransaction(read, 'V2').$case).toBe('hashed')
    const { nodes } = describePreparedTransaction(prepared, { scheme: 'V2' })
    expect(nodes).toHaveLength(COUNT)
    expect(nodes.at(-1)?.depth).toBe(depth)
  })

  test('a deep one hashes level by level: the hash of a node ends in that of its child', () => {
    const transaction = tree(2, (i) => (i === 0 ? ['1'] : [])).transaction
    if (transaction === undefined) throw new Error('no transaction')
    const hashes = nodeHashes(transaction, 'V3')
    const leaf = hashes.get('1') ?? new Uint8Array()
    const alone: DamlTransaction = { ...transaction, roots: ['1'] }
    expect(nodeHashes(alone, 'V3').get('1')).toEqual(leaf)
    expect(leaf).toHaveLength(32)
    expect(hashes.get('0')).not.toEqual(sha256(leaf))
  })

  test('a circle through all nodes ends', () => {
    const circle = tree(COUNT, (i) => [String((i + 1) % COUNT)])
    const read = readPreparedTransaction(bytesOf(circle))
    const codes = judgePreparedTransaction(read, 'V2').refusals.map(({ code }) => code)
    expect(codes).toEqual(['node-cycle'])
    expect(hashPreparedTransaction(read, 'V2').$case).toBe('undetermined')
  })

  test('nodes shared over many levels cost no more than their number', () => {
    // Without the memory of what was hashed this would be 2^200 visits.
    const shared = tree(200, (i) => (i + 1 < 200 ? [String(i + 1), String(i + 1)] : []))
    const read = readPreparedTransaction(bytesOf(shared))
    const codes = new Set(judgePreparedTransaction(read, 'V2').refusals.map(({ code }) => code))
    expect([...codes]).toEqual(['node-shared'])
    expect(hashPreparedTransaction(read, 'V2').$case).toBe('hashed')
  })
})
