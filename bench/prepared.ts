/** Prepared Daml transactions as large and as deep as participants make them. */
import { writeFileSync } from 'node:fs'
import { encodeMessage } from '../src/wire/codec.ts'
import type { PreparedTransaction, Value } from '../src/wire/generated/schema.ts'
import {
  bytesOf,
  createTransaction,
  exercise,
  input,
  inputCreate,
  int64,
  metadata,
  placedNode,
  seed,
} from '../test/daml/transactions.ts'

const plain = { interfaceId: undefined, exerciseResult: undefined, consuming: false } as const

/** Exercises of one contract: each below the one before, or all below the first. */
function tree(count: number, shape: 'deep' | 'wide'): PreparedTransaction {
  const childrenOf = (i: number): readonly string[] => {
    if (shape === 'deep') return i + 1 < count ? [String(i + 1)] : []
    return i > 0 ? [] : Array.from({ length: count - 1 }, (_unused, n) => String(n + 1))
  }
  return {
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
  }
}

export function writeTree(path: string, count: number, shape: 'deep' | 'wide'): void {
  writeFileSync(path, bytesOf(tree(count, shape)))
}

/** A create whose argument holds so many values, each nested so many levels deep in variants. */
export function writeValues(path: string, count: number, depth: number): void {
  let nested = int64(1n)
  for (let i = 0; i < depth; i++) {
    nested = {
      sum: { $case: 'variant', value: { variantId: undefined, constructor: 'C', value: nested } },
    }
  }
  const argument: Value = {
    sum: { $case: 'list', value: { elements: Array.from({ length: count }, () => nested) } },
  }
  writeFileSync(path, encodeMessage('PreparedTransaction', createTransaction({ argument })))
}
