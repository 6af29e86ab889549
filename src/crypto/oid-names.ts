/** Names of algorithms and curves that people bring by mistake, for messages. */
import { toHex } from '../base/bytes.ts'

const NAMES: Readonly<Record<string, string>> = {
  '2b656e': 'X25519 (key agreement, not signing)',
  '2b656f': 'X448 (key agreement, not signing)',
  '2b6570': 'Ed25519',
  '2b6571': 'Ed448',
  '2a864886f70d010101': 'RSA',
  '2a864886f70d01010a': 'RSA-PSS',
  '2a8648ce380401': 'DSA',
  '2a8648ce3d0201': 'an elliptic curve without a supported name',
  '2a8648ce3d030107': 'P-256',
  '2a8648ce3d030101': 'P-192',
  '2b81040021': 'P-224 (secp224r1)',
  '2b81040022': 'P-384',
  '2b81040023': 'P-521',
  '2b8104000a': 'secp256k1',
  '2b2403030208010107': 'brainpoolP256r1',
  '608648016503040311': 'ML-DSA-44',
  '608648016503040312': 'ML-DSA-65',
  '608648016503040313': 'ML-DSA-87',
}

/** The dotted form of an object identifier (X.690 section 8.19). */
function dottedOid(content: Uint8Array): string {
  const arcs: bigint[] = []
  let value = 0n
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(value)
    value = 0n
  }
  const [first = 0n, ...rest] = arcs
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n
  return [top, first - 40n * top, ...rest].join('.')
}

/** A name if it is known, the dotted form otherwise. */
export function algorithmName(content: Uint8Array): string {
  return NAMES[toHex(content)] ?? dottedOid(content)
}
