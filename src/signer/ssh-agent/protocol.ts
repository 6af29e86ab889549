/**
 * The messages of an SSH agent (RFC draft-ietf-sshm-ssh-agent, data types of RFC 4251 section 5):
 * list the keys, sign with one of them. A declared subset; every byte of an answer is accounted for.
 */
import { concatBytes, int32Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { keySpecRow, type SigningKeySpec } from '../../crypto/key-spec.ts'
import { publicKeyFromRaw, type PublicKey } from '../../crypto/public-key.ts'
import { encodeEcdsaSignature } from '../../crypto/signature.ts'

/** What OpenSSH takes and gives at most: a length of 4 bytes, and so many behind it. */
export const MAX_AGENT_MESSAGE_BYTES = 256 * 1024

const FAILURE = 5
const REQUEST_IDENTITIES = 11
const IDENTITIES_ANSWER = 12
const SIGN_REQUEST = 13
const SIGN_RESPONSE = 14

export interface AgentKey {
  /** As the agent names it, e.g. `ssh-ed25519`: untrusted text. */
  readonly type: string
  /** The key as SSH encodes it; the agent knows it by these bytes. */
  readonly blob: Uint8Array
  /** Untrusted text. */
  readonly comment: string
  readonly content: AgentKeyContent
}

export type AgentKeyContent =
  | { readonly $case: 'key'; readonly key: PublicKey }
  /** A key on a FIDO device, which signs other bytes than it is given. */
  | { readonly $case: 'fido'; readonly key: PublicKey }
  /** An algorithm that Canton does not sign with, or a certificate. */
  | { readonly $case: 'foreign' }
  /** No key of the algorithm that it names, or a weak one. */
  | { readonly $case: 'unsound'; readonly fault: CantosignError }

const KEY_TYPES: Readonly<Record<string, { readonly keySpec: SigningKeySpec; curve?: string }>> = {
  'ssh-ed25519': { keySpec: 'EC_CURVE25519' },
  'ecdsa-sha2-nistp256': { keySpec: 'EC_P256', curve: 'nistp256' },
  'ecdsa-sha2-nistp384': { keySpec: 'EC_P384', curve: 'nistp384' },
}
const FIDO_TYPES: typeof KEY_TYPES = {
  'sk-ssh-ed25519@openssh.com': { keySpec: 'EC_CURVE25519' },
  'sk-ecdsa-sha2-nistp256@openssh.com': { keySpec: 'EC_P256', curve: 'nistp256' },
}

/** An answer that is none. */
export function answerFault(message: string): CantosignError {
  return new CantosignError(
    'agent-answer',
    `the SSH agent ${message}`,
    'nothing was signed: check which program listens at the socket, and its version',
  )
}

/** Reads the data types of RFC 4251 one behind the other. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    return this.#take(1)[0] ?? 0
  }

  uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#take(4)
    return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
  }

  string(): Uint8Array {
    return this.#take(this.uint32())
  }

  /** Names are ASCII; comments are shown with their bytes as they are, escaped by who shows them. */
  text(): string {
    return Buffer.from(this.string()).toString('utf8')
  }

  /** A positive number in the fewest bytes (RFC 4251), right-aligned in `length` bytes. */
  mpint(length: number): Uint8Array {
    const bytes = this.string()
    const [first = 0x80, second = 0] = bytes
    if (first >= 0x80 || (first === 0 && second < 0x80)) {
      throw answerFault(
        'gave a number of a signature that is negative, or longer than it has to be',
      )
    }
    const digits = first === 0 ? bytes.subarray(1) : bytes
    if (digits.length > length) throw answerFault('gave a number of a signature that is too large')
    return concatBytes(new Uint8Array(length - digits.length), digits)
  }

  end(): void {
    const more = this.#bytes.length - this.#at
    if (more > 0) throw answerFault(`gave ${more} bytes too many`)
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw answerFault('gave an answer that breaks off')
    const bytes = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += count
    return bytes
  }
}

function string(bytes: Uint8Array): Uint8Array {
  return concatBytes(int32Bytes(bytes.length), bytes)
}

/** A message with its length before it, as it goes over the socket. */
export function frame(message: Uint8Array): Uint8Array {
  return string(message)
}

export function identitiesRequest(): Uint8Array {
  return Uint8Array.of(REQUEST_IDENTITIES)
}

/** @param message what is signed; the agent digests it for ECDSA */
export function signRequest(key: AgentKey, message: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(SIGN_REQUEST),
    string(key.blob),
    string(message),
    int32Bytes(0), // no flags
  )
}

function keyContent(type: string, reader: Reader): AgentKeyContent {
  const known = Object.hasOwn(KEY_TYPES, type) ? KEY_TYPES[type] : undefined
  const fido = Object.hasOwn(FIDO_TYPES, type) ? FIDO_TYPES[type] : undefined
  const row = known ?? fido
  if (row === undefined) return { $case: 'foreign' }
  if (row.curve !== undefined && reader.text() !== row.curve) {
    throw answerFault('gave a key whose curve is not the one of its type')
  }
  const key = publicKeyFromRaw(row.keySpec, reader.string())
  if (fido !== undefined) reader.string() // the application, part of what such a key signs
  reader.end()
  return known === undefined ? { $case: 'fido', key } : { $case: 'key', key }
}

/** What one key is leaves the others in the list as they are. */
function agentKey(blob: Uint8Array, comment: string): AgentKey {
  const reader = new Reader(blob)
  let type = ''
  let content: AgentKeyContent
  try {
    type = reader.text()
    content = keyContent(type, reader)
  } catch (fault) {
    if (!(fault instanceof CantosignError)) throw fault
    content = { $case: 'unsound', fault }
  }
  return { type, blob: blob.slice(), comment, content }
}

/**
 * The keys in the answer to `identitiesRequest`.
 * @throws CantosignError `agent-answer`, `agent-refused`
 */
export function readIdentities(answer: Uint8Array): readonly AgentKey[] {
  const reader = new Reader(answer)
  const type = reader.byte()
  if (type === FAILURE) {
    throw new CantosignError(
      'agent-refused',
      'the SSH agent does not list its keys',
      'unlock it (ssh-add -X), or start one that serves its keys',
    )
  }
  if (type !== IDENTITIES_ANSWER) throw answerFault(`gave an answer of type ${type} to a list`)
  const count = reader.uint32()
  const keys: AgentKey[] = []
  for (let i = 0; i < count; i++) keys.push(agentKey(reader.string(), reader.text()))
  reader.end()
  return keys
}

/**
 * The signature in the answer to `signRequest`.
 * @returns 64 bytes for Ed25519, DER for ECDSA
 * @throws CantosignError `agent-answer`, `agent-refused`
 */
export function readSignature(
  answer: Uint8Array,
  key: AgentKey,
  keySpec: SigningKeySpec,
): Uint8Array {
  const reader = new Reader(answer)
  const type = reader.byte()
  if (type === FAILURE) {
    throw new CantosignError(
      'agent-refused',
      'the SSH agent refuses to sign with this key',
      'it may be locked, ask for a confirmation that was declined, or have lost the key: see ssh-add -l',
    )
  }
  if (type !== SIGN_RESPONSE)
    throw answerFault(`gave an answer of type ${type} to a signing request`)
  const signature = new Reader(reader.string())
  reader.end()
  if (signature.text() !== key.type) throw answerFault('gave a signature of another algorithm')
  const content = signature.string()
  signature.end()
  if (keySpec === 'EC_CURVE25519') return content.slice()
  const { length } = keySpecRow(keySpec)
  const numbers = new Reader(content)
  const [r, s] = [numbers.mpint(length), numbers.mpint(length)]
  numbers.end()
  return encodeEcdsaSignature(concatBytes(r, s))
}
