/** Who has signed and who is missing, for a person and for a script (docs/json.md section 4). */
import {
  AUTHORIZATION_REASONS,
  type Alternative,
  type Assumption,
  type AuthorizationResult,
  type Missing,
  type MissingNamespace,
  type NeededState,
  type Relaxation,
} from '../../src/authorization/result.ts'
import { escapeText } from '../../src/base/text.ts'
import { counted, wrapText } from './text.ts'

/** One thing that is missing: signatures for a namespace, or by a listed key itself. */
export type MissingJson = ({ readonly namespace: string } | { readonly key: string }) & {
  /** How many more signatures. */
  readonly need: number
  /** Of how many in all. */
  readonly of: number
  /** Keys of which any one helps. */
  readonly anyOf: readonly string[]
  /** For a decentralized namespace: the owners that have not signed, and who can for each. */
  readonly owners?: readonly { readonly namespace: string; readonly anyOf: readonly string[] }[]
  /** If any one of several ways will do: each with all that it lacks. */
  readonly alternatives?: readonly (readonly MissingJson[])[]
}

function namespaceJson(missing: MissingNamespace): MissingJson {
  const { namespace, need, of, candidates, openOwners } = missing
  const owners = openOwners.map((owner) => ({
    namespace: owner.namespace,
    anyOf: owner.candidates,
  }))
  return {
    namespace,
    need,
    of,
    anyOf: candidates,
    ...(owners.length === 0 ? {} : { owners }),
  }
}

const keyJson = (key: string): MissingJson => ({ key, need: 1, of: 1, anyOf: [key] })

const needsJson = ({ namespaces, keys }: Alternative): readonly MissingJson[] => [
  ...namespaces.map(namespaceJson),
  ...keys.map(keyJson),
]

/** Named after the first of the ways, which is that of the mapping's own namespace. */
function choiceJson(choice: readonly Alternative[]): readonly MissingJson[] {
  const alternatives = choice.map(needsJson)
  const [first] = alternatives.flat()
  if (first === undefined) return []
  const name = 'namespace' in first ? { namespace: first.namespace } : { key: first.key }
  const anyOf = [...new Set(alternatives.flat().flatMap((one) => one.anyOf))].sort()
  return [{ ...name, need: 1, of: 1, anyOf, alternatives }]
}

/** The `missing` of `verify --json`. */
export function missingJson(missing: Missing): readonly MissingJson[] {
  return [...needsJson(missing), ...missing.anyOf.flatMap(choiceJson)]
}

/** An entry of `authorization` of `verify --json`: the stable members, then what explains them. */
export function authorizationJson(
  hash: string,
  result: AuthorizationResult,
): Readonly<Record<string, unknown>> {
  const { status, signed, missing, reasons, superfluous, neededState, assumptions } = result
  return {
    hash,
    status,
    signed,
    missing: missingJson(missing),
    ...(reasons.length === 0
      ? {}
      : {
          reasons: reasons.map(({ code, subjects, detail }) => ({
            code,
            subjects,
            ...(detail === undefined ? {} : { detail }),
          })),
        }),
    ...(superfluous.length === 0 ? {} : { superfluous }),
    ...(neededState.length === 0 ? {} : { neededState: neededState.map(named) }),
    ...(assumptions.length === 0 ? {} : { assumptions: assumptions.map(named) }),
    ...(result.relaxations.length === 0 ? {} : { relaxations: result.relaxations }),
  }
}

/** A variant with its name as an ordinary member. */
function named({ $case, ...members }: NeededState | Assumption): Readonly<Record<string, unknown>> {
  return { code: $case, ...members }
}

const RELAXATION_WORDS: Readonly<Record<Relaxation, string>> = {
  'missing-extra-keys': 'the new keys of an OwnerToKeyMapping did not sign',
  'raised-permission': 'the host did not sign for the permission that was raised',
}

/** A relaxation in words. */
export const relaxationText = (relaxation: Relaxation): string => RELAXATION_WORDS[relaxation]

function neededText(needed: NeededState): string {
  switch (needed.$case) {
    case 'namespace':
      return `the root certificate or the definition of the namespace ${needed.namespace}`
    case 'delegations':
      return `delegations of the namespace ${needed.namespace}, if there are any, to ${needed.keys.join(', ')}`
    case 'previous':
      return `the transaction of the same mapping with serial ${needed.serial}, and what proves it`
    case 'key':
      return `the public key ${needed.fingerprint}`
    case 'synchronizer':
      return 'the synchronizer that the transaction is for'
  }
}

function assumptionText(assumption: Assumption): string {
  switch (assumption.$case) {
    case 'no-later-revocation':
      return `no delegation of ${assumption.namespace} was changed or revoked since`
    case 'no-later-definition':
      return `the definition of ${assumption.namespace} was not changed since`
    case 'serial-free':
      return `nothing else has used serial ${assumption.serial} or a later one`
    case 'accepted-by-network':
      return 'the network took what this rests on'
    case 'no-further-delegation':
      return 'nobody who signed may act for those called missing by a delegation that is not known here'
  }
}

/** Who could sign, one a line; a namespace's own key needs no line of its own. */
function candidateLines(
  owner: string,
  candidates: readonly string[],
  indent: string,
): readonly string[] {
  const [first] = candidates
  if (first === undefined) return [`${indent}nobody can, as far as the state shows`]
  if (first === owner && candidates.length === 1) return [`${indent}by its own key`]
  return [
    `${indent}by ${candidates.length === 1 ? 'the key' : 'any of the keys'}`,
    ...candidates.map((key) => `${indent}  ${key}${key === owner ? ' (its own)' : ''}`),
  ]
}

function missingNamespaceLines(missing: MissingNamespace, indent: string): readonly string[] {
  const { namespace, kind, need, of, candidates, openOwners } = missing
  const below = `${indent}  `
  if (kind === 'unknown' && candidates.length === 0) {
    return [
      `${indent}the namespace ${namespace}`,
      `${below}who can sign for it is not known here: the state does not have it`,
    ]
  }
  if (kind !== 'decentralized') {
    return [`${indent}the namespace ${namespace}`, ...candidateLines(namespace, candidates, below)]
  }
  return [
    `${indent}the decentralized namespace ${namespace}: ${need} more of the ${counted(of, 'owner')} it needs`,
    ...openOwners.flatMap((owner) => [
      `${below}owner ${owner.namespace}`,
      ...candidateLines(owner.namespace, owner.candidates, `${below}  `),
    ]),
  ]
}

function needLines({ namespaces, keys }: Alternative, indent: string): readonly string[] {
  return [
    ...namespaces.flatMap((one) => missingNamespaceLines(one, indent)),
    ...keys.map((key) => `${indent}the key ${key} itself`),
  ]
}

function missingLines(missing: Missing, indent: string): readonly string[] {
  return [
    ...needLines(missing, indent),
    ...missing.anyOf.flatMap((choice) =>
      choice.flatMap((one, i) => [
        `${indent}${i === 0 ? 'one of these ways:' : 'or'}`,
        ...needLines(one, `${indent}  `),
      ]),
    ),
  ]
}

function list(title: string, lines: readonly string[], indent: string): readonly string[] {
  return lines.length === 0 ? [] : [`${indent}${title}`, ...lines]
}

/**
 * The whole answer in plain words: the status and why, who signed, who is missing, which signatures
 * count for nothing, what else would have to be known, and what no file can prove.
 */
export function authorizationLines(result: AuthorizationResult, indent: string): readonly string[] {
  const below = `${indent}  `
  const items = (texts: readonly string[]): readonly string[] =>
    texts.map((text) => `${below}${escapeText(text)}`)
  const sentences = (texts: readonly string[]): readonly string[] =>
    texts.flatMap((text) => wrapText(`- ${escapeText(text)}`, below))
  const reasons = result.reasons.map(({ code, subjects, detail }) =>
    [AUTHORIZATION_REASONS[code], ...(detail === undefined ? [] : [detail]), ...subjects].join(
      ': ',
    ),
  )
  const missing = missingLines(result.missing, below)
  return [
    `${indent}${result.status}`,
    ...sentences(reasons),
    ...list('signed by', items(result.signed), indent),
    ...list('missing', missing, indent),
    ...list('does not verify', items(result.invalid), indent),
    ...list('cannot be verified', items(result.unverifiable), indent),
    ...list('counts for nothing', items(result.superfluous), indent),
    ...list('needed to decide', sentences(result.neededState.map(neededText)), indent),
    ...list('accepted by a relaxation', sentences(result.relaxations.map(relaxationText)), indent),
    ...list('taken for granted', sentences(result.assumptions.map(assumptionText)), indent),
  ]
}
