/** Party signatures as `execute` of the JSON Ledger API takes them (docs/transactions.md section 5). */
import { toBase64, utf8Bytes } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { parseHashingScheme, type HashingScheme } from '../../src/daml/scheme.ts'
import { MAX_SIGNATURE_BYTES } from '../../src/package/entries.ts'
import {
  bytesAt,
  listAt,
  objectAt,
  placeError,
  textAt,
  type Place,
} from '../../src/package/json-shape.ts'
import { readJson } from '../../src/package/json-text.ts'

/** One signature of a document. */
export interface PartySignature {
  readonly party: string
  readonly signature: Uint8Array
  readonly signedBy: string
  /** Without their common prefix, e.g. `CONCAT` and `ED25519`. */
  readonly format: string
  readonly algorithm: string
}

export interface PartySignatures {
  readonly scheme: HashingScheme
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly signatures: readonly PartySignature[]
}

const FORMAT = 'SIGNATURE_FORMAT_'
const ALGORITHM = 'SIGNING_ALGORITHM_SPEC_'
const SCHEME = 'HASHING_SCHEME_VERSION_'

/** The largest document that is read, and the most entries in one of its lists. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024
const MAX_ENTRIES = 1000
const HASH_LENGTH = 32

/** What a signature by this key, for each of these parties, looks like. */
export function partySignaturesOf(
  key: PublicKey,
  signature: Uint8Array,
  parties: readonly string[],
): readonly PartySignature[] {
  return parties.map((party) => ({
    party,
    signature,
    signedBy: key.fingerprint,
    format: encodingOf(key.keySpec),
    algorithm: algorithmOf(key.keySpec),
  }))
}

/** UTF-8 JSON with a line feed at the end; `partySignatures` goes into the body of `execute` as it is. */
export function writePartySignatures({ scheme, hash, signatures }: PartySignatures): Uint8Array {
  const parties = [...new Set(signatures.map(({ party }) => party))]
  const document = {
    hashingSchemeVersion: `${SCHEME}${scheme}`,
    preparedTransactionHash: toBase64(hash),
    partySignatures: {
      signatures: parties.map((party) => ({
        party,
        signatures: signatures
          .filter((one) => one.party === party)
          .map(({ format, signature, signedBy, algorithm }) => ({
            format: `${FORMAT}${format}`,
            signature: toBase64(signature),
            signedBy,
            signingAlgorithmSpec: `${ALGORITHM}${algorithm}`,
          })),
      })),
    },
  }
  return utf8Bytes(`${JSON.stringify(document, null, 2)}\n`)
}

function withoutPrefix(place: Place, prefix: string, what: string): string {
  const text = textAt(place)
  if (text.startsWith(prefix)) return text.slice(prefix.length)
  throw placeError('party-signatures', place.path, `this is no ${what}`)
}

function readSignatures(place: Place): readonly PartySignature[] {
  const entry = objectAt(place, ['party', 'signatures'])
  const party = textAt(entry.required('party'))
  return listAt(entry.required('signatures'), MAX_ENTRIES, 'signatures').map((one) => {
    const members = objectAt(one, ['format', 'signature', 'signedBy', 'signingAlgorithmSpec'])
    return {
      party,
      signature: bytesAt(members.required('signature'), MAX_SIGNATURE_BYTES, 'bytes'),
      signedBy: textAt(members.required('signedBy')),
      format: withoutPrefix(members.required('format'), FORMAT, 'signature format'),
      algorithm: withoutPrefix(members.required('signingAlgorithmSpec'), ALGORITHM, 'algorithm'),
    }
  })
}

function readDocument(bytes: Uint8Array, path: string): PartySignatures {
  const document = objectAt({ value: readJson(bytes, path), path: '' }, [
    'hashingSchemeVersion',
    'preparedTransactionHash',
    'partySignatures',
  ])
  const hash = bytesAt(document.required('preparedTransactionHash'), HASH_LENGTH, 'bytes')
  const list = objectAt(document.required('partySignatures'), ['signatures']).required('signatures')
  return {
    scheme: parseHashingScheme(textAt(document.required('hashingSchemeVersion'))),
    hash,
    signatures: listAt(list, MAX_ENTRIES, 'parties').flatMap(readSignatures),
  }
}

/**
 * Reads what `writePartySignatures` wrote; nothing in it is verified yet.
 * @throws CantosignError `party-signatures`, naming the place
 */
export function readPartySignatures(bytes: Uint8Array, path: string): PartySignatures {
  try {
    return readDocument(bytes, path)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw new CantosignError(
      'party-signatures',
      `${path} is no document of party signatures: ${error.message}`,
      'give the file as transaction sign --party-signatures wrote it, or bare signature bytes',
    )
  }
}
