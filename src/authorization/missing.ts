/** What of a requirement is not met, and in which ways it could be. */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import type { Need, Requirement } from './need.ts'
import type { Alternative, Missing, MissingNamespace } from './result.ts'

/** What is met already. */
export interface Met {
  readonly namespace: (namespace: Namespace) => boolean
  readonly key: (key: Fingerprint) => boolean
}

/** A requirement's unmet part by name, before it is known who could sign. */
export interface Unmet {
  readonly namespaces: readonly Namespace[]
  readonly keys: readonly Fingerprint[]
  readonly anyOf: readonly (readonly Need[])[]
}

export function isMet(requirement: Requirement, met: Met): boolean {
  return requirement.every(({ anyOf }) => anyOf.some((one) => isNeedMet(one, met)))
}

function isNeedMet({ namespaces, keys }: Need, met: Met): boolean {
  return namespaces.every(met.namespace) && keys.every(met.key)
}

function unmetNeed({ namespaces, keys }: Need, met: Met): Need {
  return {
    namespaces: namespaces.filter((one) => !met.namespace(one)),
    keys: keys.filter((one) => !met.key(one)),
  }
}

export function unmetOf(requirement: Requirement, met: Met): Unmet {
  const namespaces = new Set<Namespace>()
  const keys = new Set<Fingerprint>()
  const choices: (readonly Need[])[] = []
  for (const { anyOf } of requirement) {
    if (anyOf.some((one) => isNeedMet(one, met))) continue
    const rest = anyOf.map((one) => unmetNeed(one, met))
    const [only, other] = rest
    if (only === undefined || other !== undefined) {
      choices.push(rest)
      continue
    }
    for (const one of only.namespaces) namespaces.add(one)
    for (const one of only.keys) keys.add(one)
  }
  const then: Met = { namespace: (one) => namespaces.has(one), key: (one) => keys.has(one) }
  const open = choices.filter((needs) => !needs.some((one) => isNeedMet(one, then)))
  return { namespaces: [...namespaces], keys: [...keys], anyOf: open }
}

/** Puts to every missing namespace who could sign for it. */
export function missingOf(
  unmet: Unmet,
  describe: (namespace: Namespace) => MissingNamespace,
): Missing {
  const alternative = ({ namespaces, keys }: Need): Alternative => ({
    namespaces: namespaces.map(describe),
    keys,
  })
  return {
    namespaces: unmet.namespaces.map(describe),
    keys: unmet.keys,
    anyOf: unmet.anyOf.map((needs) => needs.map(alternative)),
  }
}
