/**
 * The library of the online half (`cantosign/online`): a participant's Admin API and Ledger API, and
 * what is done over them. It needs @grpc/grpc-js, an optional peer of this package.
 */
export { AdminApi, type ConnectedSynchronizer } from './admin.ts'
export { readHostPort, readJsonApiAddress, type HostPort, type JsonApiAddress } from './address.ts'
export { allocateParty, waitForHosting, type AllocationOutcome } from './allocate.ts'
export { cantonErrorHelp, KNOWN_CANTON_ERRORS, type CantonErrorHelp } from './canton-errors.ts'
export { profileOf, readConfig, type Config, type Profile } from './config.ts'
export {
  DEFAULT_TIMEOUT_MILLIS,
  MAX_MESSAGE_BYTES,
  Routes,
  type ConnectionSettings,
} from './connection.ts'
export { executePackage, outcomeOf, type ExecuteOptions, type Submission } from './execute.ts'
export { packageOfProposals, withState } from './fetch.ts'
export { gatherState } from './gather.ts'
export { checkGenerated, type AskedParty } from './generated-topology.ts'
export { onlyInForce, type InForce } from './in-force.ts'
export { adminInfo, ledgerInfo, type AdminInfo, type LedgerInfo } from './info.ts'
export { fetchState, stateContent, type FetchedState } from './judged-state.ts'
export type { Completion, LedgerApi } from './ledger.ts'
export { GrpcLedgerApi } from './ledger-grpc.ts'
export { JsonLedgerApi } from './ledger-json.ts'
export { prepareTransaction, readCommand, type Prepared, type PrepareRequest } from './prepare.ts'
export { judgedProposals, listProposals, neededFrom, type ProposalFilter } from './proposals.ts'
export { follow, standingOf, type Standing } from './standing.ts'
export { scopedState, snapshotRecordBytes, wholeState } from './state-export.ts'
export { chooseStore, type ChosenStore } from './store.ts'
export { prepareSubmission, refuseHopeless, send, type Preparation } from './submit.ts'
export { listTopology, type TopologyQuery } from './topology-query.ts'
