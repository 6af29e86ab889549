/** Policies on prepared Daml transactions: what no rule allows clearly is refused. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { preparedReport } from '../../src/explain/prepared-report.ts'
import { decide, requirePolicy, type Decision } from '../../src/policy/decide.ts'
import type { PolicyFacts } from '../../src/policy/facts.ts'
import { readPolicy } from '../../src/policy/policy.ts'
import { preparedFactsOf } from '../../src/policy/prepared-facts.ts'
import type { Create, Exercise, PreparedTransaction } from '../../src/wire/generated/schema.ts'
import { codeOf } from '../build/support.ts'
import {
  ALICE,
  BANK,
  bytesOf,
  CAROL,
  createTransaction,
  exerciseTransaction,
  INPUT_ID,
  keyTransaction,
  metadata,
  PACKAGE,
  placedNode,
} from '../daml/transactions.ts'

const NAMESPACE = ALICE.slice('alice::'.length)
const PREPARED_AT = metadata().preparationTime
const MINUTE = 60_000_000n

interface Circumstances {
  readonly scheme?: HashingScheme
  readonly own?: readonly string[]
  /** After the preparation. */
  readonly later?: bigint
}

function factsOf(
  prepared: PreparedTransaction,
  { scheme = 'V2', own = [ALICE], later = MINUTE }: Circumstances = {},
): PolicyFacts {
  const now = PREPARED_AT + later
  const read = readPreparedTransaction(bytesOf(prepared))
  const report = preparedReport(read, scheme, { ownParties: new Set(own), now })
  return preparedFactsOf(prepared, report, now)
}

const CREATE = `
  - name: ious
    actAs: "${ALICE}"
    action: create
    template: "#assets:Main.Assets:Iou"
    synchronizer: "global::${NAMESPACE}"
    package: "${PACKAGE}"
    informee: ["${ALICE}", "${BANK}"]
    content: [create-argument, no-expiry]
    ageSeconds: { most: 300 }
`

const EXERCISE = `
  - name: transfers
    actAs: "${ALICE}"
    action: exercise
    template: "#assets:Main.Assets:Iou"
    choice: Transfer
    interface: "${PACKAGE}:Main.Assets:Holding"
    contract: "${INPUT_ID}"
    effect: ["#assets:Main.Assets:Iou=create", "#assets:Main.Assets:Iou=fetch", "#assets:Main.Assets:Iou=exercise.Probe"]
    synchronizer: "global::${NAMESPACE}"
    package: "${PACKAGE}"
    informee: ["${ALICE}", "${BANK}", "${CAROL}"]
    content: [choice-argument, no-expiry]
    ageSeconds: any
    danger: [ledger-time-bound, own-contract-archived, time-over]
`

const policyText = (allow: string, deny = ''): string =>
  `version: 1\nallow:${allow}${deny === '' ? '' : `deny:${deny}`}`
const judged = (allow: string, facts: PolicyFacts, deny = ''): Decision =>
  decide(readPolicy(policyText(allow, deny), 'policy.yaml'), facts)

/** The reason of the one rule that does not allow it. */
function reasonOf(decision: Decision): string {
  if (decision.$case !== 'not-allowed') throw new Error(`it is ${decision.$case}`)
  return decision.reasons.map(({ reason }) => reason).join('; ')
}

const without = (rule: string, name: string): string =>
  rule
    .split('\n')
    .filter((line) => !line.startsWith(`    ${name}:`))
    .join('\n')

const fieldsOf = (rule: string): readonly string[] =>
  [...rule.matchAll(/^ {4}(\w+):/gm)].map(([, name = '']) => name).filter((name) => name !== 'name')

describe('a rule that says everything', () => {
  test('allows a create, and an exercise with what follows from it', () => {
    expect(judged(CREATE, factsOf(createTransaction()))).toEqual({
      $case: 'allowed',
      rule: 'ious',
    })
    expect(judged(EXERCISE, factsOf(exerciseTransaction()))).toEqual({
      $case: 'allowed',
      rule: 'transfers',
    })
  })

  test('has the form of the published schema', () => {
    const schema = JSON.parse(readFileSync('schemas/policy.schema.json', 'utf8')) as object
    const fits = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)
    for (const rule of [CREATE, EXERCISE]) expect(fits(parse(policyText(rule)))).toBe(true)
  })

  test.each([
    ...fieldsOf(CREATE).map((name) => [name, CREATE, createTransaction()] as const),
    ...fieldsOf(EXERCISE).map((name) => [name, EXERCISE, exerciseTransaction()] as const),
  ])('does not allow it any more without %s', (name, rule, prepared) => {
    const reason = reasonOf(judged(without(rule, name), factsOf(prepared)))
    expect(reason).toContain(name === 'danger' ? 'does not accept the danger' : name)
  })

  test('allows nothing of another kind: a rule for topology, a rule for the other action', () => {
    const topology = '\n  - { name: all, mapping: any, operation: any, serial: any, party: any }\n'
    expect(reasonOf(judged(topology, factsOf(createTransaction())))).toContain('says nothing about')
    expect(reasonOf(judged(CREATE, factsOf(exerciseTransaction())))).toContain('action')
    expect(reasonOf(judged(EXERCISE, factsOf(createTransaction())))).toContain('action')
  })
})

const STRANGER = `mallory::${NAMESPACE}`

describe('what differs from the rule is refused', () => {
  const changed = (changes: Partial<Create>): PreparedTransaction => createTransaction(changes)
  const submitted = (actAs: readonly string[]): PreparedTransaction =>
    createTransaction(
      { signatories: actAs, stakeholders: [...actAs, BANK].sort() },
      { submitterInfo: { actAs, commandId: 'x' } },
    )

  test.each<[string, PreparedTransaction, Circumstances, string]>([
    ['another party', submitted([STRANGER]), {}, 'actAs mallory'],
    ['a party more', submitted([ALICE, STRANGER]), {}, 'actAs mallory'],
    [
      'another template',
      changed({
        templateId: { packageId: PACKAGE, moduleName: 'Main.Assets', entityName: 'Bond' },
      }),
      {},
      'template #assets:Main.Assets:Bond',
    ],
    ['another package name', changed({ packageName: 'asset' }), {}, 'template #asset:Main'],
    [
      'another package',
      changed({
        templateId: { packageId: 'c'.repeat(64), moduleName: 'Main.Assets', entityName: 'Iou' },
      }),
      {},
      'package cccc',
    ],
    ['somebody who sees it', changed({ stakeholders: [ALICE, BANK, CAROL] }), {}, 'informee carol'],
    [
      'another synchronizer',
      createTransaction({}, { synchronizerId: `other::${NAMESPACE}` }),
      {},
      'synchronizer other',
    ],
    ['an old preparation', createTransaction(), { later: 301_000_000n }, 'ageSeconds 301'],
    [
      'a preparation that lies ahead',
      createTransaction(),
      { later: -2n * MINUTE },
      'danger prepared-in-future',
    ],
    [
      'an expiry that nothing is said about',
      createTransaction({}, { maxRecordTime: PREPARED_AT + MINUTE }),
      { scheme: 'V3' },
      'validitySeconds',
    ],
    [
      'a ledger time',
      createTransaction({}, { maxLedgerEffectiveTime: PREPARED_AT + 5n * MINUTE }),
      {},
      'danger ledger-time-bound',
    ],
    ['a signer that does not act', createTransaction(), { own: [BANK] }, 'signer-does-not-act'],
  ])('%s', (_what, prepared, circumstances, reason) => {
    const facts = factsOf(prepared, circumstances)
    expect(facts.findings).toEqual([])
    expect(reasonOf(judged(CREATE, facts))).toContain(reason)
  })

  const exercised = (changes: Partial<Exercise>): PreparedTransaction => {
    const whole = exerciseTransaction()
    const [first, ...more] = whole.transaction?.nodes ?? []
    const node = first?.versionedNode?.value.nodeType
    if (whole.transaction === undefined || node?.$case !== 'exercise') throw new Error('no root')
    const root = placedNode('0', { $case: 'exercise', value: { ...node.value, ...changes } })
    return { ...whole, transaction: { ...whole.transaction, nodes: [root, ...more] } }
  }

  test.each([
    ['another choice', exercised({ choiceId: 'Burn' }), 'choice Burn'],
    ['no interface', exercised({ interfaceId: undefined }), 'it asks for interface'],
    [
      'another interface',
      exercised({
        interfaceId: { packageId: PACKAGE, moduleName: 'Main.Assets', entityName: 'Other' },
      }),
      'interface',
    ],
    ['another observer', exercised({ choiceObservers: [STRANGER] }), 'informee mallory'],
  ])('%s', (_what, prepared, reason) => {
    expect(reasonOf(judged(EXERCISE, factsOf(prepared)))).toContain(reason)
  })

  test.each([
    ['another contract', '    contract: "00aa"\n', 'contract'],
    ['an effect less', '    effect: ["#assets:Main.Assets:Iou=create"]\n', 'effect'],
    [
      'the same choice name on another template',
      '    effect: ["#assets:Main.Assets:Bond"]\n',
      'effect',
    ],
  ])('%s in the rule', (_what, line, reason) => {
    const name = line.trim().split(':')[0] ?? ''
    const rule = `${without(EXERCISE, name).trimEnd()}\n${line}`
    expect(reasonOf(judged(rule, factsOf(exerciseTransaction())))).toContain(reason)
  })
})

describe('conditions', () => {
  test('on an effect may name a template, and with it all that happens to it', () => {
    const rule = `${without(EXERCISE, 'effect').trimEnd()}\n    effect: "#assets:Main.Assets:Iou"\n`
    expect(judged(rule, factsOf(exerciseTransaction())).$case).toBe('allowed')
  })

  test('on validity hold where an expiry is signed, rounded up to whole seconds', () => {
    const limited = (most: number): string =>
      `${CREATE.replace('[create-argument, no-expiry]', 'create-argument').trimEnd()}\n    validitySeconds: { most: ${most} }\n`
    const expiring = createTransaction({}, { maxRecordTime: PREPARED_AT + MINUTE + 1n })
    const facts = factsOf(expiring, { scheme: 'V3' })
    expect(judged(limited(61), facts).$case).toBe('allowed')
    expect(reasonOf(judged(limited(60), facts))).toContain('validitySeconds 61')
    // Under V2 no signature covers it: there is no such limit.
    expect(reasonOf(judged(limited(61), factsOf(expiring)))).toContain('content no-expiry')
  })

  test('that any is written for are met by everything', () => {
    const rule = `
  - { name: all, actAs: any, action: any, template: any, choice: any, interface: any, contract: any,
      effect: any, synchronizer: any, package: any, informee: any, content: any, ageSeconds: any,
      validitySeconds: any, danger: [ledger-time-bound, own-contract-archived, time-over, synchronizer-unused] }
`
    const allowed = rule.replace(', synchronizer-unused', '')
    for (const prepared of [createTransaction(), exerciseTransaction()]) {
      expect(judged(allowed, factsOf(prepared)).$case).toBe('allowed')
    }
    expect(codeOf(() => readPolicy(policyText(rule), 'p'))).toBe('policy-invalid')
  })

  test('in deny win, each by itself', () => {
    for (const line of [
      `actAs: "${ALICE}"`,
      'action: create',
      'template: "#assets:Main.Assets:Iou"',
      `informee: "${BANK}"`,
      'content: no-expiry',
      'ageSeconds: { least: 30 }',
    ]) {
      const deny = `\n  - { name: never, ${line} }\n`
      expect(judged(CREATE, factsOf(createTransaction()), deny)).toEqual({
        $case: 'denied',
        rule: 'never',
      })
    }
    const other = '\n  - { name: never, choice: Transfer }\n'
    expect(judged(CREATE, factsOf(createTransaction()), other).$case).toBe('allowed')
  })

  test.each([
    ['a template without its package', 'template: "Main.Assets:Iou"'],
    ['a template with a package id', `template: "${PACKAGE}:Main.Assets:Iou"`],
    ['a template with more behind it', 'template: "#assets:Main.Assets:Iou=create"'],
    ['an effect that is none', 'effect: "#assets:Main.Assets:Iou=archive"'],
    ['an effect without a choice', 'effect: "#assets:Main.Assets:Iou=exercise"'],
    ['a choice with a space', 'choice: "Transfer All"'],
    ['an interface by package name', 'interface: "#assets:Main.Assets:Holding"'],
    ['a contract in capitals', 'contract: "00AA"'],
    ['a party without a namespace', 'actAs: alice'],
    ['another action', 'action: fetch'],
    ['a negative age', 'ageSeconds: -1'],
    ['content that is none', 'content: arguments'],
  ])('are refused when no transaction could meet them: %s', (_what, line) => {
    const text = policyText(`\n  - { name: one, ${line} }\n`)
    expect(codeOf(() => readPolicy(text, 'policy.yaml'))).toBe('policy-invalid')
  })
})

test('a refusal is one for a policy too, whatever it allows', () => {
  const facts = factsOf(keyTransaction())
  expect(facts.findings).toContain('query-not-in-scheme')
  const policy = readPolicy(policyText(CREATE), 'policy.yaml')
  expect(codeOf(() => requirePolicy(policy, [facts]))).toBe('policy-refused')
  expect(decide(policy, facts).$case).toBe('unsound')
})
