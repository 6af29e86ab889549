/** Which token a URI means, and a session on it with its PIN. */
import { decodeUtf8 } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import {
  CKF,
  CKR,
  CKU,
  resultOf,
  ulong,
  type Cryptoki,
  type Handle,
  type TokenInfo,
} from './cryptoki.ts'
import { isLost, tokenFault, withFaults } from './fault.ts'
import { attempt } from './module.ts'
import type { TokenAttributes } from './uri.ts'

/** Asked for the PIN of the token with this label; the bytes are wiped after use. */
export type PinQuestion = (token: string) => Uint8Array | Promise<Uint8Array>

export interface Token {
  readonly slot: Handle
  readonly slotId: bigint
  /** Without the padding; untrusted text. */
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly flags: number
}

function readToken(slot: Handle, info: TokenInfo): Token {
  const text = (padded: string): string => padded.replace(/[ \0]+$/, '')
  return {
    slot,
    slotId: ulong(slot),
    label: text(info.label),
    manufacturer: text(info.manufacturerID),
    model: text(info.model),
    serial: text(info.serialNumber),
    flags: info.flags,
  }
}

/** For messages: `the token root (serial 58a2a5faffa88b2d)`. */
export function tokenName({ label, serial }: Token): string {
  return `the token ${escapeText(label)} (serial ${escapeText(serial)})`
}

function matches(wanted: TokenAttributes, token: Token): boolean {
  return (
    (wanted.token === undefined || wanted.token === token.label) &&
    (wanted.manufacturer === undefined || wanted.manufacturer === token.manufacturer) &&
    (wanted.model === undefined || wanted.model === token.model) &&
    (wanted.serial === undefined || wanted.serial === token.serial) &&
    (wanted.slotId === undefined || wanted.slotId === token.slotId)
  )
}

/** The initialized tokens that have all these attributes. */
export function findTokens(cryptoki: Cryptoki, wanted: TokenAttributes): readonly Token[] {
  return withFaults('the PKCS#11 module', 'while listing its tokens', () =>
    cryptoki
      .C_GetSlotList(true)
      .flatMap((slot): readonly Token[] => {
        try {
          return [readToken(slot, cryptoki.C_GetTokenInfo(slot))]
        } catch (error) {
          if (isLost(error)) return [] // taken out since the list was made
          throw error
        }
      })
      .filter(({ flags }) => (flags & CKF.tokenInitialized) !== 0)
      .filter((token) => matches(wanted, token)),
  )
}

/**
 * The one token that has all these attributes.
 * @throws CantosignError `token-absent`, `token-ambiguous`
 */
export function findToken(cryptoki: Cryptoki, wanted: TokenAttributes): Token {
  const [token, ...more] = findTokens(cryptoki, wanted)
  if (token === undefined) {
    const present = findTokens(cryptoki, {})
    const names = present.map(tokenName).join(', ')
    throw new CantosignError(
      'token-absent',
      `no token fits the key URI; the module shows ${names === '' ? 'no token at all' : names}`,
      'put the token in, or correct token, serial, model, manufacturer or slot-id of the URI',
      { details: { tokens: present.map(tokenDetails) } },
    )
  }
  if (more.length > 0) {
    const all = [token, ...more]
    throw new CantosignError(
      'token-ambiguous',
      `${all.length} tokens fit the key URI: ${all.map(tokenName).join(', ')}`,
      'a PIN is given to one token only: name it by token, serial or slot-id',
      { details: { tokens: all.map(tokenDetails) } },
    )
  }
  return token
}

const tokenDetails = ({ label, serial, slotId }: Token): Readonly<Record<string, string>> => ({
  token: label,
  serial,
  slotId: slotId.toString(),
})

/** @throws CantosignError `token-pin` for bytes that are no text */
function pinText(pin: Uint8Array, token: Token): string {
  const text = decodeUtf8(pin)
  if (text !== undefined) return text
  throw new CantosignError(
    'token-pin',
    `the PIN of ${tokenName(token)} is no text in UTF-8; it was not given to the token`,
    'give the PIN as UTF-8',
  )
}

/** @throws CantosignError `token-pin-locked` if a wrong PIN would be the last one */
function refuseLocked(token: Token): void {
  const locked = (token.flags & CKF.userPinLocked) !== 0
  if (!locked && (token.flags & CKF.userPinFinalTry) === 0) return
  throw new CantosignError(
    'token-pin-locked',
    locked
      ? `${tokenName(token)} is locked`
      : `${tokenName(token)} locks itself at the next wrong PIN, so none is given to it`,
    locked
      ? 'have the PIN reset by the security officer of the token'
      : 'log in once with the tool of the vendor: the right PIN resets the count',
  )
}

export interface LoginOptions {
  readonly pin: PinQuestion | undefined
  /** To make keys. */
  readonly writable?: boolean
}

/** A session that is logged in, if the token wants that. */
export interface TokenSession {
  readonly token: Token
  readonly handle: Handle
  /** For keys that want the PIN before each signature. */
  readonly loginForOneUse: () => Promise<void>
}

export function openSession(cryptoki: Cryptoki, token: Token, writable: boolean): Handle {
  const flags = CKF.serialSession | (writable ? CKF.rwSession : 0)
  return withFaults(tokenName(token), 'while a session was opened', () =>
    cryptoki.C_OpenSession(token.slot, flags),
  )
}

/**
 * Gives the PIN to the token, once.
 * @throws CantosignError `token-pin`, `token-pin-locked`, `token-pin-needed`, and what the PIN
 * question throws
 */
async function login(
  cryptoki: Cryptoki,
  token: Token,
  session: Handle,
  userType: number,
  pin: PinQuestion | undefined,
): Promise<void> {
  let text: string | undefined
  // With a keypad of its own, the token asks for the PIN itself.
  if ((token.flags & CKF.protectedAuthenticationPath) === 0) {
    if (pin === undefined) {
      throw new CantosignError(
        'token-pin-needed',
        `${tokenName(token)} wants its PIN, and there is no terminal to ask for it`,
        'give --passphrase-file FILE, --passphrase-fd N or pin-source=file:/PATH in the URI',
      )
    }
    const bytes = await pin(token.label)
    try {
      text = pinText(bytes, token)
    } finally {
      bytes.fill(0)
    }
  }
  try {
    if (text === undefined) cryptoki.C_Login(session, userType)
    else cryptoki.C_Login(session, userType, text)
  } catch (error) {
    if (resultOf(error) === CKR.userAlreadyLoggedIn) return
    throw tokenFault(error, tokenName(token), 'at the login')
  }
}

/**
 * Opens a session on the token and logs in.
 * @throws CantosignError as `login`, `token-removed`, `token-failed`
 */
export async function openLoggedIn(
  cryptoki: Cryptoki,
  token: Token,
  { pin, writable }: LoginOptions,
): Promise<TokenSession> {
  const wanted = (token.flags & CKF.loginRequired) !== 0
  if (wanted) refuseLocked(token)
  const handle = openSession(cryptoki, token, writable ?? false)
  try {
    if (wanted) await login(cryptoki, token, handle, CKU.user, pin)
  } catch (error) {
    attempt(() => {
      cryptoki.C_CloseSession(handle)
    })
    throw error
  }
  return {
    token,
    handle,
    loginForOneUse: async () => {
      await login(cryptoki, token, handle, CKU.contextSpecific, pin)
    },
  }
}
