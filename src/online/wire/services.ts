/** The services of a participant by the names that this program has for them, and how a call looks. */
import { SERVICES } from './generated/schema.ts'
import type { ApiMessageName } from './schema.ts'

/** One call of a service. */
export interface ApiMethod {
  /** Path of the HTTP/2 request: /package.Service/Method. */
  readonly path: string
  readonly request: ApiMessageName
  readonly response: ApiMessageName
  readonly requestStream: boolean
  readonly responseStream: boolean
}

/** Admin API: topology transactions are added, signed and made. */
export const TopologyWrite =
  SERVICES['com.digitalasset.canton.topology.admin.v30.TopologyManagerWriteService']
/** Admin API: what the topology stores hold. */
export const TopologyRead =
  SERVICES['com.digitalasset.canton.topology.admin.v30.TopologyManagerReadService']
/** Admin API: the node's own id. */
export const Identity =
  SERVICES['com.digitalasset.canton.topology.admin.v30.IdentityInitializationService']
/** Admin API: replication of a party. */
export const PartyReplication =
  SERVICES['com.digitalasset.canton.admin.participant.v30.PartyManagementService']
export const ParticipantRepair =
  SERVICES['com.digitalasset.canton.admin.participant.v30.ParticipantRepairService']
export const Connectivity =
  SERVICES['com.digitalasset.canton.admin.participant.v30.SynchronizerConnectivityService']
export const Pruning = SERVICES['com.digitalasset.canton.admin.participant.v30.PruningService']

/** Ledger API. */
export const LedgerVersion = SERVICES['com.daml.ledger.api.v2.VersionService']
export const LedgerState = SERVICES['com.daml.ledger.api.v2.StateService']
export const LedgerUpdates = SERVICES['com.daml.ledger.api.v2.UpdateService']
export const LedgerCompletions = SERVICES['com.daml.ledger.api.v2.CommandCompletionService']
export const LedgerCommands = SERVICES['com.daml.ledger.api.v2.CommandService']
export const LedgerParties = SERVICES['com.daml.ledger.api.v2.admin.PartyManagementService']
export const LedgerUsers = SERVICES['com.daml.ledger.api.v2.admin.UserManagementService']
export const InteractiveSubmission =
  SERVICES['com.daml.ledger.api.v2.interactive.InteractiveSubmissionService']

/** Release line 3.4 numbers the parameters of an import otherwise (src/online/wire/proto). */
export const ImportPartyAcs34 = {
  ...PartyReplication.ImportPartyAcs,
  request: 'ImportPartyAcsRequest34',
} as const satisfies ApiMethod
