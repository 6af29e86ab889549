/** What goes wrong between this program and a key management service, in one set of words. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'

/** The kinds of failure that a service answers with; each is an error code. */
export type ServiceFaultCode =
  | 'kms-unreachable'
  | 'kms-credentials'
  | 'kms-key-absent'
  | 'kms-key-exists'
  | 'kms-key-state'
  | 'kms-key-usage'
  | 'kms-throttled'
  | 'kms-refused'

const FAULTS: Readonly<Record<ServiceFaultCode, { readonly what: string; readonly hint: string }>> =
  {
    'kms-unreachable': {
      what: 'cannot be reached',
      hint: 'check the name in the key URI, the network, and whether its certificate is trusted here',
    },
    'kms-credentials': {
      what: 'does not accept who is asking',
      hint: 'renew the credentials, and check that they may see the public key and sign with it',
    },
    'kms-key-absent': {
      what: 'does not have the key',
      hint: 'check the key URI; key list shows what a key ring holds',
    },
    'kms-key-exists': {
      what: 'has a key of this name already',
      hint: 'name the new key differently: two keys under one name could be mistaken',
    },
    'kms-key-state': {
      what: 'does not let the key be used in the state it is in',
      hint: 'see whether the key is enabled, not expired and not about to be destroyed',
    },
    'kms-key-usage': {
      what: 'has a key there that does not sign for Canton',
      hint: 'take a key that signs with Ed25519, P-256, P-384 or secp256k1',
    },
    'kms-throttled': {
      what: 'is asked too often, and still was after several tries',
      hint: 'nothing was signed: wait, or have the quota raised',
    },
    'kms-refused': {
      what: 'refused the request',
      hint: 'nothing was signed: what the service says is part of the message',
    },
  }

/** As much of what a service says as goes into a message. */
const MAX_COMPLAINT_CHARACTERS = 400

/** What a service said, fit for a message: one line, escaped, not too long. */
export function complaint(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  const short = Array.from(line).slice(0, MAX_COMPLAINT_CHARACTERS).join('')
  return escapeText(short === line ? line : `${short}…`)
}

/** What a service said without the token that it was sent: some repeat what they refuse. */
export function withoutToken(said: string, token: string | undefined): string {
  return token === undefined ? said : said.replaceAll(token, '(the token)')
}

/** @param said by the service, in its own words; untrusted text */
export function serviceFault(
  code: ServiceFaultCode,
  name: string,
  said: string,
  cause?: unknown,
): CantosignError {
  const { what, hint } = FAULTS[code]
  const words = complaint(said)
  return new CantosignError(
    code,
    `${name} ${what}${words === '' ? '' : `: ${words}`}`,
    hint,
    cause === undefined ? {} : { cause },
  )
}

/** An answer that is not what the protocol of the service says. Nothing of it is used. */
export function answerFault(name: string, message: string): CantosignError {
  return new CantosignError(
    'kms-answer',
    `${name} ${message}`,
    'nothing was signed: find out who or what answers there before this key is used',
  )
}

/** A key that is in its place and cannot serve. */
export function usageFault(name: string, message: string): CantosignError {
  return new CantosignError('kms-key-usage', `${name} ${message}`, FAULTS['kms-key-usage'].hint)
}

/** Results of system calls and of TLS that mean that no answer came. */
const UNREACHABLE =
  /^(E(CONNREFUSED|CONNRESET|CONNABORTED|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|NETDOWN|PIPE|TIMEDOUT|PROTO)|ERR_(TLS|SSL)_.*|CERT_.*|.*_CERT(_.*)?|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_.*)$/

/** The text of a property of an error of a library, empty if it has none. */
export function textOf(error: unknown, property: string): string {
  if (typeof error !== 'object' || error === null) return ''
  const value: unknown = Reflect.get(error, property)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** True if the error, or what it was caused by, says that no answer came. */
export function isUnreachable(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; depth < 5; depth++) {
    if (UNREACHABLE.test(textOf(at, 'code'))) return true
    if (typeof at !== 'object' || at === null) return false
    at = Reflect.get(at, 'cause')
  }
  return false
}

/** The package of a vendor that reaches its service. */
export interface Peer {
  readonly name: string
  /** As it is installed, with the releases that run on this Node.js. */
  readonly install: string
}

/**
 * Loads the package of a vendor.
 * @throws CantosignError `kms-package-missing`
 */
export async function loadPeer<Module>(
  peer: Peer,
  scheme: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    throw new CantosignError(
      'kms-package-missing',
      `keys ${scheme}: need the package ${peer.name}, which is not installed or does not start here`,
      `install it beside this program: npm install ${peer.install}`,
      { cause, details: { package: peer.name } },
    )
  }
}
