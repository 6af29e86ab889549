/** The four signing key specs: one table with all that is known of each (docs/protocol/signatures.md). */

/** Canton's names without their common prefix. */
export type SigningKeySpec = 'EC_CURVE25519' | 'EC_P256' | 'EC_P384' | 'EC_SECP256K1'
export type SigningAlgorithm = 'ED25519' | 'EC_DSA_SHA_256' | 'EC_DSA_SHA_384'
/** How signature bytes are laid out: R ‖ S, or an ASN.1 SEQUENCE of r and s. */
export type SignatureEncoding = 'CONCAT' | 'DER'

export interface KeySpecRow {
  readonly keySpec: SigningKeySpec
  /** On the command line. */
  readonly name: 'ed25519' | 'p256' | 'p384' | 'secp256k1'
  readonly algorithm: SigningAlgorithm
  readonly encoding: SignatureEncoding
  /** The curve in a JSON Web Key (RFC 7518, RFC 8037, RFC 8812). */
  readonly jwkCurve: string
  /** Object identifier, content bytes in hex: of the algorithm for Ed25519, of the named curve else. */
  readonly oid: string
  /** Bytes of a private scalar or seed, and of one coordinate. */
  readonly length: number
  /** Digest over the 34 bytes that are signed; Ed25519 signs them as they are. */
  readonly digest: 'sha256' | 'sha384' | undefined
  /** Order of the group, for EC scalars. */
  readonly order: bigint | undefined
}

const ROWS: readonly KeySpecRow[] = [
  {
    keySpec: 'EC_CURVE25519',
    name: 'ed25519',
    algorithm: 'ED25519',
    encoding: 'CONCAT',
    jwkCurve: 'Ed25519',
    oid: '2b6570', // 1.3.101.112, RFC 8410
    length: 32,
    digest: undefined,
    order: undefined,
  },
  {
    keySpec: 'EC_P256',
    name: 'p256',
    algorithm: 'EC_DSA_SHA_256',
    encoding: 'DER',
    jwkCurve: 'P-256',
    oid: '2a8648ce3d030107', // 1.2.840.10045.3.1.7, RFC 5480
    length: 32,
    digest: 'sha256',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  {
    keySpec: 'EC_P384',
    name: 'p384',
    algorithm: 'EC_DSA_SHA_384',
    encoding: 'DER',
    jwkCurve: 'P-384',
    oid: '2b81040022', // 1.3.132.0.34, RFC 5480
    length: 48,
    digest: 'sha384',
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  {
    keySpec: 'EC_SECP256K1',
    name: 'secp256k1',
    algorithm: 'EC_DSA_SHA_256',
    encoding: 'DER',
    jwkCurve: 'secp256k1',
    oid: '2b8104000a', // 1.3.132.0.10, SEC 2
    length: 32,
    digest: 'sha256',
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
]

const BY_SPEC = new Map(ROWS.map((row) => [row.keySpec, row]))

export function keySpecRow(keySpec: SigningKeySpec): KeySpecRow {
  const row = BY_SPEC.get(keySpec)
  if (row === undefined) throw new Error(`no row for the key spec ${keySpec}`)
  return row
}

export function keySpecRows(): readonly KeySpecRow[] {
  return ROWS
}

/** The row whose object identifier has this content, in hex. */
export function keySpecByOid(oid: string): KeySpecRow | undefined {
  return ROWS.find((row) => row.oid === oid)
}

export function algorithmOf(keySpec: SigningKeySpec): SigningAlgorithm {
  return keySpecRow(keySpec).algorithm
}

export function encodingOf(keySpec: SigningKeySpec): SignatureEncoding {
  return keySpecRow(keySpec).encoding
}
