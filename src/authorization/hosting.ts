/** What PartyToParticipant requires (docs/protocol/authorization.md section 3). */
import type { Fingerprint } from '../ident/fingerprint.ts'
import type { Host, HostingFacts, KeysByContent } from './facts.ts'
import { need, type Clause, type Need, type Requirement } from './need.ts'
import type { AuthorizationMode } from './result.ts'

type SigningKeys = HostingFacts['signingKeys']

const NO_KEYS: KeysByContent = new Map()

function sameSigningKeys(a: SigningKeys, b: SigningKeys): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.threshold === b.threshold &&
    a.keys.size === b.keys.size &&
    [...a.keys.keys()].every((content) => b.keys.has(content))
  )
}

/** Added keys are told apart by fingerprint here, not by their whole content. */
function addedKeys(facts: HostingFacts, before: SigningKeys): readonly Fingerprint[] {
  const known = new Set((before?.keys ?? NO_KEYS).values())
  return [...(facts.signingKeys?.keys ?? NO_KEYS).values()].filter((key) => !known.has(key))
}

/** True if both say the same, whatever the order of hosts and keys. */
export function sameHosting(a: HostingFacts, b: HostingFacts): boolean {
  return (
    a.threshold === b.threshold &&
    a.hosts.size === b.hosts.size &&
    sameSigningKeys(a.signingKeys, b.signingKeys) &&
    [...a.hosts].every(([uid, host]) => {
      const other = b.hosts.get(uid)
      return other?.permission === host.permission && other.onboarding === host.onboarding
    })
  )
}

/** Needs that all have to be met come together in one clause, each namespace once. */
function conjunction(needs: readonly Need[], choices: readonly Clause[]): Requirement {
  if (needs.length === 0) return choices
  const all = need(
    needs.flatMap(({ namespaces }) => namespaces),
    needs.flatMap(({ keys }) => keys),
  )
  return [{ anyOf: [all] }, ...choices]
}

export function firstHosting(facts: HostingFacts): Requirement {
  const hosts = [...facts.hosts.values()].map(({ namespace }) => namespace)
  const keys = addedKeys(facts, undefined)
  return conjunction([{ namespaces: [facts.namespace, ...hosts], keys }], [])
}

/** The requirement of a change of the PartyToParticipant that is in force. */
export function hostingChange(
  facts: HostingFacts,
  before: HostingFacts,
  mode: AuthorizationMode,
): Requirement {
  const party: Need = { namespaces: [facts.namespace], keys: [] }
  const needs: Need[] = []
  const choices: Clause[] = []
  const eitherOf = (host: Host): void => {
    choices.push({ anyOf: [party, { namespaces: [host.namespace], keys: [] }] })
  }
  if (facts.threshold !== before.threshold) needs.push(party)
  if (!sameSigningKeys(facts.signingKeys, before.signingKeys)) {
    needs.push({ namespaces: [facts.namespace], keys: addedKeys(facts, before.signingKeys) })
  }
  for (const [uid, host] of before.hosts) {
    if (!facts.hosts.has(uid)) eitherOf(host)
  }
  for (const [uid, host] of facts.hosts) {
    const old = before.hosts.get(uid)
    if (old === undefined) {
      needs.push({ namespaces: [facts.namespace, host.namespace], keys: [] })
      continue
    }
    if (host.permission < old.permission) {
      const both = [facts.namespace, host.namespace]
      needs.push({ namespaces: mode === 'snapshot' ? [facts.namespace] : both, keys: [] })
    }
    if (host.permission > old.permission) eitherOf(host)
    if (old.onboarding && !host.onboarding) needs.push({ namespaces: [host.namespace], keys: [] })
    if (!old.onboarding && host.onboarding) needs.push(party)
  }
  return needs.length === 0 && choices.length === 0
    ? conjunction([party], [])
    : conjunction(needs, choices)
}
