/**
 * A reassignment as a value: which contracts go where, and how far it is (docs/protocol/reassignment.md).
 * It is written down before anything is asked for, so that a run that was stopped finds its own
 * traces on the ledger.
 */
import { utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { readUniqueIdentifier } from '../../ident/identifiers.ts'
import { readStrictJson, type StrictValue } from '../strict-json.ts'

/** What is to happen; it does not change afterwards. */
export interface ReassignmentPlan {
  /** In whose name; a stakeholder of every contract. */
  readonly party: string
  /** Logical synchronizer ids. */
  readonly source: string
  readonly target: string
  /** Lower-case hex, sorted, each once. */
  readonly contracts: readonly string[]
  /** Begins the command id of both commands. */
  readonly commandId: string
  /** End of the ledger before the first command: what happened is looked for after it. */
  readonly ledgerEnd: bigint
}

/** The contracts have left the source. */
export interface Unassigned {
  /** `REASSIGNMENT_ID` */
  readonly reassignmentId: string
  /** Offset on the participant. */
  readonly offset: bigint
}

/** The contracts are at the target. */
export interface Assigned {
  readonly offset: bigint
}

export interface ReassignmentRecord {
  readonly plan: ReassignmentPlan
  readonly unassigned: Unassigned | undefined
  readonly assigned: Assigned | undefined
}

/** V1 ids begin 00, V2 ids 01; a version, a hash and a suffix. */
export const CONTRACT_ID = /^0[01](?:[0-9a-f]{2}){12,127}$/

/** Opaque; hex from release line 3.4. */
export const REASSIGNMENT_ID = /^[0-9A-Za-z]{1,256}$/

const FORMAT = 'cantosign-reassignment'
const VERSION = 1

/** JSON text in UTF-8; equal records are equal files. */
export function writeReassignment({ plan, unassigned, assigned }: ReassignmentRecord): Uint8Array {
  const document = {
    format: FORMAT,
    version: VERSION,
    party: plan.party,
    source: plan.source,
    target: plan.target,
    contracts: plan.contracts,
    commandId: plan.commandId,
    ledgerEnd: plan.ledgerEnd.toString(),
    unassigned:
      unassigned === undefined
        ? null
        : { reassignmentId: unassigned.reassignmentId, offset: unassigned.offset.toString() },
    assigned: assigned === undefined ? null : { offset: assigned.offset.toString() },
  }
  return utf8Bytes(`${JSON.stringify(document, undefined, 2)}\n`)
}

function invalid(path: string, problem: string): CantosignError {
  const where =
    path === '' ? 'the record of the reassignment' : `${path} in the record of the reassignment`
  return new CantosignError(
    'reassignment-record-invalid',
    `${where} ${problem}`,
    'it is written by this tool alone: take the last good copy; the id of an unassignment stands in the log of the participant too',
  )
}

function identifier(value: StrictValue, what: string): string {
  const { text } = value
  if (!readUniqueIdentifier(text).ok) throw value.wrong(what)
  return text
}

/**
 * Reads a record strictly.
 * @throws CantosignError `reassignment-record-invalid`
 */
export function readReassignment(bytes: Uint8Array): ReassignmentRecord {
  const whole = readStrictJson(bytes, invalid)
  const format = whole.member('format')
  if (format.text !== FORMAT) throw format.wrong(`"${FORMAT}"`)
  whole.member('version').number(VERSION, VERSION)
  const at = whole.object([
    ...['format', 'version', 'party', 'source', 'target', 'contracts', 'commandId', 'ledgerEnd'],
    ...['unassigned', 'assigned'],
  ])
  const contracts = at('contracts').items.map((one) => one.matching(CONTRACT_ID, 'a contract id'))
  if (contracts.length === 0) throw at('contracts').wrong('a list with a contract')
  const unassigned = at('unassigned')
  const assigned = at('assigned')
  if (unassigned.isNull && !assigned.isNull)
    throw assigned.wrong('null, although nothing was unassigned')
  const left = unassigned.isNull ? undefined : unassigned.object(['reassignmentId', 'offset'])
  const arrived = assigned.isNull ? undefined : assigned.object(['offset'])
  return {
    plan: {
      party: identifier(at('party'), 'a party id'),
      source: identifier(at('source'), 'a synchronizer id'),
      target: identifier(at('target'), 'a synchronizer id'),
      contracts,
      commandId: at('commandId').matching(/^[A-Za-z0-9-]{1,100}$/, 'a command id'),
      ledgerEnd: at('ledgerEnd').offset,
    },
    unassigned:
      left === undefined
        ? undefined
        : {
            reassignmentId: left('reassignmentId').matching(REASSIGNMENT_ID, 'a reassignment id'),
            offset: left('offset').offset,
          },
    assigned: arrived === undefined ? undefined : { offset: arrived('offset').offset },
  }
}
