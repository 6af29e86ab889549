/**
 * The signer port. A driver has a key somewhere and makes signatures with it; the port around it
 * lets no public key and no signature out that it has not checked.
 */
import { toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { digestOf } from '../crypto/hash.ts'
import { keySpecRow } from '../crypto/key-spec.ts'
import { verifyWithNoble } from '../crypto/noble.ts'
import { parseSubjectPublicKeyInfo, rawPublicKey, type PublicKey } from '../crypto/public-key.ts'
import {
  checkSignatureEncoding,
  encodeEcdsaSignature,
  verifySignature,
} from '../crypto/signature.ts'
import type { Fingerprint } from '../ident/fingerprint.ts'

export interface SigningRequest {
  /** What is signed: 34 bytes for topology. Digests are taken by the port and the driver. */
  readonly message: Uint8Array
}

/** Whoever signs, as the rest of the program sees it: everything it gives was checked. */
export interface Signer {
  /** @throws CantosignError `signer-output`, `signer-key-mismatch`, and what the driver throws */
  publicKey(): Promise<PublicKey>
  /**
   * @returns 64 bytes R ‖ S for Ed25519, a strict DER SEQUENCE of r and s for ECDSA
   * @throws CantosignError `signer-output`, `signature-self-check`, and what the driver throws
   */
  sign(request: SigningRequest): Promise<Uint8Array>
  /**
   * Signs every message, or nothing: the first that fails ends it.
   * @param fast verify only a sample by noble, and all by node:crypto
   * @returns the signatures in the order of the messages
   * @throws CantosignError as `sign`
   */
  signAll(messages: readonly Uint8Array[], fast?: boolean): Promise<SignedMessages>
  /** Wipes secrets and ends sessions. Nothing can be signed afterwards. */
  close(): void
}

/** Many signatures, and how many of them each implementation verified. */
export interface SignedMessages {
  readonly signatures: readonly Uint8Array[]
  readonly verifiedByNode: number
  readonly verifiedByNoble: number
}

/** Makes one signature. */
export interface SignatureMaker {
  /** Which implementation makes the signatures: one of the two here, which the other verifies, or none of them. */
  readonly madeBy: 'noble' | 'node' | 'other'
  /** @param input message or digest; a copy, which the maker may keep or change */
  sign(input: Uint8Array): Promise<Uint8Array>
}

/** A place where a key can be: one file of this folder each. */
export interface SignerDriver extends SignatureMaker {
  /** For messages: `the key file root.der`, `the token at slot 3`. */
  readonly name: string
  /**
   * How an EC key is asked, and how it answers: with the message or its digest; with DER or with
   * r and s side by side. Ed25519 is always asked with the message and answers with 64 bytes.
   */
  readonly ecdsa: { readonly takes: 'message' | 'digest'; readonly gives: 'DER' | 'CONCAT' }
  /** SubjectPublicKeyInfo. */
  publicKey(): Promise<Uint8Array>
  /** A quicker way to sign many messages, where there is one; it takes and gives the same. */
  bulk?(): SignatureMaker
  close(): void
}

export interface SignerOptions {
  /** The key that is meant; a driver with another one is refused. */
  readonly expected?: Fingerprint
}

function outputFault(driver: SignerDriver, message: string): CantosignError {
  return new CantosignError(
    'signer-output',
    `${driver.name} ${message}`,
    'nothing was signed: check the signer, its key and its version',
  )
}

async function checkedKey(
  driver: SignerDriver,
  expected: Fingerprint | undefined,
): Promise<PublicKey> {
  const { key, compressed } = parseSubjectPublicKeyInfo(await driver.publicKey())
  if (compressed) throw outputFault(driver, 'names its public key by a compressed point')
  if (expected !== undefined && key.fingerprint !== expected) {
    throw new CantosignError(
      'signer-key-mismatch',
      `${driver.name} holds the key ${key.fingerprint}, not ${expected}`,
      'nothing was signed: name the signer that holds the key that is meant',
      { details: { expected, actual: key.fingerprint } },
    )
  }
  return key
}

/** The driver's answer in the one encoding that Canton takes, or the refusal of it. */
function canonicalSignature(driver: SignerDriver, key: PublicKey, answer: Uint8Array): Uint8Array {
  const { digest, length } = keySpecRow(key.keySpec)
  const sideBySide = digest !== undefined && driver.ecdsa.gives === 'CONCAT'
  if (sideBySide && answer.length !== 2 * length) {
    throw outputFault(driver, `gave a signature of ${answer.length} bytes, not ${2 * length}`)
  }
  const signature = sideBySide ? encodeEcdsaSignature(answer) : answer.slice()
  const defect = checkSignatureEncoding(key.keySpec, signature)
  if (defect === undefined) return signature
  throw outputFault(
    driver,
    `gave what is no signature of a ${key.keySpec} key: ${defect} (${answer.length} bytes)`,
  )
}

/** Makes a signature in Canton's encoding; not verified yet. */
async function make(
  driver: SignerDriver,
  maker: SignatureMaker,
  key: PublicKey,
  message: Uint8Array,
): Promise<Uint8Array> {
  const { digest } = keySpecRow(key.keySpec)
  const input =
    digest !== undefined && driver.ecdsa.takes === 'digest'
      ? digestOf(digest, message)
      : message.slice()
  return canonicalSignature(driver, key, await maker.sign(input))
}

type Verifier = 'node' | 'noble'

/**
 * Who looks at a signature. The two do not agree about every signature by every Ed25519 key: what is
 * made elsewhere has to be valid for both.
 */
function verifiersOf({ madeBy }: SignatureMaker): readonly Verifier[] {
  switch (madeBy) {
    case 'noble':
      return ['node']
    case 'node':
      return ['noble']
    case 'other':
      return ['node', 'noble']
  }
}

/** @throws CantosignError `signature-self-check` */
async function requireValid(
  driver: SignerDriver,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  verifier: Verifier,
): Promise<void> {
  const valid =
    verifier === 'node'
      ? verifySignature(key, message, signature)
      : await verifyWithNoble(key.keySpec, rawPublicKey(key), message, signature)
  if (valid) return
  throw new CantosignError(
    'signature-self-check',
    `the signature that ${driver.name} made does not verify with its key ${key.fingerprint}`,
    'nothing was written; do not use this machine or signer until the cause is known',
    { details: { fingerprint: key.fingerprint, message: toHex(message) } },
  )
}

/** Of many signatures noble verifies one in so many when speed is asked for, but never fewer than 16. */
const SAMPLE_EVERY = 100
const SAMPLE_LEAST = 16

/** Which of `count` signatures are the sample: spread evenly, the first among them. */
function sampled(count: number): (index: number) => boolean {
  const size = Math.min(count, Math.max(SAMPLE_LEAST, Math.ceil(count / SAMPLE_EVERY)))
  const place = (index: number): number => Math.floor((index * size) / count)
  return (index) => place(index) > place(index - 1)
}

/** Puts the port around a driver. */
export function signerOf(driver: SignerDriver, options: SignerOptions = {}): Signer {
  let known: Promise<PublicKey> | undefined
  const publicKey = (): Promise<PublicKey> => (known ??= checkedKey(driver, options.expected))
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const key = await publicKey()
    const own = message.slice()
    const signature = await make(driver, driver, key, own)
    for (const verifier of verifiersOf(driver)) {
      await requireValid(driver, key, own, signature, verifier)
    }
    return signature
  }
  return {
    publicKey,
    sign: async ({ message }) => await sign(message),
    signAll: async (messages, fast = false) => {
      const [only, ...more] = messages
      if (only !== undefined && more.length === 0) {
        const signatures = [await sign(only)]
        const count = (verifier: Verifier): number => Number(verifiersOf(driver).includes(verifier))
        return { signatures, verifiedByNode: count('node'), verifiedByNoble: count('noble') }
      }
      const key = await publicKey()
      const maker = driver.bulk?.() ?? driver
      const isSampled = sampled(messages.length)
      const signatures: Uint8Array[] = []
      let [verifiedByNode, verifiedByNoble] = [0, 0]
      for (const [index, message] of messages.entries()) {
        const own = message.slice()
        const signature = await make(driver, maker, key, own)
        if (fast || maker.madeBy !== 'node') {
          await requireValid(driver, key, own, signature, 'node')
          verifiedByNode++
        }
        if (maker.madeBy !== 'noble' && (!fast || isSampled(index))) {
          await requireValid(driver, key, own, signature, 'noble')
          verifiedByNoble++
        }
        signatures.push(signature)
      }
      return { signatures, verifiedByNode, verifiedByNoble }
    },
    close: () => {
      driver.close()
    },
  }
}
