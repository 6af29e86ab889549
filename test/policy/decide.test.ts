import { describe, expect, test } from 'vitest'
import { buildSpec, buildTransaction } from '../../src/build/build.ts'
import { findDangers } from '../../src/explain/dangers.ts'
import { statementContext } from '../../src/explain/report.ts'
import { decide, requirePolicy, type Decision } from '../../src/policy/decide.ts'
import { factsOf, type PolicyFacts } from '../../src/policy/facts.ts'
import { readPolicy, type Policy } from '../../src/policy/policy.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { codeOf, key, messageOf, specFrom, uid } from '../build/support.ts'

const alice = uid('alice', key(0))
const p1 = uid('p1', key(1))
const p2 = uid('p2', key(2))
const synchronizer = uid('global', key(3))

const policyOf = (allow: string, deny = ''): Policy =>
  readPolicy(
    `version: 1\nallow:${allow === '' ? ' []' : `\n${allow}`}\n${deny === '' ? '' : `deny:\n${deny}`}`,
    'policy.yaml',
  )

const RULE = `  - name: hosting
    mapping: partyToParticipant
    operation: replace
    party: "${alice}"
    participant: ["${p1}", "${p2}=observation"]
    permission: [confirmation, observation]
    key: "${key(0).fingerprint}"
    keyUsage: [namespace, protocol, proof-of-ownership]
    serial: { least: 2, most: 5 }
    threshold: 1
    signingThreshold: 1
`

const DENY_NAMESPACE = '  - { name: no namespace keys, keyUsage: namespace }'

const hosting = (
  fields: {
    hosts?: string
    threshold?: number
    serial?: number
    operation?: string
    party?: string
    key?: number
    signers?: string
  } = {},
): string =>
  `transactions:
  - operation: ${fields.operation ?? 'replace'}
    serial: ${fields.serial ?? 2}
    partyToParticipant:
      party: "${fields.party ?? alice}"
      threshold: ${fields.threshold ?? 1}
      participants: [${fields.hosts ?? `{ participant: "${p1}", permission: confirmation }`}]
      ${fields.signers ?? `partySigningKeys: { threshold: 1, keys: [{ publicKey: file:k, usage: [namespace, protocol] }] }`}
`

const facts = (text: string, dangers?: PolicyFacts['dangers'], own = key(0)): PolicyFacts => {
  const [built] = buildSpec(specFrom(text, { k: own }).transactions, [], { allowSubmission: true })
  if (built === undefined) throw new Error('nothing built')
  return factsOf(built, dangers ?? [])
}

describe('decide', () => {
  test('names the rule that allows', () => {
    expect(decide(policyOf(RULE), facts(hosting()))).toEqual({ $case: 'allowed', rule: 'hosting' })
    const two = `{ participant: "${p1}", permission: confirmation }, { participant: "${p2}", permission: observation }`
    expect(decide(policyOf(RULE), facts(hosting({ hosts: two, serial: 5 })))).toEqual({
      $case: 'allowed',
      rule: 'hosting',
    })
  })

  const host = (uid: string, permission: string): string =>
    `{ participant: "${uid}", permission: ${permission} }`
  test.each([
    ['another party', hosting({ party: uid('bob', key(0)) }), 'party'],
    ['the party of another namespace', hosting({ party: uid('alice', key(1)) }), 'party'],
    [
      'another participant',
      hosting({ hosts: host(uid('p3', key(3)), 'confirmation') }),
      'participant',
    ],
    [
      'the name of a participant under another namespace',
      hosting({ hosts: host(uid('p1', key(3)), 'confirmation') }),
      'participant',
    ],
    [
      'one participant too many',
      hosting({ hosts: `${host(p1, 'confirmation')}, ${host(uid('p3', key(3)), 'observation')}` }),
      'participant',
    ],
    [
      'a participant with more than its permission',
      hosting({ hosts: `${host(p1, 'confirmation')}, ${host(p2, 'confirmation')}` }),
      'participant',
    ],
    ['a permission that is not listed', hosting({ hosts: host(p1, 'submission') }), 'permission'],
    [
      'an onboarding flag, of which the rule says nothing',
      hosting({ hosts: `{ participant: "${p1}", permission: confirmation, onboarding: true }` }),
      'onboarding',
    ],
    ['a serial below', hosting({ serial: 1 }), 'serial'],
    ['a serial above', hosting({ serial: 6 }), 'serial'],
    [
      'a higher threshold',
      hosting({ hosts: `${host(p1, 'confirmation')}, ${host(p2, 'observation')}`, threshold: 2 }),
      'threshold',
    ],
    ['a removal', hosting({ operation: 'remove' }), 'operation'],
    ['keys that are gone', hosting({ signers: '' }), 'key'],
  ])('refuses %s', (_what, text, dimension) => {
    const decision = decide(policyOf(RULE), facts(text))
    expect(decision.$case).toBe('not-allowed')
    expect(reasonOf(decision)).toContain(dimension)
  })

  test('refuses another key', () => {
    const text = hosting({
      signers:
        'partySigningKeys: { threshold: 1, keys: [{ publicKey: file:k, usage: [protocol] }] }',
    })
    const decision = decide(policyOf(RULE), facts(text, [], key(4)))
    expect(reasonOf(decision)).toContain('key')
  })

  test.each([
    'mapping',
    'operation',
    'party',
    'participant',
    'permission',
    'key',
    'keyUsage',
    'serial',
    'threshold',
    'signingThreshold',
  ])('a rule that says nothing about %s allows nothing that has it', (dimension) => {
    const without = RULE.split('\n')
      .filter((line) => !line.trim().startsWith(`${dimension}:`))
      .join('\n')
    expect(decide(policyOf(without), facts(hosting()))).toEqual({
      $case: 'not-allowed',
      reasons: [{ rule: 'hosting', reason: `it says nothing about ${dimension}` }],
    })
    const any = RULE.split('\n')
      .map((line) => (line.trim().startsWith(`${dimension}:`) ? `    ${dimension}: any` : line))
      .join('\n')
    expect(decide(policyOf(any), facts(hosting())).$case).toBe('allowed')
  })

  test('a rule that asks for what is not there is not met', () => {
    const asking = `${RULE}    onboarding: "${p1}"\n`
    expect(reasonOf(decide(policyOf(asking), facts(hosting())))).toContain('onboarding')
    const grouped = `${RULE}    group: "3"\n`
    expect(reasonOf(decide(policyOf(grouped), facts(hosting())))).toContain('group')
  })

  test('grave dangers have to be accepted by name, others not', () => {
    const own = facts(hosting(), [{ code: 'root-delegation-removed', grave: true }])
    expect(reasonOf(decide(policyOf(RULE), own))).toContain('root-delegation-removed')
    const accepting = `${RULE}    danger: root-delegation-removed\n`
    expect(decide(policyOf(accepting), own).$case).toBe('allowed')
    const two = facts(hosting(), [
      { code: 'root-delegation-removed', grave: true },
      { code: 'serial-last', grave: true },
    ])
    expect(reasonOf(decide(policyOf(accepting), two))).toContain('serial-last')
    const light = facts(hosting(), [{ code: 'signature-unbound', grave: false }])
    expect(decide(policyOf(RULE), light).$case).toBe('allowed')
  })

  test.each(['previous-unknown', 'serial-jump'] as const)(
    'state left out widens no rule: %s hides what is grave, and has to be accepted',
    (code) => {
      const own = facts(hosting(), [{ code, grave: false }])
      expect(reasonOf(decide(policyOf(RULE), own))).toContain(code)
      expect(decide(policyOf(`${RULE}    danger: ${code}\n`), own).$case).toBe('allowed')
    },
  )

  test.each([
    ['its mapping', 'mapping: partyToParticipant'],
    ['one of its hosts', `participant: "${p1}"`],
    ['one of its hosts with its permission', `participant: "${p1}=confirmation"`],
    ['its party', `party: ["${uid('bob', key(0))}", "${alice}"]`],
    ['one of its keys', `key: "${key(0).fingerprint}"`],
    ['its serial', 'serial: { least: 2 }'],
    ['its threshold', 'threshold: { most: 1 }'],
    ['any party at all', 'party: any'],
    ['one of its dangers, grave or not', 'danger: [serial-jump, signature-unbound]'],
    ['several things that all hold', `party: "${alice}"\n    serial: 2`],
  ])('denial by %s wins', (_what, condition) => {
    const own = facts(hosting(), [{ code: 'signature-unbound', grave: false }])
    expect(decide(policyOf(RULE, `  - name: no\n    ${condition}`), own)).toEqual({
      $case: 'denied',
      rule: 'no',
    })
  })

  test.each([
    ['another mapping', 'mapping: namespaceDelegation'],
    ['a host with another permission', `participant: "${p1}=observation"`],
    ['a host whose name is longer', `participant: "${p1.replace('p1', 'p11')}"`],
    ['a danger that is not there', 'danger: serial-jump'],
    ['something that it does not have', 'onboarding: any'],
    ['a number that it does not reach', 'threshold: { least: 2 }'],
    ['two things of which one holds', `party: "${alice}"\n    serial: 3`],
    [
      'a holding condition and a danger that is not there',
      `party: "${alice}"\n    danger: serial-jump`,
    ],
  ])('denial of %s leaves it allowed', (_what, condition) => {
    const policy = policyOf(RULE, `  - name: no\n    ${condition}`)
    expect(decide(policy, facts(hosting())).$case).toBe('allowed')
  })

  test('an empty policy allows nothing', () => {
    expect(decide(policyOf(''), facts(hosting()))).toEqual({ $case: 'not-allowed', reasons: [] })
  })

  test('every rule gives its reason', () => {
    const second = RULE.replace('name: hosting', 'name: other').replace(
      'serial: { least: 2, most: 5 }',
      'serial: 9',
    )
    const decision = decide(policyOf(RULE + second), facts(hosting({ serial: 7 })))
    expect(decision).toEqual({
      $case: 'not-allowed',
      reasons: [
        { rule: 'hosting', reason: 'serial 7 is outside its range' },
        { rule: 'other', reason: 'serial 7 is outside its range' },
      ],
    })
    expect(decide(policyOf(RULE + second), facts(hosting({ serial: 9 })))).toEqual({
      $case: 'allowed',
      rule: 'other',
    })
  })

  test('findings are refused before anything else is looked at', () => {
    const broken = factsOf(readTransaction(Uint8Array.of(1, 2, 3)), [])
    expect(decide(policyOf(RULE), broken).$case).toBe('unsound')
    expect(decide(policyOf(RULE), { ...facts(hosting()), findings: ['unknown-field'] })).toEqual({
      $case: 'unsound',
      findings: ['unknown-field'],
    })
  })
})

function reasonOf(decision: Decision): string {
  return decision.$case === 'not-allowed'
    ? decision.reasons.map(({ reason }) => reason).join('; ')
    : decision.$case
}

describe('facts', () => {
  const of = (text: string): PolicyFacts => facts(text)
  test.each([
    [
      'a delegation',
      `namespaceDelegation: { namespace: "${key(5).fingerprint}", targetKey: { publicKey: file:k, usage: [namespace] }, restriction: [partyToParticipant, vettedPackages] }`,
      {
        namespace: [key(5).fingerprint],
        restriction: ['vettedPackages', 'partyToParticipant'],
        keyUsage: ['namespace'],
      },
      {},
    ],
    [
      'a trust certificate',
      `synchronizerTrustCertificate: { participantUid: "${p1}", synchronizerId: "${synchronizer}", featureFlags: [enable-multi-synchronizer] }`,
      {
        participant: [p1],
        synchronizer: [synchronizer],
        featureFlag: ['enable-multi-synchronizer'],
      },
      {},
    ],
    [
      'a permission on a synchronizer',
      `participantSynchronizerPermission: { participantUid: "${p1}", synchronizerId: "${synchronizer}", permission: submission, loginAfter: 5 }`,
      { participant: [`${p1}=submission`], permission: ['submission'], content: ['login-after'] },
      {},
    ],
    [
      'vetted packages',
      `vettedPackages: { participantUid: "${p1}", packages: [{ packageId: "${'ab'.repeat(32)}", validUntilExclusive: "2027-01-01T00:00:00Z" }] }`,
      { participant: [p1], package: ['ab'.repeat(32)], content: ['package-validity'] },
      {},
    ],
    [
      'a mediator group',
      `mediatorSynchronizerState: { synchronizerId: "${synchronizer}", group: 3, threshold: 1, active: ["${p1}"], observers: ["${p2}"] }`,
      { member: [p1, p2], group: ['3'], synchronizer: [synchronizer] },
      { threshold: 1 },
    ],
    [
      'an announcement',
      `lsuAnnouncement: { successorPhysicalSynchronizerId: "${synchronizer}::35-1", upgradeTime: "2027-01-01T00:00:00Z" }`,
      { synchronizer: [synchronizer], content: ['upgrade-announcement'] },
      {},
    ],
    [
      'the successor of a sequencer on a physical synchronizer',
      `lsuSequencerConnectionSuccessor: { sequencerId: "SEQ::${p1}", successorPhysicalSynchronizerId: "${synchronizer}::35-1", connection: { endpoints: ["https://one.example"] } }`,
      { member: [`SEQ::${p1}`], synchronizer: [synchronizer], content: ['sequencer-connection'] },
      {},
    ],
    [
      'the successor of a sequencer on a logical synchronizer',
      `lsuSequencerConnectionSuccessor: { sequencerId: "SEQ::${p1}", synchronizerId: "${synchronizer}", connection: { grpc: { endpoints: ["https://one.example"] } } }`,
      { member: [`SEQ::${p1}`], synchronizer: [synchronizer], content: ['sequencer-connection'] },
      {},
    ],
    [
      'keys of a party',
      `partyToKeyMapping: { party: "${alice}", threshold: 1, signingKeys: [{ publicKey: file:k, usage: [protocol] }] }`,
      { party: [alice], key: [key(0).fingerprint], keyUsage: ['protocol', 'proof-of-ownership'] },
      { signingThreshold: 1 },
    ],
    [
      'hosting limits',
      `partyHostingLimits: { synchronizerId: "${synchronizer}", party: "${alice}" }`,
      { party: [alice], synchronizer: [synchronizer] },
      {},
    ],
  ])('of %s', (_what, mapping, sets, ranges) => {
    const own = of(`transactions: [{ serial: 4, ${mapping} }]`)
    expect(own.sets).toMatchObject({ operation: ['replace'], ...sets })
    expect(own.ranges).toEqual({ serial: 4, ...ranges })
    expect(own.findings).toEqual([])
  })

  /** The facts of the hosting transaction with this on the wire in place of what a spec writes. */
  function factsWith(usage: readonly number[], prefix: string): PolicyFacts['sets'] {
    const start = specFrom(hosting(), { k: key(0) }).transactions[0]
    if (start?.mapping.$case !== 'partyToParticipant') throw new Error('another mapping')
    const built = buildTransaction({ ...start, serial: 2 })
    const mapping = built.value.mapping?.mapping
    if (mapping?.$case !== 'partyToParticipant') throw new Error('another mapping')
    const own = mapping.value.partySigningKeys
    const value = {
      ...mapping.value,
      participants: mapping.value.participants.map((one) => ({
        ...one,
        participantUid: `${prefix}${one.participantUid}`,
      })),
      partySigningKeys: own && { ...own, keys: own.keys.map((one) => ({ ...one, usage })) },
    }
    const read = {
      ...built,
      value: { ...built.value, mapping: { mapping: { ...mapping, value } } },
    }
    return factsOf(read, []).sets
  }

  const every = ['namespace', 'sequencer-authentication', 'protocol', 'proof-of-ownership']

  test.each([
    ['nothing', [], every],
    ['the deprecated usage alone', [2], ['identity-delegation', ...every]],
    ['the deprecated usage and another', [2, 1], ['identity-delegation', 'namespace']],
    ['a usage that comes with another', [4], ['protocol', 'proof-of-ownership']],
  ])('the usages of a key that lists %s are those that nodes see', (_what, usage, seen) => {
    expect(factsWith(usage, '').keyUsage).toEqual(seen)
  })

  test('no rule against a usage is got round by leaving the usage out', () => {
    const sets = factsWith([2], '')
    const policy = policyOf(RULE.replace(/keyUsage: .*/, 'keyUsage: any'), DENY_NAMESPACE)
    const decision = decide(policy, { sets, ranges: {}, dangers: [], findings: [] })
    expect(decision).toEqual({ $case: 'denied', rule: 'no namespace keys' })
  })

  test('a participant that is called PAR keeps its name', () => {
    const par = uid('PAR', key(1))
    const mapping = `synchronizerTrustCertificate: { participantUid: "${par}", synchronizerId: "${synchronizer}" }`
    expect(of(`transactions: [{ serial: 1, ${mapping} }]`).sets.participant).toEqual([par])
  })

  test('an old record of a participant loses its code', () => {
    expect(factsWith([1, 4, 5], 'PAR::').participant).toEqual([`${p1}=confirmation`])
  })
})

describe('requirePolicy', () => {
  test('allows a package only if every transaction is allowed', () => {
    const good = facts(hosting())
    const bad = facts(hosting({ serial: 9 }))
    expect(requirePolicy(policyOf(RULE), [good, good])).toEqual(['hosting', 'hosting'])
    expect(codeOf(() => requirePolicy(policyOf(RULE), [good, bad]))).toBe('policy-refused')
    expect(messageOf(() => requirePolicy(policyOf(RULE), [good, bad]))).toContain('transaction 2')
    expect(messageOf(() => requirePolicy(policyOf(''), [good]))).toContain('allows nothing')
    const deny = policyOf(RULE, '  - name: frozen\n    party: any')
    expect(messageOf(() => requirePolicy(deny, [good]))).toContain('frozen')
  })

  test('judges with the dangers that explaining finds', () => {
    const text = `transactions: [{ operation: remove, serial: 2, namespaceDelegation: { namespace: "${key(0).fingerprint}", targetKey: { publicKey: file:k, usage: [namespace] }, restriction: all } }]`
    const [built] = buildSpec(specFrom(text, { k: key(0) }).transactions)
    if (built === undefined) throw new Error('nothing built')
    const own = factsOf(built, findDangers(built.value, statementContext))
    const rule = `  - name: roots
    mapping: any
    operation: any
    namespace: any
    key: any
    keyUsage: any
    restriction: any
    serial: any
`
    expect(messageOf(() => requirePolicy(policyOf(rule), [own]))).toContain(
      'root-delegation-removed',
    )
  })
})
