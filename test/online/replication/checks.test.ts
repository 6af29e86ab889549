/** What has to hold before each step (docs/protocol/replication.md section 3): one row, one test. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  checkStep,
  ownProposal,
  rivals,
  type Facts,
  type HostingFacts,
  type Registration,
} from '../../../src/online/replication/checks.ts'
import {
  departure,
  hostIn,
  sameHosting,
  withTarget,
} from '../../../src/online/replication/hosting.ts'
import { begin, STEPS, type Step, type StepRecord } from '../../../src/online/replication/state.ts'
import { vettedAt } from '../../../src/online/replication/vetting.ts'
import {
  before,
  fingerprintOf,
  host,
  hosting,
  hostingFacts,
  PLAN,
  PRESENT,
  PROPOSED,
  record,
  sourceFacts,
  targetFacts,
} from './support.ts'

/** The code and the message of what speaks against a step, or `nothing`. */
function problem(step: Step, facts: Partial<Facts>, plan = PLAN): string {
  const found = checkStep(before(step, plan), step, {
    source: undefined,
    target: undefined,
    ...facts,
  })
  return found === undefined ? 'nothing' : `${found.code}: ${found.message}`
}

const ONBOARDING: HostingFacts = hostingFacts({ last: PROPOSED })

/** What both sides say when all is well before a step. */
function wellBefore(step: Step): Facts {
  const authorized = STEPS.indexOf(step) > STEPS.indexOf('authorization')
  const facts = authorized ? ONBOARDING : hostingFacts()
  return {
    source: sourceFacts({ hosting: facts }),
    target: targetFacts({ hosting: hostingFacts() }),
  }
}

test.each(STEPS)('nothing speaks against %s when all is well', (step) => {
  expect(problem(step, wellBefore(step))).toBe('nothing')
})

test.each(STEPS)('%s is not done with another node as the source', (step) => {
  const source = sourceFacts({ uid: PLAN.target })
  expect(problem(step, { ...wellBefore(step), source })).toMatch(/^replication-node: .*source/)
})

test.each(STEPS)('%s is not done with another node as the target', (step) => {
  const target = targetFacts({ uid: `other::${fingerprintOf('c')}` })
  expect(problem(step, { ...wellBefore(step), target })).toMatch(/^replication-node: .*target/)
})

describe('the party is hosted as the plan has it', () => {
  const rows: readonly (readonly [string, Partial<HostingFacts>, RegExp])[] = [
    ['nowhere', { last: undefined }, /hosted nowhere/],
    ['no more', { last: hosting(3, [host(PLAN.source)], { operation: 2 }) }, /hosted nowhere/],
    ['by a change to come', { effective: false }, /not in effect yet/],
    [
      'without the source',
      { last: hosting(1, [host(`x::${fingerprintOf('e')}`)]) },
      /does not host/,
    ],
    [
      'with a source that lacks the contracts itself',
      { last: hosting(1, [host(PLAN.source, true)]) },
      /onboarding flag is set/,
    ],
    [
      'by the target already',
      { last: hosting(1, [host(PLAN.source), host(PLAN.target)]) },
      /already/,
    ],
    [
      'by the target in the old spelling',
      { last: hosting(1, [host(PLAN.source), host(`PAR::${PLAN.target}`)]) },
      /already/,
    ],
  ]
  test.each(rows)('%s: seen at the source before vetting', (_name, change, message) => {
    const source = sourceFacts({ hosting: hostingFacts(change) })
    const found = problem('vetting', { source })
    expect(found).toMatch(/^replication-hosting/)
    expect(found).toMatch(message)
  })
  test.each(rows)('%s: seen at the target before the proposal', (_name, change, message) => {
    const target = targetFacts({ hosting: hostingFacts(change) })
    const found = problem('proposal', { target })
    expect(found).toMatch(/^replication-hosting/)
    expect(found).toMatch(message)
  })
})

describe('packages are vetted', () => {
  const vettedBySource = new Set(['1'.repeat(64), '2'.repeat(64)])
  test.each(['vetting', 'proposal'] as const)('all of the source, before %s', (step) => {
    const target = targetFacts({ vettedBySource, vettedByTarget: new Set(['1'.repeat(64)]) })
    expect(problem(step, { target })).toMatch(/^replication-unvetted: .*a package.*2222/)
    // A plan stays as it is: fewer packages are another replication.
    const { hint } = checkStep(before(step), step, { source: undefined, target }) ?? {}
    expect(hint).toMatch(/another directory, with --needs-package ID/)
  })
  test('or those that were named, whatever the source has', () => {
    const plan = { ...PLAN, packages: ['2'.repeat(64)] }
    const target = (vetted: string): Facts['target'] =>
      targetFacts({ vettedBySource, vettedByTarget: new Set([vetted]) })
    expect(problem('vetting', { target: target('2'.repeat(64)) }, plan)).toBe('nothing')
    expect(problem('vetting', { target: target('1'.repeat(64)) }, plan)).toMatch(/unvetted/)
  })
  test('and many that are missing are counted, not listed', () => {
    const many = new Set(Array.from({ length: 40 }, (_, i) => i.toString(16).padStart(64, '0')))
    const target = targetFacts({ vettedBySource: many })
    expect(problem('vetting', { target })).toMatch(/40 packages.* and 35 more/)
  })
  test('at the time that is asked about', () => {
    const at = (seconds: bigint) => ({ seconds, nanos: 0 })
    const vetted = {
      participantUid: PLAN.target,
      packageIds: ['old form'],
      packages: [
        { packageId: 'always', validFromInclusive: undefined, validUntilExclusive: undefined },
        { packageId: 'later', validFromInclusive: at(11n), validUntilExclusive: undefined },
        { packageId: 'from now', validFromInclusive: at(10n), validUntilExclusive: undefined },
        { packageId: 'until now', validFromInclusive: undefined, validUntilExclusive: at(10n) },
        { packageId: 'still', validFromInclusive: at(1n), validUntilExclusive: at(11n) },
      ],
    }
    expect([...vettedAt(vetted, 10_000_000n)].sort()).toEqual(
      ['always', 'from now', 'old form', 'still'].sort(),
    )
  })
})

describe('the party signs after the target is isolated', () => {
  test('before the isolation the proposal must not be in force', () => {
    const target = targetFacts({ hosting: ONBOARDING })
    expect(problem('isolation', { target })).toMatch(/^replication-order: .*before it was time/)
  })
  test('nor before the end of the ledger was noted', () => {
    const source = sourceFacts({ hosting: ONBOARDING })
    expect(problem('package', { source })).toMatch(/^replication-order: .*before it was time/)
  })
  test('once it was noted, the party may have signed', () => {
    const state = begin(before('package'), record('package') as StepRecord<'package'>)
    const source = sourceFacts({ hosting: ONBOARDING })
    expect(checkStep(state, 'package', { source, target: undefined })).toBeUndefined()
  })
  test('a target that is isolated by half is not asked what it no longer learns', () => {
    const state = begin(before('isolation'), record('isolation') as StepRecord<'isolation'>)
    const target = targetFacts({ hosting: ONBOARDING })
    expect(checkStep(state, 'isolation', { source: undefined, target })).toBeUndefined()
  })

  const connected: Registration = {
    alias: 'sync',
    connected: true,
    manualConnect: true,
    physicalId: PLAN.synchronizer,
    config: new Uint8Array(),
  }
  const isolated = STEPS.slice(STEPS.indexOf('package'), STEPS.indexOf('import') + 1)
  test.each(isolated)('before %s the target is not connected', (step) => {
    const target = targetFacts({ registrations: [connected] })
    expect(problem(step, { ...wellBefore(step), target })).toMatch(
      /^replication-order: .*connected to sync/,
    )
  })
  test.each(isolated)('before %s the target would not connect by itself', (step) => {
    const target = targetFacts({
      registrations: [{ ...connected, connected: false, manualConnect: false }],
    })
    expect(problem(step, { ...wellBefore(step), target })).toMatch(
      /^replication-order: .*by itself/,
    )
  })
  test('an alias that would move the cursor is shown escaped', () => {
    const target = targetFacts({ registrations: [{ ...connected, alias: 'a\u001b[2J' }] })
    expect(problem('import', { ...wellBefore('import'), target })).toContain('a\\u{1b}[2J')
  })
})

describe('the serial of the proposal is still free', () => {
  const other = hosting(2, [host(PLAN.source), host(`x::${fingerprintOf('e')}`)])
  test.each(['isolation', 'package', 'authorization'] as const)('before %s', (step) => {
    const facts = hostingFacts({ last: other })
    const found = problem(step, {
      source: sourceFacts({ hosting: facts }),
      target: targetFacts({ hosting: step === 'isolation' ? facts : hostingFacts() }),
    })
    expect(found).toMatch(/^replication-hosting: .*serial 2 .*taken/)
  })
  test('and nothing went back behind it', () => {
    const source = sourceFacts({ hosting: hostingFacts({ last: undefined }) })
    expect(problem('package', { source })).toMatch(/^replication-hosting: .*made upon/)
  })
  test('that it is taken by the proposal itself is what authorization waits for', () => {
    expect(problem('authorization', { source: sourceFacts({ hosting: ONBOARDING }) })).toBe(
      'nothing',
    )
  })
})

describe('the source hands on no more than the plan says', () => {
  const other = host(`x::${fingerprintOf('e')}`)
  const flagged = host(PLAN.target, true)
  const forged = [
    ['adds another host', hosting(2, [host(PLAN.source), other, flagged])],
    ['drops the source', hosting(2, [flagged])],
    ['lets the source see only', hosting(2, [host(PLAN.source, false, 3), flagged])],
    ['changes the threshold', hosting(2, [host(PLAN.source), flagged], { threshold: 2 })],
  ] as const
  for (const step of ['package', 'authorization'] as const) {
    test.each(forged)(`${step}: not where the proposal %s`, (_what, made) => {
      const proposal = { hash: made.hash, serial: 2, transaction: made.signed.bytes }
      const { done, ...state } = before(step)
      const records = done.map((one): StepRecord =>
        one.step === 'proposal' ? { ...one, data: proposal } : one,
      )
      expect(departure(PLAN, proposal)).toBeUndefined()
      const facts = { source: sourceFacts(), target: undefined }
      expect(checkStep({ ...state, done: records }, step, facts)).toMatchObject({
        code: 'replication-hosting',
        message: expect.stringMatching(/changes more/) as string,
      })
    })
  }
  test('nor a target without its flag', () => {
    const { hash, signed } = hosting(2, [host(PLAN.source), host(PLAN.target)])
    const proposal = { hash, serial: 2, transaction: signed.bytes }
    expect(departure(PLAN, proposal)).toMatch(/without the onboarding flag/)
  })
})

describe('what is exported, and to whom', () => {
  test('not while the source prunes', () => {
    const source = sourceFacts({ hosting: ONBOARDING, schedule: Uint8Array.of(1) })
    expect(problem('export', { source })).toMatch(/^replication-order: .*prunes/)
  })
  const rows: readonly (readonly [string, Partial<HostingFacts>, RegExp])[] = [
    ['before the proposal is in force', { last: PRESENT }, /^replication-hosting/],
    ['before it is in effect', { last: PROPOSED, effective: false }, /^replication-waiting/],
    [
      'when another transaction took the serial',
      { last: hosting(2, [host(PLAN.source)]) },
      /^replication-hosting: .*taken/,
    ],
    [
      'when the target was removed again',
      { last: hosting(3, [host(PLAN.source)]) },
      /^replication-hosting: .*taken from the hosts/,
    ],
    [
      'when the party is hosted no more',
      { last: hosting(3, [host(PLAN.source), host(PLAN.target, true)], { operation: 2 }) },
      /^replication-hosting: .*taken from the hosts/,
    ],
    [
      'when the flag is cleared already',
      { last: hosting(3, [host(PLAN.source), host(PLAN.target)]) },
      /^replication-order: .*cleared already/,
    ],
  ]
  for (const step of ['export', 'backup', 'import'] as const) {
    test.each(rows)(`${step}: not %s`, (_name, change, message) => {
      expect(problem(step, { source: sourceFacts({ hosting: hostingFacts(change) }) })).toMatch(
        message,
      )
    })
  }
  test('a later change that leaves the target with its flag does not matter', () => {
    const later = hosting(3, [host(PLAN.source), host(PLAN.target, true)], { threshold: 2 })
    const source = sourceFacts({ hosting: hostingFacts({ last: later }) })
    expect(problem('export', { source })).toBe('nothing')
  })
})

describe('the proposal', () => {
  test('adds the target with its flag and changes nothing else', () => {
    const made = withTarget(PRESENT.mapping, PLAN.target, 'observation')
    expect(made.participants).toEqual([host(PLAN.source), host(PLAN.target, true, 3)])
    expect({ ...made, participants: [] }).toEqual({ ...PRESENT.mapping, participants: [] })
  })
  test('is known again by its content and serial', () => {
    expect(ownProposal(PLAN, hostingFacts({ proposals: [PROPOSED] }))?.hash).toBe(PROPOSED.hash)
  })
  const others = [
    ['another serial', hosting(3, PROPOSED.mapping.participants)],
    ['another threshold', hosting(2, PROPOSED.mapping.participants, { threshold: 2 })],
    ['no flag', hosting(2, [host(PLAN.source), host(PLAN.target)])],
    ['another permission', hosting(2, [host(PLAN.source), host(PLAN.target, true, 3)])],
    ['a removal', hosting(2, PROPOSED.mapping.participants, { operation: 2 })],
  ] as const
  test.each(others)('is not one with %s, which is a rival', (_name, other) => {
    const facts = hostingFacts({ proposals: [other] })
    expect(ownProposal(PLAN, facts)).toBeUndefined()
    expect(rivals(PLAN, facts).map(({ hash }) => hash)).toEqual([other.hash])
  })
  test('has no rival in what is overtaken', () => {
    expect(rivals(PLAN, hostingFacts({ proposals: [PRESENT, PROPOSED] }))).toEqual([])
  })
  test('means the same with the old spelling of a participant', () => {
    const old = hosting(2, [host(`PAR::${PLAN.source}`), host(PLAN.target, true)])
    expect(sameHosting(old.mapping, PROPOSED.mapping)).toBe(true)
    expect(hostIn(old.mapping, PLAN.source)?.participantUid).toBe(`PAR::${PLAN.source}`)
  })
})

property.prop([fc.constantFrom('export', 'import'), fc.boolean(), fc.boolean(), fc.boolean()])(
  'nothing is exported or imported before the party signed after the isolation',
  (step, isActive, isIsolated, isPruned) => {
    const facts: Facts = {
      source: sourceFacts({
        hosting: isActive ? ONBOARDING : hostingFacts(),
        schedule: isPruned ? Uint8Array.of(1) : undefined,
      }),
      target: targetFacts({
        registrations: [
          {
            alias: 'sync',
            connected: !isIsolated,
            manualConnect: isIsolated,
            physicalId: PLAN.synchronizer,
            config: new Uint8Array(),
          },
        ],
      }),
    }
    const passes = checkStep(before(step), step, facts) === undefined
    expect(passes).toBe(isActive && isIsolated && (step === 'import' || !isPruned))
  },
)
