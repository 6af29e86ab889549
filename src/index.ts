/**
 * The library of the air-gapped half: reading, judging, signing and packing topology transactions and
 * prepared Daml transactions.
 * Everything here is free of terminals and of the network; `cantosign/signers/*` touch key files.
 */
export { ExitStatus, exitStatusOf, type ErrorCode } from './base/error-codes.ts'
export { CantosignError } from './base/errors.ts'
export { severityOf, type Finding, type FindingCode, type Severity } from './base/finding-codes.ts'
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
export { statementContext, transactionReport, type TransactionReport } from './explain/report.ts'
export { combinePackages } from './package/combine.ts'
export { createPackage } from './package/create.ts'
export { readPackage } from './package/read.ts'
export type { SigningPackage } from './package/model.ts'
export { writePackage } from './package/write.ts'
export type { Signer, SigningRequest } from './signer/signer.ts'
export { signatureMessage, signedTransactionFile, withSignature } from './topology/assemble.ts'
export { combinedHash, decentralizedNamespace } from './topology/namespace.ts'
export {
  readSignedTransaction,
  verifySignatures,
  type ReadSignedTransaction,
} from './topology/signed-transaction.ts'
export { readTransaction, type ReadTransaction } from './topology/transaction.ts'
