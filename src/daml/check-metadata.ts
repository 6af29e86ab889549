/** The metadata in its one form (docs/protocol/prepared-transactions.md section 4.1). */
import { readPhysicalSynchronizerId, readUniqueIdentifier } from '../ident/identifiers.ts'
import type { Metadata } from '../wire/generated/schema.ts'
import { checkNode } from './check-nodes.ts'
import { checkParties, checkTime, compareUtf8 } from './check-values.ts'
import type { Report } from './report.ts'
import { MAX_MICROS, MIN_MICROS } from './times.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const MAX_MEDIATOR_GROUP = 2_147_483_647

/** `logical` up to protocol version 34, `physical` from 35 on. */
export type SynchronizerIdForm = 'logical' | 'physical'

/** The form of a synchronizer id, or `undefined` for a text that is none. */
export function synchronizerIdForm(text: string): SynchronizerIdForm | undefined {
  if (readPhysicalSynchronizerId(text).ok) return 'physical'
  return readUniqueIdentifier(text).ok ? 'logical' : undefined
}

function checkSubmitter(metadata: Metadata, report: Report): void {
  const info = metadata.submitterInfo
  if (info === undefined) {
    report('missing-field', 'metadata.submitter_info', 'the metadata names no submitter')
    return
  }
  checkParties(info.actAs, 'metadata.submitter_info.act_as', report)
  if (info.actAs.length === 0) {
    report('empty-list', 'metadata.submitter_info.act_as', 'nobody acts')
  }
  if (info.commandId === '') {
    report('missing-field', 'metadata.submitter_info.command_id', 'there is no command id')
  }
}

function checkLedgerTimes(metadata: Metadata, report: Report): void {
  const { minLedgerEffectiveTime: min, maxLedgerEffectiveTime: max } = metadata
  if (metadata.preparationTime === 0n) {
    report('missing-field', 'metadata.preparation_time', 'there is no preparation time')
  }
  checkTime(metadata.preparationTime, 'metadata.preparation_time', report)
  const bounds = [
    ['min_ledger_effective_time', min, MIN_MICROS],
    ['max_ledger_effective_time', max, MAX_MICROS],
    ['max_record_time', metadata.maxRecordTime, undefined],
  ] as const
  for (const [name, time, unlimited] of bounds) {
    if (time === undefined) continue
    checkTime(time, `metadata.${name}`, report)
    // Times are unsigned on the wire; a node reads them as signed.
    if (BigInt.asIntN(64, time) === unlimited) {
      const message = 'the bound is the end of the range, which a node reads as no bound'
      report('time-bound-unlimited', `metadata.${name}`, message)
    }
  }
  if (min !== undefined && max !== undefined && min > max) {
    const message = 'the earliest ledger time lies after the latest'
    report('time-bounds-inverted', 'metadata.min_ledger_effective_time', message)
  }
}

function checkInputContracts(metadata: Metadata, report: Report): void {
  const seen = new Set<string>()
  let before: string | undefined
  metadata.inputContracts.forEach((input, i) => {
    const path = `metadata.input_contracts[${i}]`
    checkTime(input.createdAt, `${path}.created_at`, report)
    if (input.contract === undefined) {
      report('missing-content', `${path}.v1`, 'the input contract has no content')
      return
    }
    const create = input.contract.value
    checkNode({ $case: 'create', value: create }, `${path}.v1`, report)
    const { contractId } = create
    if (seen.has(contractId)) {
      report('duplicate-input-contract', `${path}.v1.contract_id`, 'the contract is listed already')
    } else if (before !== undefined && compareUtf8(before, contractId) > 0) {
      const message = 'the contract id sorts before the one in front of it'
      report('unsorted-input-contracts', `${path}.v1.contract_id`, message)
    }
    seen.add(contractId)
    before = contractId
  })
}

export function checkMetadata(metadata: Metadata, report: Report): void {
  checkSubmitter(metadata, report)
  const form = synchronizerIdForm(metadata.synchronizerId)
  if (form === undefined) {
    report('bad-identifier', 'metadata.synchronizer_id', 'the synchronizer id is not valid')
  }
  if (metadata.mediatorGroup > MAX_MEDIATOR_GROUP) {
    const message = `the mediator group is above ${MAX_MEDIATOR_GROUP}`
    report('mediator-group-out-of-range', 'metadata.mediator_group', message)
  } else if (metadata.mediatorGroup !== 0) {
    const message = `the mediator group is ${metadata.mediatorGroup}; participants write 0`
    report('mediator-group-not-zero', 'metadata.mediator_group', message)
  }
  if (metadata.transactionUuid === '') {
    report('missing-field', 'metadata.transaction_uuid', 'there is no transaction uuid')
  } else if (!UUID.test(metadata.transactionUuid)) {
    const message = 'the transaction uuid is not 36 characters of lower-case hex and hyphens'
    report('uuid-not-canonical', 'metadata.transaction_uuid', message)
  }
  checkLedgerTimes(metadata, report)
  checkInputContracts(metadata, report)
  metadata.globalKeyMapping.forEach((_entry, i) => {
    const message = 'a global key mapping is in no hash'
    report('global-key-mapping-not-signed', `metadata.global_key_mapping[${i}]`, message)
  })
}
