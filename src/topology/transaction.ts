/** TopologyTransaction: exact bytes, hash, reading and everything odd about it. */
import type { Finding, FindingCode } from '../base/finding-codes.ts'
import { hash, HashPurpose } from '../crypto/hash.ts'
import { decodeMessage, unwrap } from '../wire/codec.ts'
import type { TopologyTransaction } from '../wire/generated/schema.ts'
import { locateField } from '../wire/locate.ts'
import { MAX_DEPTH } from '../wire/schema.ts'
import { walkMessage, type UnknownField, type WalkResult } from '../wire/walk.ts'
import { checkMapping } from './check/mappings.ts'
import { FindingList } from './finding-list.ts'
import { keylessOutline, type Outline } from './outline.ts'

export const MAX_SERIAL = 2_147_483_647

/** A transaction as it was received: the bytes are the truth, the rest is read from them. */
export interface ReadTransaction {
  /** The wrapped TopologyTransaction exactly as received: what is hashed and signed. */
  readonly bytes: Uint8Array
  /** 34 bytes, docs/protocol/hashing.md section 4. */
  readonly hash: Uint8Array
  /** `undefined` only if a finding is fatal, or if the content was passed over. */
  readonly value: TopologyTransaction | undefined
  /** What is known where the content was passed over: keys were wanted, and this has none. */
  readonly passedOver?: Outline | undefined
  readonly findings: readonly Finding[]
  readonly unknownFields: readonly UnknownField[]
  readonly canonical: boolean
}

/**
 * How much of a transaction is wanted; every byte is accounted for in any case.
 * - `authority`: the packages of VettedPackages, most of what a network holds, bear on nobody's
 *   authority. They are not decoded: in the value the lists are empty, and held against no rule.
 * - `keys`: of a mapping without keys nothing is looked at, and there is no value.
 */
export type Wanted = 'everything' | 'authority' | 'keys'

const PACKAGES: ReadonlySet<string> = new Set([
  'VettedPackages.package_ids',
  'VettedPackages.packages',
])

/** Where a transaction lies inside a larger input; put before paths and offsets. */
export interface Placement {
  readonly path: string
  readonly offset: number
}

export const AT_START: Placement = { path: '', offset: 0 }

/** 34 bytes: hash purpose 11 over the wrapped bytes as received, never over a re-encoding. */
export function transactionHash(wrapped: Uint8Array): Uint8Array {
  return hash(HashPurpose.topologyTransactionSignature, wrapped)
}

/** Joins a path that begins at the wrapper with the place of the wrapper. */
export function placedPath(placement: Placement, path: string): string {
  return placement.path === '' ? path : `${placement.path}.${path}`
}

/**
 * What the decoded transaction says against the rules, with paths from the wrapper on.
 * @param unknownFields of the same bytes: the old key ids are among them
 */
function checkTransaction(
  bytes: Uint8Array,
  transaction: TopologyTransaction,
  unknownFields: readonly UnknownField[],
  placement: Placement,
): readonly Finding[] {
  const list = new FindingList(
    (path) => placement.offset + locateField('TopologyTransaction', bytes, true, path),
  )
  const { findings } = list
  const report = (code: FindingCode, path: string, message: string): void => {
    list.add(code, path, message, placedPath(placement, path))
  }
  const { operation, serial, mapping } = transaction
  if (operation === 0) report('unspecified-enum', 'data.operation', 'the operation is not set')
  if (serial < 1 || serial > MAX_SERIAL) {
    report('bad-serial', 'data.serial', `serial ${serial} is not between 1 and ${MAX_SERIAL}`)
  } else if (serial === MAX_SERIAL) {
    report('max-serial', 'data.serial', 'nothing can follow this serial')
  }
  if (mapping?.mapping === undefined) {
    report('missing-mapping', 'data.mapping', 'the transaction has no mapping this tool knows')
    return findings
  }
  const prefix = placedPath(placement, 'data.mapping.')
  const oldKeyIds = new Map<string, string>()
  for (const field of unknownFields) {
    if (field.legacy && field.field === 1 && field.path.startsWith(prefix)) {
      oldKeyIds.set(field.path.slice(prefix.length), field.hex)
    }
  }
  checkMapping(
    {
      serial,
      oldKeyIds,
      report: (code, path, message) => {
        report(code, `data.mapping.${path}`, message)
      },
    },
    mapping.mapping,
  )
  return findings
}

/** Findings of meaning are left out where the wire has named the same field already. */
function merge(wire: readonly Finding[], meaning: readonly Finding[]): readonly Finding[] {
  if (meaning.length === 0) return wire
  const named = new Set(
    wire
      .filter(
        ({ code }) => code === 'unsafe-text' || code === 'invalid-utf8' || code === 'bad-serial',
      )
      .map(({ path }) => path),
  )
  return [...wire, ...meaning.filter(({ path }) => !named.has(path))]
}

/** What a walk says of a transaction. */
type WalkedOver = Pick<WalkResult, 'findings' | 'unknownFields' | 'canonical'>

/** A transaction whose content stays unread. */
function undecoded(bytes: Uint8Array, walk: WalkedOver, passedOver?: Outline): ReadTransaction {
  const { findings, unknownFields, canonical } = walk
  const hash = transactionHash(bytes)
  return { bytes, hash, value: undefined, passedOver, findings, unknownFields, canonical }
}

/**
 * Reads a wrapped TopologyTransaction that was walked already (as a part of a larger input).
 * @param walk of a message that contains these bytes, without a fatal finding
 */
export function readWalkedTransaction(
  bytes: Uint8Array,
  walk: WalkedOver,
  placement: Placement = AT_START,
  wanted: Wanted = 'everything',
): ReadTransaction {
  const data = unwrap(bytes)
  const passedOver = wanted === 'keys' ? keylessOutline(data) : undefined
  if (passedOver !== undefined) return undecoded(bytes, walk, passedOver)
  const without = wanted === 'authority' ? PACKAGES : undefined
  const value = decodeMessage('TopologyTransaction', data, MAX_DEPTH, without)
  const meaning =
    data.length === 0 ? [] : checkTransaction(bytes, value, walk.unknownFields, placement)
  return {
    bytes,
    hash: transactionHash(bytes),
    value,
    findings: merge(walk.findings, meaning),
    unknownFields: walk.unknownFields,
    canonical: walk.canonical,
  }
}

/** Reads a wrapped TopologyTransaction (a `.prep` file). Nothing is thrown for any input. */
export function readTransaction(bytes: Uint8Array): ReadTransaction {
  const walk = walkMessage('TopologyTransaction', bytes, { wrapped: true })
  return walk.fatal ? undecoded(bytes, walk) : readWalkedTransaction(bytes, walk)
}
