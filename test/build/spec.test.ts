import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildSpec, buildTransaction } from '../../src/build/build.ts'
import { keyFilesOf, openSpec } from '../../src/build/spec.ts'
import { fixtureBytes } from '../support/vectors.ts'
import { parseHex, toBase64 } from '../../src/base/bytes.ts'
import { codeOf, fixtureKey, key, messageOf, specFrom, uid } from './support.ts'

const alice = fixtureKey('ed25519-a')
const next = fixtureKey('p256-b')
const files = { 'alice.pub.der': alice, 'next.pub.der': next }

const EXAMPLE = `
transactions:
  - operation: replace
    serial: 2
    partyToParticipant:
      party: ${uid('alice', alice)}
      threshold: 2
      participants:
        - { participant: ${uid('participant1', key(0))}, permission: confirmation }
        - { participant: ${uid('participant2', key(1))}, permission: observation, onboarding: true }
      partySigningKeys: { threshold: 1, keys: [ { publicKey: file:alice.pub.der, usage: [namespace, protocol, proof-of-ownership] } ] }
  - namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: { publicKey: file:next.pub.der, usage: [namespace] }, restriction: all-but-namespace-delegations }
`

describe('readSpec', () => {
  test('reads the example of the documentation', () => {
    const { transactions } = specFrom(EXAMPLE, files)
    expect(transactions).toMatchObject([
      {
        operation: 1,
        serial: 2,
        mapping: {
          $case: 'partyToParticipant',
          value: {
            party: uid('alice', alice),
            threshold: 2,
            participants: [
              { participantUid: uid('participant1', key(0)), permission: 2, onboarding: undefined },
              { participantUid: uid('participant2', key(1)), permission: 3, onboarding: {} },
            ],
            partySigningKeys: {
              threshold: 1,
              keys: [{ format: 4, scheme: 0, keySpec: 1, usage: [1, 4, 5] }],
            },
          },
        },
      },
      {
        operation: 1,
        serial: undefined,
        mapping: {
          $case: 'namespaceDelegation',
          value: {
            isRootDelegation: false,
            targetKey: { keySpec: 2, usage: [1] },
            restriction: { $case: 'canSignAllButNamespaceDelegations' },
          },
        },
      },
    ])
  })

  test('names every key file once, as it is written', () => {
    const text = `${EXAMPLE}  - namespaceDelegation: { targetKey: { publicKey: file:next.pub.der } }\n`
    expect(keyFilesOf(openSpec(text, 'f'))).toEqual(['alice.pub.der', 'next.pub.der'])
  })

  const delegationWith = (targetKey: string, restriction = 'all'): string =>
    `transactions: [{ namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: ${targetKey}, restriction: ${restriction} } }]`

  test('takes a key as base64 with its fingerprint', () => {
    const own = `{ publicKey: ${toBase64(next.spki)}, fingerprint: ${next.fingerprint}, usage: [namespace] }`
    const [built] = buildSpec(specFrom(delegationWith(own)).transactions)
    expect(built?.value.mapping?.mapping).toMatchObject({ value: { targetKey: { keySpec: 2 } } })
  })

  test('spells mappings of a restriction either way, and sorts them as Canton does', () => {
    const own = '{ publicKey: file:next.pub.der, usage: [namespace] }'
    const text = delegationWith(own, '[partyToKeyMapping, party-to-participant, vettedPackages]')
    expect(specFrom(text, files).transactions[0]?.mapping).toMatchObject({
      value: { restriction: { $case: 'canSignSpecificMapings', value: { mappings: [8, 9, 18] } } },
    })
  })

  test('completes the usage as a node would, but for a key of the namespace alone', () => {
    const usageOf = (usage: string): unknown => {
      const text = delegationWith(`{ publicKey: file:next.pub.der, usage: [${usage}] }`)
      const mapping = specFrom(text, files).transactions[0]?.mapping
      return mapping?.$case === 'namespaceDelegation' ? mapping.value.targetKey?.usage : undefined
    }
    expect(usageOf('protocol, namespace')).toEqual([1, 4, 5])
    expect(usageOf('namespace')).toEqual([1])
  })

  test('reads both forms of a sequencer connection successor', () => {
    const id = uid('seq', key(0))
    const text = `transactions:
  - lsuSequencerConnectionSuccessor:
      sequencerId: SEQ::${id}
      successorPhysicalSynchronizerId: ${uid('global', key(1))}::34-1
      connection: { endpoints: [https://one.example:443] }
  - sequencerConnectionSuccessor:
      sequencerId: SEQ::${id}
      synchronizerId: ${uid('global', key(1))}
      connection: { grpc: { endpoints: [https://one.example:443] } }
`
    expect(buildSpec(specFrom(text).transactions).map(({ findings }) => findings)).toEqual([[], []])
  })

  test('takes RSA with 2048 bits for encryption alone', () => {
    const rsa = fixtureBytes('keys/bad-rsa2048.spki.der')
    const text = (list: string): string =>
      `transactions: [{ ownerToKeyMapping: { member: PAR::${uid('p', key(0))}, publicKeys: [${list}] } }]`
    const encryption = `{ encryptionPublicKey: { publicKey: ${toBase64(rsa)} } }`
    const signing = `{ signingPublicKey: { publicKey: ${toBase64(next.spki)}, usage: [protocol] } }`
    const [built] = buildSpec(specFrom(text(`${encryption}, ${signing}`)).transactions)
    expect(built?.value.mapping?.mapping).toMatchObject({
      value: { publicKeys: [{ key: { value: { keySpec: 2, format: 4 } } }, {}] },
    })
    const asSigning = `{ signingPublicKey: { publicKey: ${toBase64(rsa)}, usage: [protocol] } }`
    expect(codeOf(() => specFrom(text(asSigning)))).toBe('spec-key')
    const ed25519 = `{ encryptionPublicKey: { publicKey: ${toBase64(alice.spki)} } }`
    expect(codeOf(() => specFrom(text(ed25519)))).toBe('spec-key')
    const cut = `{ encryptionPublicKey: { publicKey: ${toBase64(rsa.subarray(0, 200))} } }`
    expect(codeOf(() => specFrom(text(cut)))).toBe('spec-key')
  })

  const party = uid('alice', alice)
  const host = uid('p', key(0))
  const hosting = (fields: string): string =>
    `transactions: [{ partyToParticipant: { ${fields} } }]`
  const sound = `party: ${party}, threshold: 1, participants: [{ participant: ${host}, permission: confirmation }]`

  test('a field that is misspelled is named beside the one that is missing', () => {
    const misspelled = hosting(sound.replace('threshold', 'treshold'))
    expect(() => specFrom(misspelled)).toThrow(
      /threshold is missing \(given: party, treshold, participants\)$/,
    )
  })

  test('the sound spec that the next cases spoil is sound', () => {
    expect(codeOf(() => specFrom(hosting(sound)))).toBe('no error')
  })

  test.each([
    ['a list at the top', '[]'],
    ['no transactions', 'transactions: []'],
    ['text for transactions', 'transactions: x'],
    ['another field beside', `{ ${hosting(sound)}, version: 1 }`],
    ['a transaction without a mapping', 'transactions: [{ serial: 1 }]'],
    ['a mapping nobody knows', 'transactions: [{ partyToOwner: {} }]'],
    [
      'the mapping of release line 3.3 that removes others',
      'transactions: [{ purgeTopologyTransaction: {} }]',
    ],
    [
      'two mappings in one transaction',
      `transactions: [{ partyToParticipant: { ${sound} }, partyHostingLimits: {} }]`,
    ],
    [
      'two spellings of one mapping',
      `transactions: [{ participantPermission: {}, participantSynchronizerPermission: {} }]`,
    ],
    ['another operation', `transactions: [{ operation: add, partyToParticipant: { ${sound} } }]`],
    [
      'Canton’s name of an operation',
      `transactions: [{ operation: ADD_REPLACE, partyToParticipant: { ${sound} } }]`,
    ],
    ['serial 0', `transactions: [{ serial: 0, partyToParticipant: { ${sound} } }]`],
    ['a negative serial', `transactions: [{ serial: -1, partyToParticipant: { ${sound} } }]`],
    [
      'a serial above the last',
      `transactions: [{ serial: 2147483648, partyToParticipant: { ${sound} } }]`,
    ],
    ['a serial in quotes', `transactions: [{ serial: "2", partyToParticipant: { ${sound} } }]`],
    [
      'a serial with a leading zero',
      `transactions: [{ serial: 02, partyToParticipant: { ${sound} } }]`,
    ],
    [
      'a serial with an exponent',
      `transactions: [{ serial: 1e3, partyToParticipant: { ${sound} } }]`,
    ],
    ['a serial in hex', `transactions: [{ serial: 0x2, partyToParticipant: { ${sound} } }]`],
    ['a fraction', hosting(sound.replace('threshold: 1', 'threshold: 1.0'))],
    ['a threshold above 32 bits', hosting(sound.replace('threshold: 1', 'threshold: 4294967296'))],
    ['no threshold', hosting(sound.replace('threshold: 1, ', ''))],
    ['no party', hosting(sound.replace(/party: [^,]*, /, ''))],
    ['no participants', hosting(`party: ${party}, threshold: 1`)],
    ['an empty party', hosting(sound.replace(party, '""'))],
    ['null for a party', hosting(sound.replace(party, 'null'))],
    ['a party with the code of a member', hosting(sound.replace(party, `PAR::${party}`))],
    ['a party without a namespace', hosting(sound.replace(party, 'alice'))],
    ['a namespace in upper case', hosting(sound.replace(party, party.toUpperCase()))],
    ['a shortened identifier', hosting(sound.replace(party, 'alice::1220…'))],
    [
      'a participant with its code',
      hosting(sound.replace(`participant: ${host}`, `participant: PAR::${host}`)),
    ],
    [
      'a participant in two spellings',
      hosting(
        sound.replace(`participant: ${host}`, `participant: ${host}, participantUid: ${host}`),
      ),
    ],
    ['no permission', hosting(sound.replace(', permission: confirmation', ''))],
    [
      'a permission in capitals',
      hosting(sound.replace('permission: confirmation', 'permission: CONFIRMATION')),
    ],
    [
      'an unspecified permission',
      hosting(sound.replace('permission: confirmation', 'permission: unspecified')),
    ],
    [
      'a number for a permission',
      hosting(sound.replace('permission: confirmation', 'permission: 2')),
    ],
    ['a misspelt field', hosting(sound.replace('permission:', 'permisson:'))],
    ['a field of the wire', hosting(sound.replace('threshold', 'confirmation_threshold'))],
    ['a merge key', hosting(`${sound}, <<: { threshold: 2 }`)],
    [
      'a flag that is a word',
      hosting(sound.replace('confirmation', 'confirmation, onboarding: yes')),
    ],
    [
      'a flag in quotes',
      hosting(sound.replace('confirmation', 'confirmation, onboarding: "true"')),
    ],
    ['a flag without a value', hosting(`${sound}, partySigningKeys: `)],
    [
      'a deprecated field',
      delegationWith('{ publicKey: file:next.pub.der, usage: [namespace] }').replace(
        'restriction',
        'isRootDelegation: true, restriction',
      ),
    ],
    [
      'no restriction',
      delegationWith('{ publicKey: file:next.pub.der, usage: [namespace] }').replace(
        ', restriction: all',
        '',
      ),
    ],
    [
      'an empty restriction',
      delegationWith('{ publicKey: file:next.pub.der, usage: [namespace] }', '[]'),
    ],
    [
      'a restriction of another kind',
      delegationWith('{ publicKey: file:next.pub.der, usage: [namespace] }', 'none'),
    ],
    [
      'a mapping twice in a restriction',
      delegationWith(
        '{ publicKey: file:next.pub.der, usage: [namespace] }',
        '[vettedPackages, vetted-packages]',
      ),
    ],
    ['no usage', delegationWith('{ publicKey: file:next.pub.der }')],
    [
      'an empty usage, which would mean every usage',
      delegationWith('{ publicKey: file:next.pub.der, usage: [] }'),
    ],
    [
      'a usage twice',
      delegationWith('{ publicKey: file:next.pub.der, usage: [namespace, namespace] }'),
    ],
    [
      'the deprecated usage',
      delegationWith('{ publicKey: file:next.pub.der, usage: [identity-delegation] }'),
    ],
    ['a path without file:', delegationWith('{ publicKey: next.pub.der, usage: [namespace] }')],
    [
      'a fingerprint that is none',
      delegationWith('{ publicKey: file:next.pub.der, fingerprint: 1220, usage: [namespace] }'),
    ],
    [
      'a public key in two lists of forms',
      `transactions: [{ ownerToKeyMapping: { member: PAR::${host}, publicKeys: [{ signingPublicKey: { publicKey: file:next.pub.der, usage: [protocol] }, encryptionPublicKey: { publicKey: file:next.pub.der } }] } }]`,
    ],
    [
      'a public key of no form',
      `transactions: [{ ownerToKeyMapping: { member: PAR::${host}, publicKeys: [{}] } }]`,
    ],
    [
      'a time with an offset',
      `transactions: [{ lsuAnnouncement: { successorPhysicalSynchronizerId: "${uid('g', key(0))}::34-1", upgradeTime: "2026-01-01T00:00:00+01:00" } }]`,
    ],
    [
      'a package id in upper case',
      `transactions: [{ vettedPackages: { participantUid: ${host}, packages: [{ packageId: ${'AB'.repeat(32)} }] } }]`,
    ],
    ['invisible characters', hosting(sound.replace(party, `"alice\\u202e::${alice.fingerprint}"`))],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(() => specFrom(text, files))).toBe('spec-invalid')
    expect(messageOf(() => specFrom(text, files))).toMatch(/^spec\.yaml, line \d+, column \d+: /)
  })

  test.each([
    ['a file that was not read', '{ publicKey: file:other.der, usage: [namespace] }'],
    [
      'the fingerprint of another key',
      `{ publicKey: file:next.pub.der, fingerprint: ${alice.fingerprint}, usage: [namespace] }`,
    ],
    ['base64 that is no key', '{ publicKey: AAAA, usage: [namespace] }'],
    [
      'a weak key',
      `{ publicKey: ${toBase64(fixtureBytes('keys/bad-ed25519-low-order.spki.der'))}, usage: [namespace] }`,
    ],
    [
      'a compressed point',
      `{ publicKey: ${toBase64(fixtureBytes('keys/p256-a.spki-compressed.der'))}, usage: [namespace] }`,
    ],
    [
      'a private key',
      `{ publicKey: ${toBase64(fixtureBytes('keys/ed25519-a.pkcs8.der'))}, usage: [namespace] }`,
    ],
  ])('refuses %s as a key', (_what, own) => {
    expect(codeOf(() => specFrom(delegationWith(own), files))).toBe('spec-key')
  })

  test('names the field and its place', () => {
    const text = EXAMPLE.replace('permission: observation', 'permission: watching')
    const column = (text.split('\n')[9]?.indexOf('watching') ?? 0) + 1
    expect(messageOf(() => specFrom(text, files))).toContain(
      `spec.yaml, line 10, column ${column}: transactions[0].partyToParticipant.participants[1].permission: watching is none of: submission, confirmation, observation`,
    )
  })
})

/** SPKI of twenty-one distinct keys. */
const distinctKeys = Array.from({ length: 21 }, () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
})

describe('buildTransaction', () => {
  const buildText = (text: string): unknown => buildSpec(specFrom(text, files).transactions)
  const ptp = (fields: string): string => `transactions: [{ partyToParticipant: { ${fields} } }]`
  const hosts = (...list: readonly string[]): string =>
    `participants: [${list
      .map((permission, i) => `{ participant: ${uid(`p${i}`, key(i))}, permission: ${permission} }`)
      .join(', ')}]`
  const self = (usage: string): string =>
    `partySigningKeys: { threshold: 1, keys: [{ publicKey: file:alice.pub.der, usage: [${usage}] }] }`
  const party = `party: ${uid('alice', alice)}`

  test('what is built has no finding and is canonical', () => {
    for (const built of buildSpec(specFrom(EXAMPLE, files).transactions)) {
      expect(built.findings).toEqual([])
      expect(built.canonical).toBe(true)
    }
  })

  test.each([
    ['threshold-out-of-range', ptp(`${party}, threshold: 2, ${hosts('confirmation')}`)],
    ['threshold-out-of-range', ptp(`${party}, threshold: 0, ${hosts('confirmation')}`)],
    [
      'submission-with-threshold',
      ptp(`${party}, threshold: 2, ${hosts('submission', 'confirmation')}`),
    ],
    [
      'duplicate-entry',
      ptp(
        `${party}, threshold: 1, participants: [{ participant: ${uid('p', key(0))}, permission: confirmation }, { participant: ${uid('p', key(0))}, permission: observation }]`,
      ),
    ],
    [
      'max-serial',
      `transactions: [{ serial: 2147483647, partyToParticipant: { ${party}, threshold: 1, ${hosts('confirmation')} } }]`,
    ],
    [
      'threshold-out-of-range',
      ptp(
        `${party}, threshold: 1, ${hosts('confirmation')}, ${self('namespace, protocol').replace('threshold: 1', 'threshold: 2')}`,
      ),
    ],
    [
      'empty-list',
      ptp(
        `${party}, threshold: 1, ${hosts('confirmation')}, partySigningKeys: { threshold: 1, keys: [] }`,
      ),
    ],
    [
      'bad-key-usage',
      `transactions: [{ namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: { publicKey: file:next.pub.der, usage: [protocol] }, restriction: all } }]`,
    ],
    [
      'bad-key-usage',
      `transactions: [{ namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: { publicKey: file:next.pub.der, usage: [namespace, proof-of-ownership] }, restriction: all } }]`,
    ],
    [
      'root-cannot-delegate',
      `transactions: [{ namespaceDelegation: { namespace: ${alice.fingerprint}, targetKey: { publicKey: file:alice.pub.der, usage: [namespace] }, restriction: all-but-namespace-delegations } }]`,
    ],
    [
      'namespace-mismatch',
      `transactions: [{ decentralizedNamespaceDefinition: { decentralizedNamespace: ${alice.fingerprint}, threshold: 1, owners: [${next.fingerprint}] } }]`,
    ],
    [
      'duplicate-entry',
      `transactions: [{ serial: 2, decentralizedNamespaceDefinition: { decentralizedNamespace: ${alice.fingerprint}, threshold: 1, owners: [${next.fingerprint}, ${next.fingerprint}] } }]`,
    ],
    [
      'members-overlap',
      `transactions: [{ sequencerSynchronizerState: { synchronizerId: ${uid('g', key(0))}, threshold: 1, active: [${uid('s', key(0))}], observers: [${uid('s', key(0))}] } }]`,
    ],
    [
      'validity-inverted',
      `transactions: [{ vettedPackages: { participantUid: ${uid('p', key(0))}, packages: [{ packageId: ${'ab'.repeat(32)}, validFromInclusive: "2026-01-02T00:00:00Z", validUntilExclusive: "2026-01-01T00:00:00Z" }] } }]`,
    ],
    [
      'build-rule',
      ptp(`${party}, threshold: 1, ${hosts('submission')}, ${self('namespace, protocol')}`),
    ],
    ['build-rule', ptp(`${party}, threshold: 1, ${hosts('confirmation')}, ${self('namespace')}`)],
    ['build-rule', ptp(`${party}, threshold: 1, ${hosts('confirmation')}, ${self('protocol')}`)],
    ['build-rule', ptp(`party: ${uid('p0', key(0))}, threshold: 1, ${hosts('confirmation')}`)],
    [
      'build-rule',
      `transactions: [{ partyToKeyMapping: { ${party}, threshold: 1, signingKeys: [{ publicKey: file:alice.pub.der, usage: [sequencer-authentication] }] } }]`,
    ],
    [
      'build-rule',
      `transactions: [{ ownerToKeyMapping: { member: PAR::${uid('p', key(0))}, publicKeys: [{ signingPublicKey: { publicKey: file:alice.pub.der, usage: [protocol] } }] } }]`,
    ],
    [
      'build-rule',
      `transactions: [{ ownerToKeyMapping: { member: MED::${uid('m', key(0))}, publicKeys: [{ encryptionPublicKey: { publicKey: file:next.pub.der } }] } }]`,
    ],
  ])('refuses with %s', (code, text) => {
    expect(codeOf(() => buildText(text))).toBe(code)
  })

  test('refuses a 21st key', () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, i) => {
        const spki = distinctKeys[i] ?? new Uint8Array()
        return `{ publicKey: ${toBase64(spki)}, usage: [protocol] }`
      }).join(', ')
    const text = (count: number): string =>
      `transactions: [{ partyToKeyMapping: { ${party}, threshold: 1, signingKeys: [${list(count)}] } }]`
    expect(codeOf(() => buildText(text(20)))).toBe('no error')
    expect(codeOf(() => buildText(text(21)))).toBe('too-many-keys')
  })

  test('gives SUBMISSION to a host of an external party only if asked by name', () => {
    const spec = specFrom(
      ptp(`${party}, threshold: 1, ${hosts('submission')}, ${self('namespace, protocol')}`),
      files,
    )
    expect(codeOf(() => buildSpec(spec.transactions, [], { allowSubmission: true }))).toBe(
      'no error',
    )
    const local = specFrom(ptp(`${party}, threshold: 1, ${hosts('submission')}`), files)
    expect(codeOf(() => buildSpec(local.transactions))).toBe('no error')
  })

  test('heeds what older release lines do not know', () => {
    const own = specFrom(
      ptp(`${party}, threshold: 1, ${hosts('confirmation')}, ${self('namespace, protocol')}`),
      files,
    )
    expect(codeOf(() => buildSpec(own.transactions, [], { release: '3.3' }))).toBe('build-rule')
    expect(codeOf(() => buildSpec(own.transactions, [], { release: '3.4' }))).toBe('no error')
    const flag = specFrom(
      ptp(
        `${party}, threshold: 1, participants: [{ participant: ${uid('p', key(0))}, permission: confirmation, onboarding: true }]`,
      ),
    )
    expect(codeOf(() => buildSpec(flag.transactions, [], { release: '3.3' }))).toBe('build-rule')
    const sequencing = specFrom(
      `transactions: [{ dynamicSequencingParametersState: { synchronizerId: ${uid('g', key(0))}, sequencingParameters: { payload: AAAA } } }]`,
    )
    expect(codeOf(() => buildSpec(sequencing.transactions, [], { release: '3.4' }))).toBe(
      'build-rule',
    )
    expect(codeOf(() => buildSpec(sequencing.transactions))).toBe('no error')
  })

  test('refuses the removal of synchronizer parameters', () => {
    const mapping = {
      $case: 'sequencingDynamicParametersState' as const,
      value: {
        synchronizerId: uid('g', key(0)),
        sequencingParameters: { payload: parseHex('00') },
      },
    }
    expect(codeOf(() => buildTransaction({ operation: 2, serial: 2, mapping }))).toBe('no error')
    const parameters = specFrom(
      `transactions: [{ operation: remove, serial: 2, synchronizerParametersState: { synchronizerId: ${uid('g', key(0))}, synchronizerParameters: { maxRequestSize: 1, onboardingRestriction: unrestricted-open } } }]`,
    )
    expect(codeOf(() => buildSpec(parameters.transactions))).toBe('build-rule')
  })
})
