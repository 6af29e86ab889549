/** Dangers of signing a prepared Daml transaction. */
import { authorizersOf } from '../../daml/check-authority.ts'
import type { HashingScheme } from '../../daml/scheme.ts'
import { ledgerTimeText } from '../../daml/times.ts'
import { executionOrder, type ExecutedNode } from '../../daml/tree.ts'
import type { Metadata, PreparedTransaction } from '../../wire/generated/schema.ts'
import { partiesWords } from '../daml-nodes.ts'
import type { Names } from '../daml-names.ts'
import { danger, type Danger } from './codes.ts'

const DAY_MICROS = 86_400_000_000n

/** Clocks that agree differ by less. */
const CLOCK_DIFFERENCE_MICROS = 60_000_000n

function partyDangers(
  actAs: readonly string[],
  own: ReadonlySet<string>,
  names: Names,
): readonly Danger[] {
  const others = actAs.filter((party) => !own.has(party))
  if (others.length === actAs.length) {
    const message = `only ${partiesWords(others, names)} act here, none of them the signer's`
    return [danger('signer-does-not-act', message)]
  }
  if (others.length === 0) return []
  const message = `the authority of ${partiesWords(others, names)} is used together with the signer's`
  return [danger('acts-for-others', message)]
}

function timeDangers(metadata: Metadata, scheme: HashingScheme): readonly Danger[] {
  const { preparationTime, maxRecordTime, minLedgerEffectiveTime, maxLedgerEffectiveTime } =
    metadata
  // Under V2 the bound is unsigned and so is none.
  const expiry = scheme === 'V2' ? undefined : maxRecordTime
  const until =
    expiry === undefined
      ? `the synchronizer's tolerance has passed since ${ledgerTimeText(preparationTime)}: 24 hours unless its owners set or will set another`
      : `${ledgerTimeText(expiry)}, at most`
  const dangers = [
    danger(
      'executable-by-others',
      `any participant of the synchronizer can execute the signed transaction until ${until}`,
    ),
  ]
  if (expiry !== undefined && expiry - preparationTime > DAY_MICROS) {
    const message = `the latest record time ${ledgerTimeText(expiry)} is more than 24 hours after the preparation`
    dangers.push(danger('valid-long', message))
  }
  if (minLedgerEffectiveTime !== undefined || maxLedgerEffectiveTime !== undefined) {
    const from =
      minLedgerEffectiveTime === undefined ? '' : ` from ${ledgerTimeText(minLedgerEffectiveTime)}`
    const to =
      maxLedgerEffectiveTime === undefined ? '' : ` until ${ledgerTimeText(maxLedgerEffectiveTime)}`
    dangers.push(
      danger('ledger-time-bound', `the code read the time: it can be executed only${from}${to}`),
    )
  }
  return dangers
}

/** What the clock says; a synchronizer's tolerance is not known here, so none of it is a refusal. */
function clockDangers(
  { preparationTime, maxRecordTime, maxLedgerEffectiveTime }: Metadata,
  scheme: HashingScheme,
  now: bigint,
): readonly Danger[] {
  const dangers: Danger[] = []
  const here = `it is ${ledgerTimeText(now)} by the clock here`
  if (preparationTime > now + CLOCK_DIFFERENCE_MICROS) {
    const message = `the preparation time ${ledgerTimeText(preparationTime)} lies ahead: ${here}`
    dangers.push(danger('prepared-in-future', message))
  } else if (now - preparationTime > DAY_MICROS) {
    const message = `prepared ${ledgerTimeText(preparationTime)}, more than 24 hours ago: ${here}`
    dangers.push(danger('prepared-long-ago', message))
  }
  const ends = [
    ['latest ledger time', maxLedgerEffectiveTime],
    ['latest record time', scheme === 'V2' ? undefined : maxRecordTime],
  ] as const
  for (const [name, end] of ends) {
    if (end === undefined || end >= now) continue
    dangers.push(danger('time-over', `the ${name} ${ledgerTimeText(end)} has passed: ${here}`))
  }
  return dangers
}

function contractDangers(
  order: readonly ExecutedNode[],
  metadata: Metadata,
  own: ReadonlySet<string>,
  names: Names,
): readonly Danger[] {
  const inputs = new Map(
    metadata.inputContracts.flatMap(({ contract }) =>
      contract === undefined ? [] : [[contract.value.contractId, contract.value] as const],
    ),
  )
  const dangers = new Map<string, Danger>()
  for (const { node, undone } of order) {
    if (node.$case !== 'exercise' && node.$case !== 'fetch') continue
    const { contractId, templateId, signatories } = node.value
    const input = inputs.get(contractId)
    const short = names.contract(contractId)
    if (input !== undefined && input.templateId?.packageId !== templateId?.packageId) {
      const message = `contract ${short} is used through another package than it was created with`
      dangers.set(`package ${contractId}`, danger('package-changed', message))
    }
    if (undone || node.$case !== 'exercise' || !node.value.consuming) continue
    if (input !== undefined && signatories.some((party) => own.has(party))) {
      const message = `contract ${short}, which the signer is a signatory of, is archived`
      dangers.set(`archive ${contractId}`, danger('own-contract-archived', message))
    }
  }
  return [...dangers.values()]
}

/** Rights that the acting parties do not have by themselves: read with, and written with. */
function rightsDangers(
  order: readonly ExecutedNode[],
  metadata: Metadata,
  actAs: ReadonlySet<string>,
  names: Names,
): readonly Danger[] {
  const dangers: Danger[] = []
  for (const { contract } of metadata.inputContracts) {
    if (contract === undefined) continue
    const { contractId, stakeholders } = contract.value
    if (stakeholders.some((party) => actAs.has(party))) continue
    const message = `contract ${names.contract(contractId)} is used, and no party that acts is a stakeholder of it: it was read with the rights of others, or disclosed`
    dangers.push(danger('reads-as-others', message))
  }
  const lent = new Set<string>()
  for (const { node, depth, undone } of order) {
    if (depth === 0 || undone || node.$case === 'fetch') continue
    for (const party of authorizersOf(node)?.parties ?? []) if (!actAs.has(party)) lent.add(party)
  }
  if (lent.size > 0) {
    const message = `the authority of ${partiesWords([...lent].toSorted(), names)} is used below the root, given with contracts that they signed`
    dangers.push(danger('writes-as-others', message))
  }
  return dangers
}

/**
 * @param own the signer's parties; empty if they are not known
 * @param now the time in microseconds since 1970; `undefined` where there is no clock
 */
export function preparedDangers(
  prepared: PreparedTransaction,
  scheme: HashingScheme,
  own: ReadonlySet<string>,
  names: Names,
  now: bigint | undefined,
): readonly Danger[] {
  const { transaction, metadata } = prepared
  if (transaction === undefined || metadata === undefined) return []
  const order = executionOrder(transaction)
  const actAs = new Set(metadata.submitterInfo?.actAs ?? [])
  for (const { node, depth } of order) {
    if (depth === 0) for (const party of authorizersOf(node)?.parties ?? []) actAs.add(party)
  }
  return [
    ...(own.size === 0 ? [] : partyDangers([...actAs], own, names)),
    ...rightsDangers(order, metadata, actAs, names),
    ...timeDangers(metadata, scheme),
    ...(now === undefined ? [] : clockDangers(metadata, scheme, now)),
    ...contractDangers(order, metadata, own, names),
  ]
}
