/** One sentence for one difference. */
import { readSigningPublicKey } from '../topology/signing-key.ts'
import { fromProtoJson, type JsonValue } from '../wire/proto-json.ts'
import type { PlacedDifference, Step } from './field-difference.ts'
import { quoteText } from './quote.ts'
import { listed } from './words.ts'

/** What an item of a list is, by message and field. */
const ITEM_NOUNS: Readonly<Record<string, string>> = {
  'PartyToParticipant.participants': 'a host',
  'SigningKeysWithThreshold.keys': 'a signing key of the party',
  'PartyToKeyMapping.signing_keys': 'a signing key of the party',
  'OwnerToKeyMapping.public_keys': 'a key of the member',
  'DecentralizedNamespaceDefinition.owners': 'an owner',
  'VettedPackages.package_ids': 'a vetted package',
  'VettedPackages.packages': 'a vetted package',
  'MediatorSynchronizerState.active': 'an active mediator',
  'MediatorSynchronizerState.observers': 'an observing mediator',
  'SequencerSynchronizerState.active': 'an active sequencer',
  'SequencerSynchronizerState.observers': 'an observing sequencer',
  'SynchronizerTrustCertificate.feature_flags': 'an announced feature',
  'SigningPublicKey.usage': 'a usage',
  'NamespaceDelegation.CanSignSpecificMappings.mappings': 'a mapping that can be signed',
  'PurgeTopologyTransaction.mappings': 'a purged mapping',
}

/** Fields whose name alone does not say enough. */
const FIELD_NOUNS: Readonly<Record<string, string>> = {
  'PartyToParticipant.threshold': 'confirmation threshold',
  'SigningKeysWithThreshold.threshold': 'signing threshold',
  'PartyToKeyMapping.threshold': 'signing threshold',
  'DecentralizedNamespaceDefinition.threshold': 'threshold of owners',
  'PartyToParticipant.HostingParticipant.onboarding': 'onboarding flag',
  'VettedPackages.VettedPackage.valid_from_inclusive': 'start of validity',
  'VettedPackages.VettedPackage.valid_until_exclusive': 'end of validity',
}

const PERMISSION_ORDER = ['OBSERVATION', 'CONFIRMATION', 'SUBMISSION']

const nameOf = ({ message, field }: Step): string => `${message}.${field.name}`

const nounOf = (step: Step): string =>
  FIELD_NOUNS[nameOf(step)] ?? step.field.name.replaceAll('_', ' ')

/** ` of host p1::1220…`, for a field inside an item. */
function ofItem(steps: readonly Step[]): string {
  const items = steps
    .slice(0, -1)
    .toReversed()
    .filter(({ identity }) => identity !== undefined)
  return items
    .map((step) => {
      const noun = (ITEM_NOUNS[nameOf(step)] ?? nounOf(step)).replace(/^an? /, '')
      return ` of ${noun} ${quoteText(step.identity ?? '')}`
    })
    .join('')
}

function valueWords(value: JsonValue | null): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value)
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return quoteText(JSON.stringify(value))
  }
}

/** With what a new item comes. */
function itemExtra(step: Step, item: JsonValue | null): string {
  if (nameOf(step) !== 'PartyToParticipant.participants') return ''
  if (item === null || typeof item !== 'object' || !('permission' in item)) return ''
  const flag = 'onboarding' in item ? ', not yet having imported its contracts' : ''
  return ` with ${valueWords(item['permission'] ?? null)}${flag}`
}

function direction(before: JsonValue | null, after: JsonValue | null): string {
  const rank = (value: JsonValue | null): number =>
    typeof value === 'number'
      ? value
      : PERMISSION_ORDER.findIndex((permission) => permission === value)
  const [a, b] = [rank(before), rank(after)]
  if (a < 0 || b < 0) return 'changes'
  return b > a ? 'rises' : 'falls'
}

/** A whole list of signing keys, by fingerprint. */
function signingKeysWords(json: JsonValue): string {
  const { keys, threshold } = fromProtoJson('SigningKeysWithThreshold', json)
  const names = keys.map((key) => readSigningPublicKey(key).fingerprint ?? 'an unreadable key')
  return `${threshold} of ${listed(names)}`
}

/** The sentence about a difference, without capital and full stop. */
export function differenceSentence({ steps, kind, before, after }: PlacedDifference): string {
  const last = steps.at(-1)
  if (last === undefined) throw new Error('a difference has a place')
  const { field, identity } = last
  const place = ofItem(steps)
  if (identity !== undefined && kind !== 'changed') {
    const noun = ITEM_NOUNS[nameOf(last)] ?? nounOf(last)
    const extra = itemExtra(last, kind === 'added' ? after : before)
    return kind === 'added'
      ? `${quoteText(identity)} is added as ${noun}${place}${extra}`
      : `${quoteText(identity)} is no longer ${noun}${place}${extra === '' ? '' : ` (was one${extra})`}`
  }
  if (field.ref === 'SigningKeysWithThreshold') {
    if (before === null && after !== null) {
      return `the party gets signing keys of its own: ${signingKeysWords(after)}`
    }
    if (before !== null && after === null) {
      return `the party loses its signing keys: ${signingKeysWords(before)}`
    }
  }
  const noun = `the ${nounOf(last)}${place}`
  switch (kind) {
    case 'added':
      return `${noun} is set${field.type === 'message' && JSON.stringify(after) === '{}' ? '' : ` to ${valueWords(after)}`}`
    case 'removed':
      return `${noun} is dropped${field.type === 'message' && JSON.stringify(before) === '{}' ? '' : `, it was ${valueWords(before)}`}`
    case 'changed':
      return `${noun} ${direction(before, after)} from ${valueWords(before)} to ${valueWords(after)}`
  }
}
