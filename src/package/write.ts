/** Writes a package: equal packages are equal files (docs/format.md section 5). */
import { toBase64, toHex, utf8Bytes } from '../base/bytes.ts'
import { escapeJson } from '../base/text.ts'
import { limitsOf } from './create.ts'
import { enumText } from './format.ts'
import { checkLimit } from './json-shape.ts'
import {
  PACKAGE_FORMAT,
  PREPARED_VERSION,
  TOPOLOGY_VERSION,
  type CombinedSigning,
  type PackageLimits,
  type PackagePreparedTransaction,
  type PackageSignature,
  type PackageTransaction,
  type SigningPackage,
  type StateTransaction,
} from './model.ts'
import { preparedSummaryOf } from './prepared-summary.ts'
import { summaryOf } from './summary.ts'

function signatureJson(one: PackageSignature): Readonly<Record<string, unknown>> {
  return {
    signedBy: one.signedBy,
    format: enumText('SignatureFormat', one.format),
    algorithm: enumText('SigningAlgorithmSpec', one.signingAlgorithmSpec),
    signature: toBase64(one.signature),
  }
}

function transactionJson(entry: PackageTransaction): unknown {
  return {
    hash: entry.hash,
    summary: summaryOf(entry),
    proposal: entry.proposal,
    transaction: toBase64(entry.transaction.bytes),
    signatures: entry.signatures.map(signatureJson),
  }
}

function combinedJson(one: CombinedSigning): unknown {
  return {
    hash: toHex(one.hash),
    transactions: one.transactions,
    ...(one.elsewhere.length === 0 ? {} : { elsewhere: one.elsewhere }),
    signatures: one.signatures.map(signatureJson),
  }
}

function preparedJson(entry: PackagePreparedTransaction): unknown {
  return {
    hash: entry.hash,
    hashingScheme: entry.scheme,
    summary: preparedSummaryOf(entry.prepared.value),
    preparedTransaction: toBase64(entry.prepared.bytes),
    signatures: entry.signatures.map((one) => ({ party: one.party, ...signatureJson(one) })),
  }
}

function stateJson({ signed, sources }: StateTransaction): unknown {
  return {
    hash: toHex(signed.transaction.hash),
    sources: sources.map(({ from, at }) => ({ from, at })),
    signedTransaction: toBase64(signed.bytes),
  }
}

/** The object, or `undefined` (which JSON leaves out) if nothing in it is set. */
function unlessEmpty(object: Readonly<Record<string, unknown>>): unknown {
  return Object.values(object).some((value) => value !== undefined) ? object : undefined
}

/**
 * The file, UTF-8: two spaces of indentation, a newline at its end. What could change how a terminal
 * shows it is written as escapes, so that it can be looked at with any tool.
 * @throws CantosignError `limit-exceeded` for a package that could not be read again
 */
export function writePackage(
  content: SigningPackage,
  limits: Partial<PackageLimits> = {},
): Uint8Array {
  const { network, text, preparedTransactions } = content
  const document = {
    format: PACKAGE_FORMAT,
    // The lowest version that can say it.
    version: preparedTransactions.length === 0 ? TOPOLOGY_VERSION : PREPARED_VERSION,
    network: unlessEmpty({
      synchronizerId: network.synchronizerId,
      protocolVersion: network.protocolVersion,
    }),
    text: unlessEmpty({
      requestedBy: text.requestedBy,
      reason: text.reason,
      validUntil: text.validUntil,
    }),
    transactions: content.transactions.map(transactionJson),
    combined: content.combined.map(combinedJson),
    preparedTransactions:
      preparedTransactions.length === 0 ? undefined : preparedTransactions.map(preparedJson),
    publicKeys: content.publicKeys.map(({ fingerprint, keySpec, spki }) => ({
      fingerprint,
      keySpec,
      publicKey: toBase64(spki),
    })),
    state: content.state.map(stateJson),
  }
  const bytes = utf8Bytes(`${escapeJson(JSON.stringify(document, null, 2))}\n`)
  checkLimit('', bytes.length, limitsOf(limits).packageBytes, 'bytes of a package')
  return bytes
}
