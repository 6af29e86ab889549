/** The driver for keys on PKCS#11 tokens (docs/keys.md section 3). */
import { CantosignError } from '../../base/errors.ts'
import { keySpecRow } from '../../crypto/key-spec.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { readPassphrase } from '../../host/passphrase.ts'
import { signerOf, type Signer, type SignerDriver, type SignerOptions } from '../signer.ts'
import { CKA, CKM, CKO, type Cryptoki } from './cryptoki.ts'
import { isLost, tokenFault } from './fault.ts'
import { attempt, leaseModule, type ModuleLease } from './module.ts'
import { findObject, flagOf, publicHalfOf, type ObjectSource, type TokenObject } from './objects.ts'
import {
  findToken,
  findTokens,
  openLoggedIn,
  openSession,
  tokenName,
  type PinQuestion,
  type Token,
  type TokenSession,
} from './token.ts'
import type { Pkcs11Uri } from './uri.ts'

export interface Pkcs11Options extends SignerOptions {
  /** Asked if the URI names no pin-source and the token has no keypad of its own. */
  readonly pin?: PinQuestion
  /** For tokens that keep no public key beside the private one. */
  readonly publicKey?: PublicKey
}

/** A key that is ready to sign. */
interface OpenKey {
  readonly session: TokenSession
  readonly object: TokenObject
  readonly key: PublicKey
  /** The token wants its PIN before every signature. */
  readonly alwaysAuthenticate: boolean
}

/** Longer than any signature, so that one of the wrong length shows. */
const SIGNATURE_BUFFER_BYTES = 512

/** The PIN comes from the file that the URI names, else from who is asked. */
export function pinQuestion(
  uri: Pkcs11Uri,
  asked: PinQuestion | undefined,
): PinQuestion | undefined {
  const { pinSource } = uri
  if (pinSource === undefined) return asked
  return async () => await readPassphrase({ $case: 'file', path: pinSource }, '')
}

/** Asks once and remembers, for when the token goes away and comes back. */
function remembering(question: PinQuestion): { readonly ask: PinQuestion; wipe: () => void } {
  let known: Uint8Array | undefined
  return {
    ask: async (token) => {
      known ??= await question(token)
      return known.slice()
    },
    wipe: () => {
      known?.fill(0)
      known = undefined
    },
  }
}

async function openKey(
  cryptoki: Cryptoki,
  token: Token,
  uri: Pkcs11Uri,
  pin: PinQuestion | undefined,
  given: PublicKey | undefined,
): Promise<OpenKey> {
  const session = await openLoggedIn(cryptoki, token, { pin })
  const source: ObjectSource = { cryptoki, session: session.handle, name: tokenName(token) }
  try {
    const object = findObject(source, CKO.privateKey, uri)
    if (flagOf(source, object.handle, CKA.sign) === false) {
      throw new CantosignError(
        'token-key-usage',
        `${source.name} does not let this key sign: its attribute CKA_SIGN is false`,
        'take a key whose attribute CKA_SIGN is true',
      )
    }
    const key = publicHalfOf(source, object) ?? given
    if (key === undefined) {
      throw new CantosignError(
        'token-public-key',
        `${source.name} keeps no public key for this private key`,
        'give it as a file with --public-key FILE',
      )
    }
    const alwaysAuthenticate = flagOf(source, object.handle, CKA.alwaysAuthenticate) === true
    return { session, object, key, alwaysAuthenticate }
  } catch (error) {
    attempt(() => {
      cryptoki.C_CloseSession(session.handle)
    })
    throw error
  }
}

/**
 * A driver with one session for all signatures. If the token goes away and is back, one new session
 * is opened for the signature that failed: on the same token, for the same key.
 */
export async function pkcs11Driver(
  lease: ModuleLease,
  uri: Pkcs11Uri,
  options: Pkcs11Options,
): Promise<SignerDriver> {
  const { cryptoki } = lease
  const question = pinQuestion(uri, options.pin)
  const pin = question === undefined ? undefined : remembering(question)
  const open = async (token: Token): Promise<OpenKey> =>
    await openKey(cryptoki, token, uri, pin?.ask, options.publicKey)

  const token = findToken(cryptoki, uri)
  const name = tokenName(token)
  let current: OpenKey
  try {
    current = await open(token)
  } catch (error) {
    pin?.wipe()
    throw error
  }
  const { key } = current
  const { keySpec } = key
  let closed = false

  const signOnce = async (input: Uint8Array): Promise<Uint8Array> => {
    const { session, object, alwaysAuthenticate } = current
    const mechanism = keySpec === 'EC_CURVE25519' ? CKM.eddsa : CKM.ecdsa
    cryptoki.C_SignInit(session.handle, { mechanism }, object.handle)
    if (alwaysAuthenticate) await session.loginForOneUse()
    // On another thread, so that Ctrl-C is noticed while a device waits for a person (docs/keys.md).
    return new Uint8Array(
      await cryptoki.C_SignAsync(
        session.handle,
        Buffer.from(input),
        Buffer.alloc(SIGNATURE_BUFFER_BYTES),
      ),
    )
  }
  /** The same token, in whichever slot it is now. */
  const sameToken = (): Token | undefined => {
    const { manufacturer, model, label, serial } = token
    try {
      const [found, ...more] = findTokens(cryptoki, { manufacturer, model, token: label, serial })
      return more.length === 0 ? found : undefined
    } catch (error) {
      if (error instanceof CantosignError) return undefined // one that is half gone gives any error
      throw error
    }
  }
  const reopen = async (lost: unknown): Promise<void> => {
    attempt(() => {
      cryptoki.C_CloseSession(current.session.handle)
    })
    const found = sameToken() ?? (lease.restart() ? sameToken() : undefined)
    if (found === undefined) throw lost
    const again = await open(found)
    if (again.key.fingerprint !== key.fingerprint) {
      throw new CantosignError(
        'signer-key-mismatch',
        `${name} came back with another key (${again.key.fingerprint})`,
        'nothing more was signed: find out what happened to the token',
        { details: { expected: key.fingerprint, actual: again.key.fingerprint } },
      )
    }
    current = again
  }
  return {
    name,
    madeBy: 'other',
    ecdsa: { takes: 'digest', gives: 'CONCAT' },
    publicKey: async () => await Promise.resolve(key.spki),
    sign: async (input) => {
      try {
        try {
          return await signOnce(input)
        } catch (error) {
          if (!isLost(error)) throw error
          await reopen(error)
          return await signOnce(input)
        }
      } catch (error) {
        throw tokenFault(error, name, `while signing with a key of ${keySpecRow(keySpec).name}`)
      }
    },
    close: () => {
      if (closed) return
      closed = true
      pin?.wipe()
      // A session of another signer on the same token would be logged out as well.
      if (lease.isLast()) {
        attempt(() => {
          cryptoki.C_Logout(current.session.handle)
        })
      }
      attempt(() => {
        cryptoki.C_CloseSession(current.session.handle)
      })
      lease.release()
    },
  }
}

/**
 * Opens a key on a PKCS#11 token for signing. Needs the package pkcs11js.
 * @throws CantosignError `pkcs11js-missing`, `token-module`, `token-absent`, `token-ambiguous`,
 * `token-pin`, `token-pin-locked`, `token-pin-needed`, `token-key-absent`, `token-key-ambiguous`,
 * `token-key-usage`, `token-public-key`, `token-removed`, `token-failed`, `signer-key-mismatch`
 */
export async function openPkcs11Signer(uri: Pkcs11Uri, options: Pkcs11Options): Promise<Signer> {
  const lease = await leaseModule(uri.modulePath)
  try {
    const expected = options.expected ?? options.publicKey?.fingerprint
    return signerOf(
      await pkcs11Driver(lease, uri, options),
      expected === undefined ? {} : { expected },
    )
  } catch (error) {
    lease.release()
    throw error
  }
}

/**
 * The public key that a URI names: without the PIN as far as the token shows it, with the PIN if one
 * is given.
 * @throws CantosignError as `openPkcs11Signer`
 */
export async function readPkcs11PublicKey(
  uri: Pkcs11Uri,
  options: Pkcs11Options,
): Promise<PublicKey> {
  if (pinQuestion(uri, options.pin) !== undefined) {
    const signer = await openPkcs11Signer(uri, options)
    try {
      return await signer.publicKey()
    } finally {
      signer.close()
    }
  }
  const lease = await leaseModule(uri.modulePath)
  try {
    const { cryptoki } = lease
    const token = findToken(cryptoki, uri)
    const session = openSession(cryptoki, token, false)
    const source: ObjectSource = { cryptoki, session, name: tokenName(token) }
    try {
      const object = findObject(source, CKO.publicKey, uri)
      const key = publicHalfOf(source, object)
      if (key !== undefined) return key
      throw new CantosignError(
        'token-public-key',
        `${source.name} does not tell this public key`,
        'give the PIN, or see the key with the tool of the vendor',
      )
    } finally {
      attempt(() => {
        cryptoki.C_CloseSession(session)
      })
    }
  } finally {
    lease.release()
  }
}
