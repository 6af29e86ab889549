/** What a transaction changes beside the one in force, field by field and in words. */
import { CantosignError } from '../base/errors.ts'
import { effectiveRestriction } from '../topology/check/namespaces.ts'
import { mappingRow, type KnownMapping } from '../topology/mapping.ts'
import type { TopologyMapping, TopologyTransaction } from '../wire/generated/schema.ts'
import { schemaOf } from '../wire/schema.ts'
import { readSuccessor, SUCCESSOR_MESSAGE } from '../wire/successor.ts'
import { differenceSentence } from './difference-words.ts'
import {
  messageDifferences,
  signingKeyIdentity,
  valueDifferences,
  type FieldDifference,
  type PlacedDifference,
  type PlainObject,
  type Step,
} from './field-difference.ts'
import { restrictionWords } from './words.ts'

export interface Difference {
  readonly fields: readonly FieldDifference[]
  /** One for each field, serial and operation apart; names as received: a presenter escapes them. */
  readonly sentences: readonly string[]
}

/** The message that a mapping is, with its fields. */
function messageOf(mapping: KnownMapping): { readonly name: string; readonly value: PlainObject } {
  if (mapping.$case !== 'sequencerConnectionSuccessor') {
    return { name: mappingRow(mapping.$case).type, value: { ...mapping.value } }
  }
  const reading = readSuccessor(mapping.value)
  return reading.form === 'ambiguous'
    ? { name: 'TopologyMapping', value: { mapping } }
    : { name: SUCCESSOR_MESSAGE[reading.form], value: { ...reading.value } }
}

function mappingDifferences(
  before: KnownMapping,
  after: KnownMapping,
): readonly PlacedDifference[] {
  const [a, b] = [messageOf(before), messageOf(after)]
  return a.name === b.name
    ? messageDifferences(a.name, a.value, b.value, [])
    : messageDifferences('TopologyMapping', { mapping: before }, { mapping: after }, [])
}

function headDifferences(
  previous: TopologyTransaction,
  current: TopologyTransaction,
): readonly PlacedDifference[] {
  const { byName } = schemaOf('TopologyTransaction')
  return ['operation', 'serial'].flatMap((name) => {
    const field = byName.get(name)
    if (field === undefined) throw new Error(`TopologyTransaction has no ${name}`)
    const step: Step = { message: 'TopologyTransaction', field }
    const [a, b] =
      name === 'serial'
        ? [previous.serial, current.serial]
        : [previous.operation, current.operation]
    return valueDifferences([], step, a, b)
  })
}

/** Where the power of a delegation is written anew but stays, or becomes another one. */
function powerSentence(before: KnownMapping, after: KnownMapping): readonly string[] {
  if (before.$case !== 'namespaceDelegation' || after.$case !== 'namespaceDelegation') return []
  const [was, is] = [before, after].map(({ value }) =>
    restrictionWords(effectiveRestriction(value)),
  )
  return was === is ? [] : [`the key could sign ${was ?? ''}; now it can sign ${is ?? ''}`]
}

/**
 * The differences from the transaction in force to the one that is to follow it.
 * @throws CantosignError `previous-mismatch` if one holds no mapping, or they are of two kinds
 */
export function differenceOf(
  previous: TopologyTransaction,
  current: TopologyTransaction,
): Difference {
  const before = previous.mapping?.mapping
  const after = current.mapping?.mapping
  if (before === undefined || after === undefined || before.$case !== after.$case) {
    const type = (mapping: KnownMapping | undefined): string =>
      mapping === undefined ? 'no known mapping' : mappingRow(mapping.$case).type
    throw new CantosignError(
      'previous-mismatch',
      `the previous transaction holds ${type(before)} and the new one ${type(after)}`,
      'give the transaction in force for the same mapping as previous',
    )
  }
  const inMapping = mappingDifferences(before, after)
  const fields = [...headDifferences(previous, current), ...inMapping]
  return {
    fields: fields.map(({ path, label, kind, before: was, after: is }) => {
      return { path, label, kind, before: was, after: is }
    }),
    sentences: [...powerSentence(before, after), ...inMapping.map(differenceSentence)],
  }
}

/** Fields of a key that say the same in an old and a new encoding, as long as the key is the same. */
const ENCODING_FIELDS: ReadonlySet<string> = new Set([
  'SigningPublicKey.format',
  'SigningPublicKey.public_key',
  'SigningPublicKey.scheme',
  'SigningPublicKey.key_spec',
])

/** How the power of a delegation is written; what it means is compared by itself. */
const POWER_FIELDS: ReadonlySet<string> = new Set([
  'NamespaceDelegation.is_root_delegation',
  'NamespaceDelegation.can_sign_all_mappings',
  'NamespaceDelegation.can_sign_all_but_namespace_delegations',
])

/**
 * True if two mappings mean the same to a node, which is what it asks of a removal
 * (docs/protocol/construction.md): order, and the old ways to write a key or a delegation's power,
 * make no difference.
 */
export function hasSameContent(
  a: TopologyMapping | undefined,
  b: TopologyMapping | undefined,
): boolean {
  const [before, after] = [a?.mapping, b?.mapping]
  if (before === undefined || after === undefined || before.$case !== after.$case) return false
  if (powerSentence(before, after).length > 0 || !hasSameTarget(before, after)) return false
  return mappingDifferences(before, after).every(({ steps }) =>
    steps.some(({ message, field }) => {
      const name = `${message}.${field.name}`
      return ENCODING_FIELDS.has(name) || POWER_FIELDS.has(name)
    }),
  )
}

/** Keys in lists are matched by fingerprint; the one key of a delegation is compared here. */
function hasSameTarget(before: KnownMapping, after: KnownMapping): boolean {
  if (before.$case !== 'namespaceDelegation' || after.$case !== 'namespaceDelegation') return true
  const [a, b] = [before.value.targetKey, after.value.targetKey]
  if (a === undefined || b === undefined) return a === b
  return signingKeyIdentity(a) === signingKeyIdentity(b)
}
