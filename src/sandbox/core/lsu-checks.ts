/** Logical upgrades of a synchronizer: their announcement and the freeze that it brings (docs/protocol/nodes.md section 3). */
import { readPhysicalSynchronizerId, type PhysicalSynchronizerId } from '../../ident/identifiers.ts'
import { mappingRow } from '../../topology/mapping.ts'
import type { LsuAnnouncement } from '../../wire/generated/schema.ts'
import { readSuccessor } from '../../wire/successor.ts'
import { CantonError } from './canton-error.ts'
import type { ParsedTransaction } from './submitted.ts'
import { microsOf } from './times.ts'
import { mappingOf, type StoreView } from './stored.ts'

const LSU_CODE = mappingRow('synchronizerUpgradeAnnouncement').code

/** By serial, then by protocol version; `dev` is above every number. */
function isAbove(a: PhysicalSynchronizerId, b: PhysicalSynchronizerId): boolean {
  if (a.serial !== b.serial) return a.serial > b.serial
  const order = (version: string): number => (version === 'dev' ? Infinity : Number(version))
  return order(a.protocolVersion) > order(b.protocolVersion)
}

function physical(text: string): PhysicalSynchronizerId | undefined {
  const reading = readPhysicalSynchronizerId(text)
  return reading.ok ? reading.value : undefined
}

function announcedSuccessor(store: StoreView): string | undefined {
  for (const record of store.activeOf(LSU_CODE)) {
    const mapping = mappingOf(record)
    if (mapping.$case === 'synchronizerUpgradeAnnouncement') {
      return mapping.value.successorPhysicalSynchronizerId
    }
  }
  return undefined
}

/** While an upgrade to a later synchronizer is announced nothing but upgrade mappings is taken. */
export function checkFreeze(
  { mapping }: ParsedTransaction,
  store: StoreView,
  id: { readonly id: string },
): void {
  if (
    mapping.$case === 'synchronizerUpgradeAnnouncement' ||
    mapping.$case === 'sequencerConnectionSuccessor'
  ) {
    return
  }
  const announced = physical(announcedSuccessor(store) ?? '')
  const own = physical(id.id)
  if (announced !== undefined && own !== undefined && isAbove(announced, own)) {
    throw new CantonError('TOPOLOGY_LSU_TOPOLOGY_FREEZE', 'an upgrade of the synchronizer is near')
  }
}

export function checkAnnouncement(
  { successorPhysicalSynchronizerId, upgradeTime }: LsuAnnouncement,
  { facts }: ParsedTransaction,
  store: StoreView,
  id: { readonly id: string },
  effective: bigint,
): void {
  const successor = physical(successorPhysicalSynchronizerId)
  const stored = store.active(facts.uniqueKey)
  const mapping = stored === undefined ? undefined : mappingOf(stored)
  const before =
    mapping?.$case === 'synchronizerUpgradeAnnouncement'
      ? physical(mapping.value.successorPhysicalSynchronizerId)
      : physical(id.id)
  if (successor === undefined || before === undefined || !isAbove(successor, before)) {
    throw new CantonError(
      'TOPOLOGY_INVALID_SUCCESSOR_PHYSICAL_SYNCHRONIZER_ID',
      'the successor does not come after what is there',
    )
  }
  if (upgradeTime === undefined || microsOf(upgradeTime) <= effective) {
    throw new CantonError(
      'TOPOLOGY_INVALID_UPGRADE_TIME',
      'the upgrade would be before its announcement takes effect',
    )
  }
}

export function checkSuccessor(bytes: Uint8Array, store: StoreView): void {
  const announced = announcedSuccessor(store)
  if (announced === undefined) {
    throw new CantonError('TOPOLOGY_NO_LSU_ANNOUNCED', 'no upgrade is announced')
  }
  const successor = readSuccessor(bytes)
  if (successor.form !== '3.5' || successor.value.successorPhysicalSynchronizerId !== announced) {
    throw new CantonError(
      'LSU_SEQUENCER_SUCCESSOR_INVALID_SUCCESSOR_PSID',
      'the connection is for another successor than the one that is announced',
    )
  }
}
