/** Prepared Daml transactions of a package, checked one by one (docs/format.md section 9). */
import { toHex } from '../base/bytes.ts'
import { hashPreparedTransaction } from '../daml/hash.ts'
import { readPreparedTransaction } from '../daml/prepared-transaction.ts'
import type { HashingScheme } from '../daml/scheme.ts'
import { logicalSynchronizerText, readPhysicalSynchronizerId } from '../ident/identifiers.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'
import { packageSignature, refuseFatal, sortedSignatures } from './entries.ts'
import { checkLimit, placeError } from './json-shape.ts'
import type {
  PackageLimits,
  PackageNetwork,
  PackagePreparedTransaction,
  PreparedSignature,
} from './model.ts'
import { PREPARED_SIGNATURE_ORDER } from './order.ts'

/** A prepared transaction and its signatures, as given. */
export interface PreparedContent {
  /** The PreparedTransaction, exactly; it has no wrapper. */
  readonly bytes: Uint8Array
  readonly scheme: HashingScheme
  readonly signatures?: readonly (Signature & { readonly party: string })[]
}

const FORMATS: readonly (string | undefined)[] = ['DER', 'CONCAT']
const ALGORITHMS: readonly (string | undefined)[] = ['ED25519', 'EC_DSA_SHA_256', 'EC_DSA_SHA_384']

/**
 * A signature over a prepared transaction in the form that packages hold.
 * @param actAs the parties that act: signatures of others are asked for by nobody
 * @throws CantosignError `package-value`, and as `packageSignature`
 */
export function preparedSignature(
  wire: Signature & { readonly party: string },
  actAs: readonly string[],
  path: string,
): PreparedSignature {
  const one = packageSignature(wire, path)
  if (!FORMATS.includes(enumName('SignatureFormat', one.format))) {
    const problem = 'a signature over a prepared transaction is DER or CONCAT'
    throw placeError('package-value', `${path}.format`, problem)
  }
  if (!ALGORITHMS.includes(enumName('SigningAlgorithmSpec', one.signingAlgorithmSpec))) {
    const problem = 'a signature over a prepared transaction names an algorithm of a Canton key'
    throw placeError('package-value', `${path}.algorithm`, problem)
  }
  if (!actAs.includes(wire.party)) {
    const problem = 'this party does not act in the transaction'
    throw placeError('package-value', `${path}.party`, problem)
  }
  return { ...one, party: wire.party }
}

/**
 * Reads and hashes the bytes. What may keep the transaction from being signed is not asked here.
 * @throws CantosignError a fatal finding's code, `limit-exceeded`, `prepared-hash-undetermined`,
 * `package-value`, `package-duplicate-signature`
 */
export function preparedEntry(
  content: PreparedContent,
  path: string,
  limits: PackageLimits,
): PackagePreparedTransaction {
  const at = `${path}.preparedTransaction`
  const { bytes, scheme, signatures = [] } = content
  checkLimit(at, bytes.length, limits.preparedBytes, 'bytes of a prepared transaction')
  const read = readPreparedTransaction(bytes)
  refuseFatal(read.findings, at)
  const { value } = read
  if (value === undefined) throw new Error('a transaction without a fatal finding has a value')
  const hashed = hashPreparedTransaction(read, scheme)
  if (hashed.$case === 'undetermined') {
    const [obstacle] = hashed.obstacles
    throw placeError(
      'prepared-hash-undetermined',
      obstacle === undefined || obstacle.path === '' ? at : `${at}.${obstacle.path}`,
      `the transaction has no single hash${obstacle === undefined ? '' : `: ${obstacle.message}`}`,
      'have the transaction prepared anew; see all that is wrong with transaction inspect',
    )
  }
  const actAs = value.metadata?.submitterInfo?.actAs ?? []
  return {
    prepared: { ...read, value },
    scheme,
    hash: toHex(hashed.hash),
    digest: hashed.hash,
    signatures: sortedSignatures(
      signatures,
      `${path}.signatures`,
      (wire, at) => preparedSignature(wire, actAs, at),
      PREPARED_SIGNATURE_ORDER,
    ),
  }
}

/**
 * What a package says of its network repeats what is in the bytes of its prepared transactions.
 * @throws CantosignError `package-summary-mismatch`
 */
export function checkNetworkOf(
  { synchronizerId, protocolVersion }: PackageNetwork,
  entries: readonly PackagePreparedTransaction[],
): void {
  entries.forEach(({ prepared }, i) => {
    const own = prepared.value.metadata?.synchronizerId ?? ''
    const refuse = (path: string, said: string): never => {
      throw placeError(
        'package-summary-mismatch',
        path,
        `it says ${said}, and preparedTransactions[${i}] is for the synchronizer ${own}`,
        'do not sign: what is written beside the bytes is not what the bytes say',
      )
    }
    if (
      synchronizerId !== undefined &&
      logicalSynchronizerText(synchronizerId) !== logicalSynchronizerText(own)
    ) {
      refuse('network.synchronizerId', synchronizerId)
    }
    const physical = readPhysicalSynchronizerId(own)
    if (
      protocolVersion !== undefined &&
      physical.ok &&
      physical.value.protocolVersion !== String(protocolVersion)
    ) {
      refuse('network.protocolVersion', String(protocolVersion))
    }
  })
}
