/** What has to agree before `sign` signs: dangers accepted by name, `--expect`, `--policy`. */
import { describe, expect, test } from 'vitest'
import { transactionHash } from '../../src/topology/transaction.ts'
import { hashHex } from '../package/support.ts'
import {
  change,
  changeSpec,
  delegation,
  desk,
  document,
  fingerprint,
  hosting,
  inForce,
  offer,
  person,
  proved,
  refusal,
  signArgs,
  signedBy,
  verifies,
  type Desk,
  type Person,
} from './support/desk.ts'

const root = (name: Person): Uint8Array => signedBy(delegation(name, name), name)

describe('a grave danger', () => {
  const lowered = (): Desk =>
    offer(
      [hosting({ serial: 3 })],
      [
        signedBy(
          hosting({ serial: 2, threshold: 2, more: [{ name: 'bob', permission: 2 }] }),
          'alice',
          'host',
          'bob',
        ),
        root('host'),
        root('bob'),
      ],
    )

  test('is not lifted by --yes', () => {
    expect(refusal(lowered(), 8, signArgs('alice'))).toMatchObject({
      code: 'danger-not-accepted',
      details: { danger: 'confirmation-threshold-lowered' },
      hint: expect.stringContaining('--accept-danger confirmation-threshold-lowered') as string,
    })
  })

  test('is not lifted by accepting another', () => {
    const more = ['--accept-danger', 'serial-taken']
    expect(refusal(lowered(), 8, signArgs('alice', more)).code).toBe('danger-not-accepted')
  })

  test('is lifted by its name', () => {
    const more = ['--accept-danger', 'confirmation-threshold-lowered']
    expect(document(lowered(), signArgs('alice', more))['hash']).toBe(
      hashHex(hosting({ serial: 3 })),
    )
  })

  test('counts from state that is not proved, too', () => {
    const claimed = signedBy(hosting({ serial: 2, threshold: 2, more: [{ name: 'bob' }] }), 'alice')
    const error = refusal(offer([hosting({ serial: 3 })], [claimed]), 8, signArgs('alice'))
    expect(error.code).toBe('danger-not-accepted')
    expect(error.message).toContain('if serial 2 is in force')
  })

  test('is a second transaction with the same serial', () => {
    const at = offer([change(), change({ threshold: 2 })])
    const error = refusal(at, 8, signArgs('alice'))
    expect(error.details['dangers']).toContain('conflicting-transactions')
  })

  test('does not lie in what is not signed', () => {
    const [one, other] = [delegation('bob', 'carol'), delegation('bob', 'carol', { operation: 2 })]
    document(offer([change()], [...proved(), signedBy(one, 'bob'), signedBy(other, 'bob')]), [
      ...signArgs('alice'),
    ])
  })
})

describe('--expect', () => {
  const agreed = (at: Desk, spec: string): Desk => {
    at.write('agreed.yaml', spec)
    return at
  }
  const expecting = signArgs('alice', ['--expect', 'agreed.yaml'])
  const rootSpec = (name: Person): string =>
    `  - namespaceDelegation:
      namespace: ${fingerprint(name)}
      targetKey: { publicKey: file:${name}.pub, usage: [namespace] }
      restriction: all
`

  test.each([
    ['the transaction that is agreed', changeSpec()],
    ['one whose serial follows what is proved', changeSpec({ '    serial: 2\n': '' })],
  ])('signs %s', (_what, spec) => {
    expect(document(agreed(offer(), spec), expecting)['signedBy']).toBe(fingerprint('alice'))
  })

  test('takes the agreement on what is signed, or on the whole package', () => {
    const unsigned = [change(), delegation('bob', 'bob')]
    document(agreed(offer(unsigned), changeSpec()), expecting)
    document(agreed(offer(unsigned), changeSpec() + rootSpec('bob')), expecting)
  })

  test.each([
    ['more than there is', changeSpec() + rootSpec('bob'), 'namespaceDelegation, serial 1'],
    ['something else', `transactions:\n${rootSpec('alice')}`, 'is expected'],
    ['another serial', changeSpec({ 'serial: 2': 'serial: 3' }), 'serial 3 is expected'],
    ['a removal', changeSpec({ 'operation: replace': 'operation: remove' }), 'operation remove'],
    ['another host', changeSpec({ [fingerprint('dave')]: fingerprint('bob') }), 'host::'],
    ['no onboarding', changeSpec({ ', onboarding: true': '' }), 'onboarding'],
    ['another usage', changeSpec({ 'proof-of-ownership': 'sequencer-authentication' }), 'usage'],
    ['another key', changeSpec({}, person('mallory').key), fingerprint('mallory')],
    ['another party', changeSpec({ 'party: party::': 'party: part::' }), 'part::'],
  ])('refuses if the agreement is on %s', (_what, spec, message) => {
    const error = refusal(agreed(offer(), spec), 8, expecting)
    expect(error.code).toBe('expectation-mismatch')
    expect(error.message).toContain(message)
  })

  test('refuses a transaction beside those agreed', () => {
    const unsigned = [change(), delegation('alice', 'mallory')]
    const error = refusal(agreed(offer(unsigned), changeSpec()), 8, expecting)
    expect(error.code).toBe('expectation-mismatch')
    expect(error.message).toContain(hashHex(delegation('alice', 'mallory')))
  })

  test('a serial left out follows nothing that is only claimed', () => {
    const at = agreed(offer([change()], [inForce()]), changeSpec({ '    serial: 2\n': '' }))
    const error = refusal(at, 8, expecting)
    expect(error.message).toContain('serial 1 is expected, and there is 2')
  })

  test('works on a file and with --detached', () => {
    const at = agreed(desk(), changeSpec())
    at.write('in.bin', change())
    at.write('other.bin', change({ threshold: 2 }))
    const more = ['--expect', 'agreed.yaml', '--detached']
    expect(refusal(at, 8, signArgs('alice', more, 'other.bin')).code).toBe('expectation-mismatch')
    document(at, signArgs('alice', more, 'in.bin'))
    expect(verifies('alice', at.read('out.json'), transactionHash(change()))).toBe(true)
  })

  test.each([
    ['is no spec', 'hello: world', 3, 'spec-invalid'],
    [
      'names a key file that is missing',
      rootSpec('alice').replace('alice.pub', 'nobody.pub'),
      3,
      'file-unreadable',
    ],
  ])('refuses an agreement that %s', (_what, spec, status, code) => {
    const text = spec.startsWith('  ') ? `transactions:\n${spec}` : spec
    expect(refusal(agreed(offer(), text), status, expecting).code).toBe(code)
  })
})

describe('--policy', () => {
  const rule = (more = ''): string => `version: 1
allow:
  - name: observers of the party
    mapping: partyToParticipant
    operation: replace
    party: party::${fingerprint('alice')}
    participant: any
    permission: [confirmation, observation]
    onboarding: any
    key: ${fingerprint('alice')}
    keyUsage: any
    serial: any
    threshold: 1
    signingThreshold: 1
${more}`
  const policy = (at: Desk, text: string): Desk => {
    at.write('policy.yaml', text)
    return at
  }
  // No --yes: the policy decides without a question.
  const args = [
    'sign',
    'in.json',
    '--key',
    'alice.key',
    '-o',
    'out.json',
    '--policy',
    'policy.yaml',
  ]

  test('signs without a question what a rule allows, and names the rule', () => {
    expect(document(policy(offer(), rule()), args)).toMatchObject({
      transactions: [{ hash: hashHex(change()), rule: 'observers of the party' }],
    })
  })

  test.each([
    ['an operation out of bounds', change({ threshold: 2 }), rule(), 'threshold 2 is outside'],
    ['what no rule allows', delegation('alice', 'alice'), rule(), 'observers of the party'],
    [
      'what a rule denies',
      change(),
      rule('deny:\n  - name: no observers\n    permission: observation\n'),
      'the rule "no observers" denies it',
    ],
    ['another key', change({ keys: ['alice', 'mallory'] }), rule(), fingerprint('mallory')],
  ])('refuses %s', (_what, transaction, text, message) => {
    const error = refusal(policy(offer([transaction]), text), 8, args)
    expect(error.code).toBe('policy-refused')
    expect(error.message).toContain(message)
  })

  test('a grave danger has to be in the rule', () => {
    const raised = change({ threshold: 1, more: [{ name: 'dave', permission: 1 }] })
    const text = rule().replace('permission: [confirmation, observation]', 'permission: any')
    const error = refusal(policy(offer([raised]), text), 8, args)
    expect(error.message).toContain('it does not accept the danger host-may-submit')
    const accepting = `${text.trimEnd()}\n    danger: host-may-submit\n`
    document(policy(offer([raised]), accepting), args)
  })

  test.each([
    [
      'that accepts everything by a word of its own',
      'version: 1\nallow: any\n',
      3,
      'policy-invalid',
    ],
    ['that is missing', undefined, 3, 'file-unreadable'],
  ])('refuses a policy %s', (_what, text, status, code) => {
    const at = offer()
    if (text !== undefined) policy(at, text)
    expect(refusal(at, status, args).code).toBe(code)
  })
})
