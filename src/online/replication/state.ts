/**
 * Offline party replication as a value: what was agreed, which steps are done, and what was noted
 * before a step that must not be repeated blindly (docs/protocol/replication.md).
 *
 * Steps are done in one order. A state in which they are not cannot be written down, and one that
 * was edited into it is refused.
 */
import { toBase64, utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import {
  readParticipantUid,
  readPhysicalSynchronizerId,
  readUniqueIdentifier,
} from '../../ident/identifiers.ts'
import { readStrictJson, type StrictValue } from '../strict-json.ts'

/** Every step in its order. */
export const STEPS = [
  'vetting',
  'retention',
  'proposal',
  'isolation',
  'package',
  'authorization',
  'export',
  'schedule',
  'backup',
  'import',
  'connection',
  'clearance',
] as const
export type Step = (typeof STEPS)[number]

/** Where a step is done: at a participant, or by the operator of the target by hand. */
export type Side = 'source' | 'target' | 'operator'

export type HostPermission = 'confirmation' | 'observation'

/** What is to happen; it does not change afterwards. */
export interface Plan {
  readonly party: string
  /** Physical id. */
  readonly synchronizer: string
  /** Uid of a participant that hosts the party now, without `PAR::`. */
  readonly source: string
  /** Uid of the participant that is to host it, without `PAR::`. */
  readonly target: string
  readonly permission: HostPermission
  /** Package ids that the target has to have vetted; empty: all that the source has vetted. */
  readonly packages: readonly string[]
}

/** A synchronizer that the target was registered with before it was isolated. */
export interface IsolatedSynchronizer {
  readonly alias: string
  readonly connected: boolean
  readonly manualConnect: boolean
}

/** That a step is done, and no more. */
type Nothing = Readonly<Record<string, never>>

/** What stays of each step. */
export interface StepData {
  readonly vetting: { readonly packages: readonly string[] }
  /** ParticipantPruningSchedule as the source gave it; `undefined`: nothing was pruned. */
  readonly retention: { readonly schedule: Uint8Array | undefined }
  readonly proposal: {
    /** 68 hex characters. */
    readonly hash: string
    readonly serial: number
    /** The wrapped SignedTopologyTransaction with the signature of the target. */
    readonly transaction: Uint8Array
  }
  readonly isolation: { readonly synchronizers: readonly IsolatedSynchronizer[] }
  /** End of the ledger of the source before the party could sign. */
  readonly package: { readonly ledgerEnd: bigint }
  readonly authorization: Nothing
  /** SHA-256 in hex, and length in bytes, of the file with the contracts. */
  readonly export: { readonly sha256: string; readonly length: number }
  readonly schedule: Nothing
  readonly backup: Nothing
  /** End of the ledger of the target before the import. */
  readonly import: { readonly ledgerEnd: bigint }
  /** End of the ledger of the target before it was connected again. */
  readonly connection: { readonly ledgerEnd: bigint }
  readonly clearance: Nothing
}

export type StepRecord<S extends Step = Step> = {
  [K in S]: {
    readonly step: K
    /** RFC 3339 in UTC, by the clock of the machine that ran it. */
    readonly at: string
    readonly data: StepData[K]
  }
}[S]

/** Steps whose data is written down before anything is changed. */
export type NotedStep = 'retention' | 'isolation' | 'package' | 'import' | 'connection'

export interface ReplicationState {
  readonly plan: Plan
  /** A beginning of `STEPS`. */
  readonly done: readonly StepRecord[]
  /** The next step, if it was begun: it may have taken effect or not. */
  readonly begun: StepRecord<NotedStep> | undefined
}

export const sideOf: Readonly<Record<Step, Side>> = {
  vetting: 'target',
  retention: 'source',
  proposal: 'target',
  isolation: 'target',
  package: 'source',
  authorization: 'source',
  export: 'source',
  schedule: 'source',
  backup: 'operator',
  import: 'target',
  connection: 'target',
  clearance: 'target',
}

/** `undefined` once every step is done. */
export function nextStep({ done }: Pick<ReplicationState, 'done'>): Step | undefined {
  return STEPS[done.length]
}

/** What stays of a step that was done; asking for one that was not is a fault. */
export function dataOf<S extends Step>({ done }: ReplicationState, step: S): StepData[S] {
  const record = done.find((one) => one.step === step)
  if (record === undefined) throw new Error(`the step ${step} is not done`)
  return record.data as StepData[S] // the record of a step holds its data
}

export function isDone({ done }: ReplicationState, step: Step): boolean {
  return done.length > STEPS.indexOf(step)
}

export const newReplication = (plan: Plan): ReplicationState => ({
  plan,
  done: [],
  begun: undefined,
})

/** Writes down what a step needs to be finished later. A step out of order is a fault. */
export function begin(state: ReplicationState, record: StepRecord<NotedStep>): ReplicationState {
  if (nextStep(state) !== record.step) throw new Error(`${record.step} is not the next step`)
  return { ...state, begun: record }
}

/** A step is done. One out of order is a fault. */
export function complete(state: ReplicationState, record: StepRecord): ReplicationState {
  if (nextStep(state) !== record.step) throw new Error(`${record.step} is not the next step`)
  return { ...state, done: [...state.done, record], begun: undefined }
}

const FORMAT = 'cantosign-replication'
const VERSION = 1

function dataJson({ step, data }: StepRecord): Record<string, unknown> {
  switch (step) {
    case 'retention':
      return { schedule: data.schedule === undefined ? null : toBase64(data.schedule) }
    case 'proposal':
      return { ...data, transaction: toBase64(data.transaction) }
    case 'package':
    case 'import':
    case 'connection':
      return { ledgerEnd: data.ledgerEnd.toString() }
    default:
      return data
  }
}

const recordJson = (record: StepRecord): Record<string, unknown> => ({
  step: record.step,
  at: record.at,
  ...dataJson(record),
})

/** The state as JSON text in UTF-8; equal states are equal files. */
export function writeReplication({ plan, done, begun }: ReplicationState): Uint8Array {
  const document = {
    format: FORMAT,
    version: VERSION,
    plan: {
      party: plan.party,
      synchronizer: plan.synchronizer,
      source: plan.source,
      target: plan.target,
      permission: plan.permission,
      packages: plan.packages,
    },
    done: done.map(recordJson),
    begun: begun === undefined ? null : recordJson(begun),
  }
  return utf8Bytes(`${JSON.stringify(document, undefined, 2)}\n`)
}

const HINT = 'it is written by this tool alone: take the last good copy, or start a new directory'

function invalid(path: string, problem: string): CantosignError {
  const where =
    path === '' ? 'the state of the replication' : `${path} in the state of the replication`
  return new CantosignError('replication-state-invalid', `${where} ${problem}`, HINT)
}

const HASH = /^1220[0-9a-f]{64}$/
const SHA256 = /^[0-9a-f]{64}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
export const PACKAGE_ID = /^[0-9a-f]{64}$/

const DATA_NAMES: Readonly<Record<Step, readonly string[]>> = {
  vetting: ['packages'],
  retention: ['schedule'],
  proposal: ['hash', 'serial', 'transaction'],
  isolation: ['synchronizers'],
  package: ['ledgerEnd'],
  authorization: [],
  export: ['sha256', 'length'],
  schedule: [],
  backup: [],
  import: ['ledgerEnd'],
  connection: ['ledgerEnd'],
  clearance: [],
}

const packageIds = (value: StrictValue): readonly string[] =>
  value.items.map((item) => item.matching(PACKAGE_ID, 'a package id (64 hex characters)'))

const READ_DATA: { readonly [S in Step]: (at: (name: string) => StrictValue) => StepData[S] } = {
  vetting: (at) => ({ packages: packageIds(at('packages')) }),
  retention: (at) => {
    const schedule = at('schedule')
    return { schedule: schedule.isNull ? undefined : schedule.bytes }
  },
  proposal: (at) => ({
    hash: at('hash').matching(HASH, 'a hash (68 hex characters beginning 1220)'),
    serial: at('serial').number(2, 2_147_483_647),
    transaction: at('transaction').bytes,
  }),
  isolation: (at) => ({
    synchronizers: at('synchronizers').items.map((item) => {
      const of = item.object(['alias', 'connected', 'manualConnect'])
      return {
        alias: of('alias').text,
        connected: of('connected').flag,
        manualConnect: of('manualConnect').flag,
      }
    }),
  }),
  package: (at) => ({ ledgerEnd: at('ledgerEnd').offset }),
  authorization: () => ({}),
  export: (at) => ({
    sha256: at('sha256').matching(SHA256, 'a SHA-256 (64 hex characters)'),
    length: at('length').number(0, Number.MAX_SAFE_INTEGER),
  }),
  schedule: () => ({}),
  backup: () => ({}),
  import: (at) => ({ ledgerEnd: at('ledgerEnd').offset }),
  connection: (at) => ({ ledgerEnd: at('ledgerEnd').offset }),
  clearance: () => ({}),
}

function readRecord(value: StrictValue, expected: Step): StepRecord {
  const step = value.member('step').text
  if (step !== expected) {
    throw invalid(value.path, `is the step ${JSON.stringify(step)} where ${expected} has to stand`)
  }
  const at = value.object(['step', 'at', ...DATA_NAMES[expected]])
  return {
    step: expected,
    at: at('at').matching(TIME, 'a time in UTC with milliseconds'),
    data: READ_DATA[expected](at),
  } as StepRecord // the data is read by the step's own function
}

const NOTED: readonly Step[] = ['retention', 'isolation', 'package', 'import', 'connection']

export function isNoted(record: StepRecord): record is StepRecord<NotedStep> {
  return NOTED.includes(record.step)
}

function readPlan(value: StrictValue): Plan {
  const at = value.object(['party', 'synchronizer', 'source', 'target', 'permission', 'packages'])
  const checked = (
    name: string,
    read: (text: string) => { readonly ok: boolean },
    what: string,
  ) => {
    const one = at(name)
    if (!read(one.text).ok) throw one.wrong(what)
    return one.text
  }
  return {
    party: checked('party', readUniqueIdentifier, 'a party id'),
    synchronizer: checked('synchronizer', readPhysicalSynchronizerId, 'a physical synchronizer id'),
    source: checked('source', readParticipantUid, 'a participant id'),
    target: checked('target', readParticipantUid, 'a participant id'),
    permission: at('permission').oneOf(
      ['confirmation', 'observation'],
      'confirmation or observation',
    ),
    packages: packageIds(at('packages')),
  }
}

/**
 * Reads a state file strictly: what it does not know, and steps out of their order, are refused.
 * @throws CantosignError `replication-state-invalid`
 */
export function readReplication(bytes: Uint8Array): ReplicationState {
  const whole = readStrictJson(bytes, invalid)
  const format = whole.member('format')
  if (format.text !== FORMAT) throw format.wrong(`"${FORMAT}"`)
  whole.member('version').number(VERSION, VERSION)
  const at = whole.object(['format', 'version', 'plan', 'done', 'begun'])
  const items = at('done').items
  if (items.length > STEPS.length) throw at('done').wrong(`a list of at most ${STEPS.length} steps`)
  const done = items.map((item, i) => readRecord(item, STEPS[i] ?? 'clearance'))
  const begunValue = at('begun')
  const state = { plan: readPlan(at('plan')), done, begun: undefined }
  if (begunValue.isNull) return state
  const next = nextStep(state)
  if (next === undefined) throw begunValue.wrong('null, although every step is done')
  const begun = readRecord(begunValue, next)
  if (!isNoted(begun)) throw begunValue.wrong('a step of which anything is noted beforehand')
  return { ...state, begun }
}
