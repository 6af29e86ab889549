import { describe, expect, test } from 'vitest'
import {
  enumWords,
  messageDetails,
  microsecondsWords,
  timeWords,
  type Detail,
} from '../../src/explain/details.ts'
import { statementContext } from '../../src/explain/report.ts'
import { fingerprint, host, hosting, key } from './samples.ts'

/** `label: value` of every detail, with the labels above it. */
function flat(details: readonly Detail[], above = ''): readonly string[] {
  return details.flatMap((detail) =>
    'children' in detail
      ? flat(detail.children, `${above}${detail.label} > `)
      : [`${above}${detail.label}: ${detail.value}`],
  )
}

describe('the details of a mapping', () => {
  test('name what is absent, what is empty and what is there', () => {
    const bare = hosting({ participants: [host('p1')], partySigningKeys: undefined })
    const lines = flat(messageDetails('PartyToParticipant', bare, statementContext))
    expect(lines).toContain('party signing keys: absent')
    expect(lines).toContain('participants (1) > 1 > onboarding: absent')
    const flagged = hosting({ participants: [host('p1', 2, true)], party: '' })
    const other = flat(messageDetails('PartyToParticipant', flagged, statementContext))
    expect(other).toContain('participants (1) > 1 > onboarding: present')
    expect(other).toContain('party: ""')
    const none = flat(
      messageDetails('PartyToParticipant', hosting({ participants: [] }), statementContext),
    )
    expect(none).toContain('participants: none')
  })

  test('compute the fingerprint of a key and keep its bytes', () => {
    const lines = flat(messageDetails('SigningPublicKey', key(0, []), statementContext))
    expect(lines).toEqual([
      `fingerprint: ${fingerprint(0)}`,
      'format: DER_X509_SUBJECT_PUBLIC_KEY_INFO',
      `public key: ${Buffer.from(key(0).publicKey).toString('base64')} (base64, 44 bytes)`,
      'scheme (deprecated): UNSPECIFIED',
      'usage: none listed, which means every usage',
      'key spec: EC_CURVE25519',
    ])
  })

  test('never show a fingerprint for bytes that are no key', () => {
    const broken = { ...key(0), publicKey: Uint8Array.of(1, 2) }
    const [first] = flat(messageDetails('SigningPublicKey', broken, statementContext))
    expect(first).toBe('fingerprint: none: the bytes are no key that this tool knows')
  })

  test('tell an absent restriction from a given one', () => {
    const value = {
      namespace: 'n',
      targetKey: undefined,
      isRootDelegation: false,
      restriction: undefined,
    }
    const lines = flat(messageDetails('NamespaceDelegation', value, statementContext))
    expect(lines).toContain('restriction: absent')
    expect(lines).toContain('target key: absent')
    const all = { $case: 'canSignAllMappings', value: {} } as const
    const given = { ...value, restriction: all }
    const others = flat(messageDetails('NamespaceDelegation', given, statementContext))
    expect(others).toContain('can sign all mappings: present')
    expect(others.join()).not.toContain('restriction')
  })

  test('show numbers nobody knows as such', () => {
    expect(enumWords('SigningKeyUsage', 77)).toBe('unknown 77')
    expect(timeWords('Timestamp', { seconds: 2n ** 62n, nanos: 0 })).toContain('out of range')
    expect(microsecondsWords(-1n)).toBe('1969-12-31T23:59:59.999999Z (-1 microseconds)')
    expect(microsecondsWords(2n ** 63n - 1n)).toContain('out of range (9223372036854775807')
  })
})
