/** Signed transactions of the wire as content for a package: what nodes and other tools hand out. */
import { equalBytes, toBase64, toHex } from '../base/bytes.ts'
import type { ReadSignedTransaction } from '../topology/signed-transaction.ts'
import type { Signature, SignedTopologyTransaction } from '../wire/generated/schema.ts'
import type { CombinedContent, PackageContent } from './create.ts'
import { placeError } from './json-shape.ts'

/** One entry each for signatures that stand at several transactions of their set. */
class CombinedCollector {
  readonly #sets = new Map<string, { hashes: readonly string[]; signatures: Signature[] }>()
  readonly #seen = new Set<string>()

  add(hashes: readonly string[], signatures: readonly Signature[]): void {
    const sorted = hashes.toSorted()
    const name = sorted.join(' ')
    const set = this.#sets.get(name) ?? { hashes: sorted, signatures: [] }
    this.#sets.set(name, set)
    for (const one of signatures) {
      const identity = `${name} ${JSON.stringify([
        one.signedBy,
        one.format,
        one.signingAlgorithmSpec,
        toBase64(one.signature),
        one.signatureDelegation !== undefined,
      ])}`
      if (this.#seen.has(identity)) continue
      this.#seen.add(identity)
      set.signatures.push(one)
    }
  }

  content(): readonly CombinedContent[] {
    return [...this.#sets.values()].map(({ hashes, signatures }) => ({
      transactionHashes: hashes,
      signatures,
    }))
  }
}

function valueOf(signed: ReadSignedTransaction, path: string): SignedTopologyTransaction {
  const { value, findings } = signed
  if (value !== undefined) return value
  const [first] = findings
  throw placeError(
    first?.code ?? 'truncated',
    path,
    first?.message ?? 'the signed transaction cannot be read',
    'the bytes are damaged: get them again from where they came from',
  )
}

/**
 * The transactions with all their signatures, in the given order. Hashes that a combined signature
 * covers and that are not among them go to `elsewhere` of the package.
 * @throws CantosignError a fatal finding's code; `multi-hash-mismatch` for a combined signature on
 * a transaction that its list of hashes lacks
 */
export function contentOfSigned(
  received: readonly ReadSignedTransaction[],
): Required<Pick<PackageContent, 'transactions' | 'combined'>> {
  const combined = new CombinedCollector()
  const transactions = received.map((signed, i) => {
    const path = `transactions[${i}]`
    const value = valueOf(signed, path)
    const { hash, bytes } = signed.transaction
    for (const { transactionHashes, signatures } of value.multiTransactionSignatures) {
      if (!transactionHashes.some((one) => equalBytes(one, hash))) {
        throw placeError(
          'multi-hash-mismatch',
          path,
          'a combined signature does not list the hash of this transaction',
          'get the transaction again from where it came from',
        )
      }
      combined.add(transactionHashes.map(toHex), signatures)
    }
    return { bytes, proposal: value.proposal, signatures: value.signatures }
  })
  return { transactions, combined: combined.content() }
}
