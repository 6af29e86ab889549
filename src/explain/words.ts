/** Words that the statements share. */
import type { SigningPublicKey } from '../wire/generated/schema.ts'
import { mappingRows } from '../topology/mapping.ts'
import { readSigningPublicKey } from '../topology/signing-key.ts'
import { canSign, type Restriction } from '../topology/check/namespaces.ts'
import type { ExplainContext } from './context.ts'
import { enumWords } from './details.ts'

/** What a mapping says, without its fields one by one. */
export interface Sentences {
  /** One sentence. */
  readonly summary: string
  readonly statements: readonly string[]
}

export type Operation = 'replace' | 'remove'

export const Permission = { submission: 1, confirmation: 2, observation: 3 } as const

export const KeyUsage = { namespace: 1, identityDelegation: 2, protocol: 4 } as const

export const NAMESPACE_DELEGATION_CODE = 1

/** The part behind the first `::`; empty where there is none. */
export function namespacePart(uid: string): string {
  const at = uid.indexOf('::')
  return at < 0 ? '' : uid.slice(at + 2)
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  const last = items.at(-1)
  if (last === undefined) return 'none'
  return items.length === 1 ? last : `${items.slice(0, -1).join(', ')} and ${last}`
}

/** The usages that count: an empty list, or one of the dropped usage alone, means all. */
function effectiveUsage(key: SigningPublicKey): ReadonlySet<number> | 'every usage' {
  const usage = new Set(key.usage.filter((one) => one !== KeyUsage.identityDelegation))
  return usage.size === 0 ? 'every usage' : usage
}

export function hasUsage(key: SigningPublicKey, usage: number): boolean {
  const own = effectiveUsage(key)
  return own === 'every usage' || own.has(usage)
}

export function usageWords(key: SigningPublicKey): string {
  if (key.usage.length === 0) return 'every usage (none is listed)'
  return `usage ${key.usage.map((one) => enumWords('SigningKeyUsage', one)).join(', ')}`
}

/** `the key 1220…`, or that there is none. */
export function keyName(key: SigningPublicKey | undefined, context: ExplainContext): string {
  if (key === undefined) return 'no key at all'
  const fingerprint = context.fingerprintOf(key)
  return fingerprint === undefined ? 'a key that this tool cannot read' : `the key ${fingerprint}`
}

/** `the key 1220… (EC_P256, usage NAMESPACE)` */
export function keyWords(key: SigningPublicKey, context: ExplainContext): string {
  return `${keyName(key, context)} (${readSigningPublicKey(key).keySpec}, ${usageWords(key)})`
}

/** The first letter in upper case, for sentences that begin with a name of ours. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** Message name of a mapping code. */
export function mappingCodeWords(code: number): string {
  const row = mappingRows().find((one) => one.code === code)
  return row?.type ?? `unknown mapping code ${code}`
}

/** What a key under the restriction may sign. */
export function restrictionWords(restriction: Restriction): string {
  switch (restriction.$case) {
    case 'all':
      return 'every kind of mapping, including further delegations'
    case 'allButNamespaceDelegations':
      return 'every kind of mapping except delegations'
    case 'specific': {
      const kinds = restriction.codes.map(mappingCodeWords).join(', ')
      const more = canSign(restriction, NAMESPACE_DELEGATION_CODE)
        ? ' (this includes further delegations)'
        : ''
      return `only mappings of the kinds ${kinds === '' ? 'none at all' : kinds}${more}`
    }
  }
}
