/**
 * The library of the air-gapped half: building, reading, judging, signing, packing and exporting
 * topology transactions and prepared Daml transactions (docs/library.md).
 * Everything here is free of terminals and of the network; `cantosign/signers/*` touch key files.
 */
export type { AuthorizationResult, AuthorizationStatus } from './authorization/result.ts'
export { ExitStatus, exitStatusOf, type ErrorCode } from './base/error-codes.ts'
export { CantosignError } from './base/errors.ts'
export { severityOf, type Finding, type FindingCode, type Severity } from './base/finding-codes.ts'
export { buildSpec, previousOf, type PreviousTransaction } from './build/build.ts'
export { requireExpectation } from './build/expectation.ts'
export { keyFilesOf, openSpec, readSpec, type KeyFiles, type Spec } from './build/spec.ts'
export { parseFingerprint, type Fingerprint } from './ident/fingerprint.ts'
export { parseUniqueIdentifier, type UniqueIdentifier } from './ident/identifiers.ts'
export { publicKeyFromRaw, type PublicKey } from './crypto/public-key.ts'
export { verifySignature } from './crypto/signature.ts'
export { hashPreparedTransaction, type HashResult } from './daml/hash.ts'
export { judgePreparedTransaction } from './daml/judge.ts'
export {
  readPreparedTransaction,
  type ReadPreparedTransaction,
} from './daml/prepared-transaction.ts'
export type { HashingScheme } from './daml/scheme.ts'
export { findDangers, type Danger } from './explain/dangers.ts'
export { judgeTransactions, type JudgementEntry, type StateReading } from './explain/judgement.ts'
export { needsOf, type KeyNeed } from './explain/key-need.ts'
export {
  judgePackage,
  packageEntries,
  packageState,
  requireSound,
  type StateBeside,
} from './explain/package-judgement.ts'
export { dangersOf } from './explain/signing-dangers.ts'
export { judgementsFor, type Judgement, type SeenJudgement } from './explain/standing.ts'
export { statementContext, transactionReport, type TransactionReport } from './explain/report.ts'
export {
  addContext,
  addSignature,
  addSignatures,
  signingMessage,
  type Added,
  type SignatureTarget,
  type SignatureToAdd,
} from './package/add.ts'
export { addPreparedSignatures, type PreparedSignatureToAdd } from './package/add-prepared.ts'
export { combinePackages } from './package/combine.ts'
export { createPackage, type JudgedPackage, type PackageContent } from './package/create.ts'
export {
  exportCertificates,
  exportHashes,
  exportPrepared,
  type ExportedFile,
  type SignedExportOptions,
} from './package/export.ts'
export { exportExecute, exportExecuteSubmission } from './package/export-execute.ts'
export { exportAllocate } from './package/export-ledger.ts'
export { exportAddTransactions, exportConsole } from './package/export-node.ts'
export type { PackageLimits, PackageVerdicts, SigningPackage } from './package/model.ts'
export { readPackage } from './package/read.ts'
export { verifyPackage } from './package/verdicts.ts'
export { writePackage } from './package/write.ts'
export { requirePolicy } from './policy/decide.ts'
export { factsOf } from './policy/facts.ts'
export { readPolicy, type Policy } from './policy/policy.ts'
export type { Signer, SigningRequest } from './signer/signer.ts'
export { signatureMessage, signedTransactionFile, withSignature } from './topology/assemble.ts'
export { combinedHash, decentralizedNamespace } from './topology/namespace.ts'
export {
  readSignedTransaction,
  refusals,
  verifySignatures,
  type ReadSignedTransaction,
} from './topology/signed-transaction.ts'
export { readTransaction, type ReadTransaction } from './topology/transaction.ts'
