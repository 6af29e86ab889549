/** What keys there are on PKCS#11 tokens. */
import { CantosignError } from '../../base/errors.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { CKA, CKO, type Cryptoki, type Handle } from './cryptoki.ts'
import { pinQuestion } from './driver.ts'
import { attempt, leaseModule } from './module.ts'
import {
  findObjects,
  flagOf,
  publicHalfOf,
  type ObjectSource,
  type TokenObject,
} from './objects.ts'
import {
  findToken,
  findTokens,
  openLoggedIn,
  openSession,
  tokenName,
  type PinQuestion,
  type Token,
} from './token.ts'
import { formatPkcs11Uri, type Pkcs11Uri } from './uri.ts'

export interface TokenKey {
  /** Names this key on this token, for `--key`. */
  readonly uri: string
  /** Untrusted text. */
  readonly token: string
  readonly label: string
  readonly id: Uint8Array
  /** The private half was seen, which takes the PIN on most tokens. */
  readonly isPrivate: boolean
  /** CKA_SIGN of the private half, where it was seen and says so. */
  readonly maySign: boolean | undefined
  readonly key: PublicKey | undefined
  /** Why there is no public key, if one was refused. */
  readonly problem: string | undefined
}

function describe(
  source: ObjectSource,
  token: Token,
  modulePath: string,
  object: TokenObject,
  isPrivate: boolean,
): TokenKey {
  let key: PublicKey | undefined
  let problem: string | undefined
  try {
    key = publicHalfOf(source, object)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    problem = error.message
  }
  const uri = formatPkcs11Uri({
    token: token.label,
    serial: token.serial,
    object: object.label,
    id: object.id,
    modulePath,
  })
  return {
    uri,
    token: token.label,
    label: object.label,
    id: object.id,
    isPrivate,
    maySign: isPrivate ? flagOf(source, object.handle, CKA.sign) : undefined,
    key,
    problem,
  }
}

/** Private keys, and public keys that have no private half in sight. */
function keysOf(source: ObjectSource, token: Token, uri: Pkcs11Uri): readonly TokenKey[] {
  const identity = ({ label, id }: TokenObject): string => JSON.stringify([label, [...id]])
  const privateKeys = findObjects(source, CKO.privateKey, uri)
  const known = new Set(privateKeys.map(identity))
  const publicKeys = findObjects(source, CKO.publicKey, uri).filter(
    (object) => !known.has(identity(object)),
  )
  // A token lists them in no order that lasts.
  const inOrder = (objects: readonly TokenObject[]): readonly TokenObject[] =>
    objects.toSorted((a, b) => (identity(a) < identity(b) ? -1 : 1))
  return [
    ...inOrder(privateKeys).map((one) => describe(source, token, uri.modulePath, one, true)),
    ...inOrder(publicKeys).map((one) => describe(source, token, uri.modulePath, one, false)),
  ]
}

function visibleKeys(
  cryptoki: Cryptoki,
  token: Token,
  session: Handle,
  uri: Pkcs11Uri,
): readonly TokenKey[] {
  try {
    return keysOf({ cryptoki, session, name: tokenName(token) }, token, uri)
  } finally {
    attempt(() => {
      cryptoki.C_CloseSession(session)
    })
  }
}

/**
 * The keys that the URI fits: with a PIN those of the one token that it names, without one what the
 * tokens show to everybody.
 * @throws CantosignError as `openPkcs11Signer`
 */
export async function listPkcs11Keys(
  uri: Pkcs11Uri,
  asked: PinQuestion | undefined,
): Promise<readonly TokenKey[]> {
  const lease = await leaseModule(uri.modulePath)
  try {
    const { cryptoki } = lease
    const pin = pinQuestion(uri, asked)
    if (pin !== undefined) {
      const token = findToken(cryptoki, uri)
      const { handle } = await openLoggedIn(cryptoki, token, { pin })
      return visibleKeys(cryptoki, token, handle, uri)
    }
    return findTokens(cryptoki, uri).flatMap((token) =>
      visibleKeys(cryptoki, token, openSession(cryptoki, token, false), uri),
    )
  } finally {
    lease.release()
  }
}
