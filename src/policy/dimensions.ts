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

export type RangeDimension = 'serial' | 'threshold' | 'signingThreshold'

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

/** A member of a synchronizer stands without its code in some mappings and with it in others. */
function memberProblem(text: string): string | undefined {
  return readMemberId(text).ok ? undefined : uniqueIdentifier(text)
}

/** What `content` names: parts of a mapping that no other dimension speaks about. */
export const CONTENT = [
  'limits',
  'login-after',
  'package-validity',
  'synchronizer-parameters',
  'sequencing-parameters',
  'upgrade-announcement',
  'sequencer-connection',
  'purge',
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
    meaning: 'the id of a package that is vetted',
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
]

export interface RangeDimensionRow {
  readonly name: RangeDimension
  readonly meaning: string
}

export const RANGE_DIMENSIONS: readonly RangeDimensionRow[] = [
  { name: 'serial', meaning: 'the serial of the transaction' },
  { name: 'threshold', meaning: 'how many hosts confirm, owners sign or members are needed' },
  { name: 'signingThreshold', meaning: 'how many keys of a party sign' },
]
