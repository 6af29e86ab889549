/** Contracts of external parties, replication, and the state kept in a file. */
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import type { HashingScheme } from '../../src/daml/scheme.ts'
import type {
  Prepared,
  PrepareRequest,
  SandboxCommand,
} from '../../src/sandbox/core/interactive-submission.ts'
import type { SequencedTransaction } from '../../src/sandbox/core/ledger.ts'
import {
  clearOnboardingFlag,
  exportPartyContracts,
  importContracts,
} from '../../src/sandbox/core/replication.ts'
import { restoreState, saveState } from '../../src/sandbox/core/saved-state.ts'
import { connect, disconnect } from '../../src/sandbox/core/topology-write.ts'
import type { Value } from '../../src/wire/generated/schema.ts'
import {
  DELAY,
  host,
  hosting,
  newPerson,
  ofNode,
  refusal,
  signed,
  submit,
  type Network,
  type Person,
} from './network.ts'
import { CLEARANCE_DELAY, newStage, setUpParty, stageOf, type Stage } from './rehearsal.ts'

const text = (value: string): Value => ({ sum: { $case: 'text', value } })

const create = (packageId = '#cantosign-sandbox'): SandboxCommand => ({
  $case: 'create',
  template: { packageId, moduleName: 'Echo', entityName: 'Echo' },
  argument: { recordId: undefined, fields: [{ label: 'words', value: text('hello') }] },
})

const exercise = (contractId: string, choice: string): SandboxCommand => ({
  $case: 'exercise',
  contractId,
  choice,
  argument: choice === 'Archive' ? undefined : text('again'),
})

let counter = 0

interface ExecuteChoice {
  readonly scheme?: HashingScheme
  readonly node?: number
  readonly userId?: string
}

function prepare(
  stage: Stage,
  party: string,
  commands: readonly SandboxCommand[],
  change: Partial<PrepareRequest> = {},
): Prepared {
  const request: PrepareRequest = {
    commandId: `command-${counter++}`,
    commands,
    actAs: [party],
    synchronizerId: '',
    scheme: 'V2',
    maxRecordTime: undefined,
    ...change,
  }
  return stage.rehearsal.submission.prepare(stage.node(1).ledger, request, stage.now)
}

function execute(
  stage: Stage,
  party: string,
  prepared: Prepared,
  signers: readonly Person[],
  { scheme = 'V2', node = 1, userId = '' }: ExecuteChoice = {},
): SequencedTransaction {
  const result = stage.rehearsal.submission.execute(
    stage.node(node).ledger,
    {
      prepared: prepared.bytes,
      signatures: signers.map(({ sign }) => ({ party, signature: sign(prepared.hash) })),
      scheme,
      userId,
      submissionId: '',
    },
    stage.now,
  )
  stage.pass(1_000_000n)
  return result
}

async function withParty(protocolVersion = 35) {
  const stage = await newStage(2, protocolVersion)
  const alice = await newPerson()
  const party = setUpParty(stage, alice)
  return { stage, alice, party }
}

function contractOf({ created }: SequencedTransaction): string {
  const [contract] = created
  if (contract === undefined) throw new Error('no contract')
  return contract.create.contractId
}

describe('transactions of an external party', () => {
  test.each<[number, HashingScheme]>([
    [34, 'V2'],
    [35, 'V2'],
    [35, 'V3'],
  ])('protocol version %i, scheme %s: what is prepared may be signed', async (version, scheme) => {
    const { stage, alice, party } = await withParty(version)
    const first = prepare(stage, party, [create()], { scheme })
    const created = execute(stage, party, first, [alice], { scheme })
    expect(created.refusal).toBeUndefined()
    const echo = prepare(stage, party, [exercise(contractOf(created), 'Echo')], { scheme })
    const archive = prepare(stage, party, [exercise(contractOf(created), 'Archive')], { scheme })
    const synchronizer = stage.rehearsal.sandbox.synchronizer
    for (const { bytes } of [first, echo, archive]) {
      const read = readPreparedTransaction(bytes)
      expect(judgePreparedTransaction(read, scheme).refusals).toEqual([])
      expect(read.canonical).toBe(true)
      expect(read.value?.metadata?.synchronizerId).toBe(
        version === 35 ? synchronizer.physical : synchronizer.logical,
      )
    }
    expect(execute(stage, party, echo, [alice], { scheme }).archived).toEqual([])
    expect(stage.node(1).ledger.contracts.size).toBe(1)
    expect(execute(stage, party, archive, [alice], { scheme }).archived).toHaveLength(1)
    expect(stage.node(1).ledger.contracts.size).toBe(0)
  })

  test('only hosts of a stakeholder see it; the executing node gets the completion', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    const before = stage.node(2).ledger.updates.length
    execute(stage, party, prepared, [alice], { node: 2 })
    expect(stage.node(1).ledger.updates.at(-1)?.$case).toBe('transaction')
    expect(stage.node(2).ledger.updates).toHaveLength(before)
    expect(stage.node(1).ledger.completions).toEqual([])
    expect(stage.node(2).ledger.completions).toHaveLength(1)
    expect(stage.node(2).ledger.end).toBe(stage.node(2).ledger.completions[0]?.offset)
  })

  test.each<[string, (party: string) => Partial<PrepareRequest>, string]>([
    ['no command id', () => ({ commandId: '' }), 'MISSING_FIELD'],
    ['nobody who acts', () => ({ actAs: [] }), 'MISSING_FIELD'],
    ['no command', () => ({ commands: [] }), 'MISSING_FIELD'],
    ['two commands', () => ({ commands: [create(), create()] }), 'FAILED_TO_PREPARE_TRANSACTION'],
    [
      'another synchronizer',
      (party) => ({ synchronizerId: party }),
      'FAILED_TO_PREPARE_TRANSACTION',
    ],
    [
      'a contract that is not there',
      () => ({ commands: [exercise('00ab', 'Echo')] }),
      'CONTRACT_NOT_FOUND',
    ],
  ])('preparing refuses %s', async (_what, change, code) => {
    const { stage, party } = await withParty()
    expect(refusal(() => prepare(stage, party, [create()], change(party)))).toBe(code)
  })

  test('scheme V3 needs protocol version 35', async () => {
    const { stage, alice, party } = await withParty(34)
    expect(refusal(() => prepare(stage, party, [create()], { scheme: 'V3' }))).toBe(
      'FAILED_TO_PREPARE_TRANSACTION',
    )
    const prepared = prepare(stage, party, [create()])
    expect(refusal(() => execute(stage, party, prepared, [alice], { scheme: 'V3' }))).toBe(
      'FAILED_TO_EXECUTE_TRANSACTION',
    )
  })

  const refusedExecution = async (
    act: (stage: Stage, party: string, prepared: Prepared, alice: Person) => unknown,
  ): Promise<string> => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    return refusal(() => act(stage, party, prepared, alice))
  }

  test.each<[string, (stage: Stage, party: string, prepared: Prepared, alice: Person) => unknown]>([
    ['no signature', (stage, party, prepared) => execute(stage, party, prepared, [])],
    [
      'a signature of another key',
      (stage, party, prepared, alice) =>
        execute(stage, party, prepared, [{ ...alice, sign: ofNode(stage.node(1).participant) }]),
    ],
    [
      'a signature over something else',
      (stage, party, prepared, alice) =>
        execute(stage, party, { ...prepared, hash: new Uint8Array(32) }, [alice]),
    ],
    [
      'the signature for another scheme',
      (stage, party, prepared, alice) => execute(stage, party, prepared, [alice], { scheme: 'V3' }),
    ],
    [
      'more signatures than keys',
      (stage, party, prepared, alice) => execute(stage, party, prepared, [alice, alice]),
    ],
    [
      'a party that signed for another',
      (stage, _party, prepared, alice) => execute(stage, 'bob::1220', prepared, [alice]),
    ],
    [
      'bytes that cannot be read',
      (stage, party, prepared, alice) =>
        execute(stage, party, { ...prepared, bytes: prepared.bytes.subarray(1) }, [alice]),
    ],
  ])('executing refuses %s', async (_what, act) => {
    expect(await refusedExecution(act)).toBe('FAILED_TO_EXECUTE_TRANSACTION')
  })

  test('two of three keys', async () => {
    const stage = await newStage()
    const [alice, second, third] = [await newPerson(), await newPerson(), await newPerson()]
    const one = stage.node(1).participant
    const keys = [alice, second, third].map((person) => person.publicKey())
    const mapping = hosting(alice, [host(one)], { partySigningKeys: { keys, threshold: 2 } })
    const { sandbox } = stage.rehearsal
    const signers = [alice.sign, second.sign, third.sign, ofNode(one)]
    sandbox.synchronizer.sequence([signed({ mapping }, signers)], true, stage.now)
    stage.pass(DELAY + 1n)
    const party = `alice::${alice.fingerprint}`
    const prepared = prepare(stage, party, [create()])
    expect(refusal(() => execute(stage, party, prepared, [second]))).toBe(
      'FAILED_TO_EXECUTE_TRANSACTION',
    )
    expect(execute(stage, party, prepared, [second, third]).refusal).toBeUndefined()
  })

  test('the same command is taken once by one node', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    execute(stage, party, prepared, [alice])
    expect(refusal(() => execute(stage, party, prepared, [alice]))).toBe('DUPLICATE_COMMAND')
  })

  test('on another node its uuid is used up', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    execute(stage, party, prepared, [alice])
    const again = execute(stage, party, prepared, [alice], { node: 2 })
    expect(again.refusal?.code).toBe('DUPLICATE_CONFIRMATION_REQUEST_UUID')
    expect(stage.node(1).ledger.contracts.size).toBe(1)
  })

  test('a uuid is used up by a refusal as well', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    stage.now += 25n * 3600n * 1_000_000n
    const late = execute(stage, party, prepared, [alice])
    expect(late.refusal?.code).toBe('LOCAL_VERDICT_PREPARATION_TIME_OUT_OF_BOUND')
    const again = execute(stage, party, prepared, [alice])
    expect(again.refusal?.code).toBe('DUPLICATE_CONFIRMATION_REQUEST_UUID')
  })

  test('after its latest record time', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()], { maxRecordTime: stage.now + 1n })
    stage.now += 2n
    expect(execute(stage, party, prepared, [alice]).refusal?.code).toBe(
      'LOCAL_VERDICT_MAX_RECORD_TIME_EXCEEDED',
    )
  })

  test('on a contract that is archived meanwhile', async () => {
    const { stage, alice, party } = await withParty()
    const created = execute(stage, party, prepare(stage, party, [create()]), [alice])
    const [one, two] = [1, 2].map(() =>
      prepare(stage, party, [exercise(contractOf(created), 'Archive')]),
    )
    if (one === undefined || two === undefined) throw new Error('not prepared')
    expect(execute(stage, party, one, [alice]).refusal).toBeUndefined()
    expect(execute(stage, party, two, [alice]).refusal?.code).toBe(
      'LOCAL_VERDICT_INACTIVE_CONTRACTS',
    )
  })
})

/** A stage as the helpers for topology see it. */
const networkOf = (stage: Stage): Network => ({
  ...stage.rehearsal.sandbox,
  participant: (index) => stage.node(index).participant,
  node: stage.node,
  contracts: new Map(),
  get now() {
    return stage.now
  },
  set now(time) {
    stage.now = time
  },
})

async function replicated(protocolVersion: number, named: boolean) {
  const { stage, alice, party } = await withParty(protocolVersion)
  execute(stage, party, prepare(stage, party, [create()]), [alice])
  const [source, target] = [stage.node(1), stage.node(2)]
  const network = networkOf(stage)
  const mapping = hosting(alice, [host(source), host(target, 2, true)])
  submit(network, [signed({ mapping, serial: 2 }, [ofNode(target.participant)], true)], { node: 2 })
  disconnect(target.participant, stage.now)
  const begin = source.ledger.end
  expect(exportPartyContracts(source.ledger, party, target.uid, begin)).toBeUndefined()
  submit(network, [signed({ mapping, serial: 2 }, [alice.sign], true)])
  stage.pass(DELAY + 1n)
  const contracts = exportPartyContracts(source.ledger, party, target.uid, begin)
  if (contracts === undefined) throw new Error('nothing was exported')
  expect(importContracts(target.ledger, concatBytes(...contracts))).toBe(1)
  if (named) target.scheduled.set(party, 0n)
  connect(target.participant, stage.now)
  stage.pass(1n)
  return { stage, alice, party, source, target }
}

describe('replication', () => {
  test('contracts are carried over and the flag is cleared when that is safe', async () => {
    const { stage, party, target } = await replicated(34, false)
    expect(target.ledger.contracts.size).toBe(1)
    const clear = () =>
      clearOnboardingFlag(target, party, target.scheduled, CLEARANCE_DELAY, stage.now)
    const first = clear()
    expect(first.onboarded).toBe(false)
    expect(first.earliestRetry).toBeGreaterThan(stage.now)
    stage.pass(CLEARANCE_DELAY)
    stage.pass(DELAY + 1n)
    expect(clear()).toEqual({ onboarded: true, earliestRetry: undefined })
    expect(clear()).toEqual({ onboarded: true, earliestRetry: undefined })
    expect(target.ledger.hostsOf(party).get(target.uid)?.onboarding).toBe(false)
  })

  test('by itself where the import has named the party', async () => {
    const { stage, party, source, target } = await replicated(35, true)
    expect(target.ledger.hostsOf(party).get(target.uid)?.onboarding).toBe(true)
    stage.pass(CLEARANCE_DELAY)
    stage.pass(CLEARANCE_DELAY)
    stage.pass(DELAY + 1n)
    expect(target.ledger.hostsOf(party).get(target.uid)?.onboarding).toBe(false)
    const events = source.ledger.updates.flatMap((update) =>
      update.$case === 'topology' ? update.events.map(({ $case }) => $case) : [],
    )
    expect(events).toEqual(['added', 'onboarding', 'added'])
  })

  test('before protocol version 35 a host with the flag is simply added', async () => {
    const { source } = await replicated(34, false)
    const events = source.ledger.updates.flatMap((update) =>
      update.$case === 'topology' ? update.events.map(({ $case }) => $case) : [],
    )
    expect(events).toEqual(['added', 'added'])
  })

  test('nothing is imported into a node that is connected', async () => {
    const { stage } = await withParty()
    expect(refusal(() => importContracts(stage.node(2).ledger, new Uint8Array()))).toBe(
      'INVALID_STATE_PARTY_MANAGEMENT_ERROR',
    )
  })

  test('bytes that were never exported', async () => {
    const { stage } = await withParty()
    disconnect(stage.node(2).participant, stage.now)
    expect(refusal(() => importContracts(stage.node(2).ledger, Uint8Array.of(5, 1)))).toBe(
      'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR',
    )
  })

  test('the flag of a party that is not hosted', async () => {
    const { stage, party } = await withParty()
    const { scheduled } = stage.node(2)
    const clear = () => clearOnboardingFlag(stage.node(2), party, scheduled, 0n, stage.now)
    expect(refusal(clear)).toBe('PARTY_ONBOARDING_CLEARANCE_MISSING_MAPPING')
    disconnect(stage.node(2).participant, stage.now)
    expect(refusal(clear)).toBe('INVALID_STATE_PARTY_MANAGEMENT_ERROR')
  })

  test('a participant that is not connected learns nothing', async () => {
    const { stage, alice } = await withParty()
    disconnect(stage.node(2).participant, stage.now)
    const before = stage.node(2).ledger.end
    const network = networkOf(stage)
    const mapping = hosting(alice, [host(stage.node(1), 3)])
    submit(network, [signed({ mapping, serial: 2 }, [alice.sign])])
    stage.pass(DELAY * 10n)
    expect(stage.node(2).ledger.end).toBe(before)
    connect(stage.node(2).participant, stage.now)
    stage.pass(1n)
    expect(stage.node(2).ledger.end).toBe(before + 1n)
  })
})

describe('the state', () => {
  test('comes back as it was', async () => {
    const { stage, alice, party, target } = await replicated(35, true)
    target.pruning = {
      cron: '0 0 * * *',
      maxDuration: 1n,
      retention: 2n,
      pruneInternallyOnly: true,
    }
    target.participant.createTemporary('scratch')
    const text = saveState(stage.rehearsal)
    const again = await restoreState(text)
    expect(saveState(again)).toBe(text)
    const later = stageOf(again, stage.now)
    later.pass(0n)
    for (const index of [1, 2]) {
      expect(later.node(index).ledger.updates).toEqual(stage.node(index).ledger.updates)
      expect(later.node(index).ledger.contracts).toEqual(stage.node(index).ledger.contracts)
      expect(later.node(index).ledger.end).toBe(stage.node(index).ledger.end)
    }
    const prepared = prepare(later, party, [create()])
    expect(execute(later, party, prepared, [alice]).refusal).toBeUndefined()
  })

  test('knows what was executed', async () => {
    const { stage, alice, party } = await withParty()
    const prepared = prepare(stage, party, [create()])
    execute(stage, party, prepared, [alice])
    const later = stageOf(await restoreState(saveState(stage.rehearsal)), stage.now)
    expect(refusal(() => execute(later, party, prepared, [alice]))).toBe('DUPLICATE_COMMAND')
  })

  test.each([
    ['no JSON', '{'],
    ['another document', '{"format":"x","version":1}'],
    ['another version', '{"format":"cantosign-sandbox-state","version":2}'],
    ['one without content', '{"format":"cantosign-sandbox-state","version":1}'],
  ])('%s is refused', async (_what, text) => {
    const code = await restoreState(text).then(
      () => 'restored',
      (error: unknown) => (error instanceof CantosignError ? error.code : String(error)),
    )
    expect(code).toBe('sandbox-state')
  })
})
