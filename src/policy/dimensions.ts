/**
 * The things a policy can speak about: one row each. Facts, rules and the JSON Schema all follow
 * this table, so that a rule cannot name what no transaction has.
 */
import { isFingerprint, isNamespace } from '../ident/fingerprint.ts'
import { readMemberId, readUniqueIdentifier, type Reading } from '../ident/identifiers.ts'
import { enumChoices, MAPPINGS, mappingName, OPERATIONS } from '../build/names.ts'

export type SetDimension =
  | 'mapping'
  | 'operation'
  | 'party'
  | 'participant'
  | 'permission'
  | 'onboarding'
  | 'synchronizer'
  | 'namespace'
  | 'owner'
  | 'member'
  | 'key'
  | 'keyUsage'
  | 'restriction'
  | 'package'
  | 'featureFlag'
  | 'group'
  | 'content'
  | 'actAs'
  | 'action'
  | 'template'
  | 'choice'
  | 'interface'
  | 'contract'
  | 'effect'
  | 'informee'

export type RangeDimension =
  'serial' | 'threshold' | 'signingThreshold' | 'ageSeconds' | 'validitySeconds'

export interface SetDimensionRow {
  readonly name: SetDimension
  readonly meaning: string
  /** Why a text cannot be a value of this dimension, or `undefined`. */
  readonly problem: (text: string) => string | undefined
}

const fromReading =
  (read: (text: string) => Reading<unknown>) =>
  (text: string): string | undefined => {
    const reading = read(text)
    return reading.ok ? undefined : reading.problem
  }

function oneOf(choices: Iterable<string>): SetDimensionRow['problem'] {
  const names = [...choices]
  return (text) => (names.includes(text) ? undefined : `it is none of: ${names.join(', ')}`)
}

const mappingNames = [...new Set([...MAPPINGS.values()].map(mappingName))]
const permissions = [...enumChoices('ParticipantPermission').keys()]

const uniqueIdentifier = fromReading(readUniqueIdentifier)
const hex68 = 'it is not 68 lower-case hex characters beginning 1220'

/** `uid`, or `uid=permission` for one permission of that participant alone. */
function participantProblem(text: string): string | undefined {
  const [uid = '', permission, ...more] = text.split('=')
  if (more.length > 0) return 'it has more than one ='
  const own = uniqueIdentifier(uid)
  if (own !== undefined || permission === undefined) return own
  return oneOf(permissions)(permission)
}

const NAMES = String.raw`[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*`
const TEMPLATE = String.raw`#[A-Za-z0-9_-]+:${NAMES}:${NAMES}`
const CHOICE = String.raw`[A-Za-z_$][\w$]*`

/** A text that matches as a whole. */
function matching(pattern: string, what: string): SetDimensionRow['problem'] {
  const whole = new RegExp(`^(?:${pattern})$`)
  return (text) => (whole.test(text) ? undefined : `it is not ${what}`)
}

/** A member of a synchronizer stands without its code in some mappings and with it in others. */
function memberProblem(text: string): string | undefined {
  return readMemberId(text).ok ? undefined : uniqueIdentifier(text)
}

/** What `content` names: parts of a transaction that no other dimension speaks about. */
export const CONTENT = [
  'limits',
  'login-after',
  'package-validity',
  'synchronizer-parameters',
  'sequencing-parameters',
  'upgrade-announcement',
  'sequencer-connection',
  'purge',
  'create-argument',
  'choice-argument',
  'no-expiry',
] as const
export type Content = (typeof CONTENT)[number]

export const SET_DIMENSIONS: readonly SetDimensionRow[] = [
  { name: 'mapping', meaning: 'the mapping, as a spec names it', problem: oneOf(mappingNames) },
  { name: 'operation', meaning: 'replace or remove', problem: oneOf(OPERATIONS.keys()) },
  { name: 'party', meaning: 'the party', problem: uniqueIdentifier },
  {
    name: 'participant',
    meaning: 'a participant, or participant=permission for a host with that permission',
    problem: participantProblem,
  },
  { name: 'permission', meaning: 'what a participant may do', problem: oneOf(permissions) },
  {
    name: 'onboarding',
    meaning: 'a host that is listed and has not imported the contracts',
    problem: uniqueIdentifier,
  },
  { name: 'synchronizer', meaning: 'the logical synchronizer', problem: uniqueIdentifier },
  {
    name: 'namespace',
    meaning: 'the namespace that is delegated or defined',
    problem: (text) => (isNamespace(text) ? undefined : hex68),
  },
  {
    name: 'owner',
    meaning: 'an owner of a decentralized namespace',
    problem: (text) => (isNamespace(text) ? undefined : hex68),
  },
  { name: 'member', meaning: 'a participant, mediator or sequencer', problem: memberProblem },
  {
    name: 'key',
    meaning: 'the fingerprint of a key that the mapping lists',
    problem: (text) => (isFingerprint(text) ? undefined : hex68),
  },
  {
    name: 'keyUsage',
    meaning: 'a usage of a key that the mapping lists',
    problem: oneOf(enumChoices('SigningKeyUsage').keys()),
  },
  {
    name: 'restriction',
    meaning: 'what a delegated key may sign: all, all-but-namespace-delegations or a mapping',
    problem: oneOf(['all', 'all-but-namespace-delegations', ...mappingNames]),
  },
  {
    name: 'package',
    meaning: 'the id of a package that is vetted, or whose code a Daml transaction uses',
    problem: (text) =>
      /^[0-9a-f]{64}$/.test(text) ? undefined : 'it is not 64 lower-case hex characters',
  },
  {
    name: 'featureFlag',
    meaning: 'a feature that a participant supports',
    problem: oneOf(enumChoices('ParticipantFeatureFlag').keys()),
  },
  {
    name: 'group',
    meaning: 'the number of a mediator group',
    problem: (text) => (/^(0|[1-9]\d{0,9})$/.test(text) ? undefined : 'it is no group number'),
  },
  { name: 'content', meaning: 'content that nothing else here names', problem: oneOf(CONTENT) },
  {
    name: 'actAs',
    meaning: 'a party that acts in a Daml transaction',
    problem: uniqueIdentifier,
  },
  {
    name: 'action',
    meaning: 'what the root of a Daml transaction is: create or exercise',
    problem: oneOf(['create', 'exercise']),
  },
  {
    name: 'template',
    meaning: 'the template of the root, #package-name:Module.Name:Entity',
    problem: matching(TEMPLATE, 'of the form #package-name:Module.Name:Entity'),
  },
  {
    name: 'choice',
    meaning: 'the choice that the root exercises',
    problem: matching(CHOICE, 'the name of a choice'),
  },
  {
    name: 'interface',
    meaning: 'the interface that the root exercises through, package-id:Module.Name:Entity',
    problem: matching(
      `[0-9a-f]{64}:${NAMES}:${NAMES}`,
      'of the form package-id:Module.Name:Entity',
    ),
  },
  {
    name: 'contract',
    meaning: 'the id of the contract that the root exercises a choice on',
    problem: matching('0[01](?:[0-9a-f]{2})+', 'a contract id in lower-case hex'),
  },
  {
    name: 'effect',
    meaning:
      'what happens below the root: a template, or template=create, =fetch, =query or =exercise.Choice for that alone',
    problem: matching(
      `${TEMPLATE}(?:=(?:create|fetch|query|exercise\\.${CHOICE}))?`,
      'of the form #package-name:Module.Name:Entity=exercise.Choice',
    ),
  },
  {
    name: 'informee',
    meaning: 'a party that gets to see a part of a Daml transaction',
    problem: uniqueIdentifier,
  },
]

export interface RangeDimensionRow {
  readonly name: RangeDimension
  readonly meaning: string
}

export const RANGE_DIMENSIONS: readonly RangeDimensionRow[] = [
  { name: 'serial', meaning: 'the serial of the transaction' },
  { name: 'threshold', meaning: 'how many hosts confirm, owners sign or members are needed' },
  { name: 'signingThreshold', meaning: 'how many keys of a party sign' },
  {
    name: 'ageSeconds',
    meaning: 'how long ago a Daml transaction was prepared, by the clock here',
  },
  {
    name: 'validitySeconds',
    meaning:
      'how long after its preparation a Daml transaction can be executed, where that is signed',
  },
]
