/** What this side brings to TLS: whom it believes, and who it is. */
import { createSecureContext, type SecureContext } from 'node:tls'
import { CantosignError } from '../base/errors.ts'
import { readWholeFile } from '../host/files.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  /** Certificates of the authorities to believe, in place of those that the system brings. */
  readonly ca?: string | undefined
  /** For mTLS: the certificate of this side with its chain, and its key; both or neither. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const MAX_PEM_BYTES = 1024 * 1024

function readPem(path: string | undefined): Buffer | undefined {
  return path === undefined ? undefined : Buffer.from(readWholeFile(path, MAX_PEM_BYTES))
}

/** Throws away a context that cannot be made of one file, naming it. */
function check(path: string | undefined, make: () => void): void {
  try {
    make()
  } catch (cause) {
    throw new CantosignError(
      'tls-file-invalid',
      `${path ?? 'a TLS file'} cannot be used for TLS: ${cause instanceof Error ? cause.message : String(cause)}`,
      'certificates and keys are PEM; the key has no passphrase and belongs to the certificate',
      { cause },
    )
  }
}

/**
 * The context for every connection: TLS 1.2 or later, verified against the given authorities.
 * @throws CantosignError `tls-file-invalid`, `file-unreadable`, `usage`
 */
export function secureContext({ ca, cert, key }: TlsFiles): SecureContext {
  if ((cert === undefined) !== (key === undefined)) {
    throw new CantosignError(
      'usage',
      'a certificate for TLS and its key come together',
      'give both --tls-cert and --tls-key, or neither',
    )
  }
  const files = { ca: readPem(ca), cert: readPem(cert), key: readPem(key) }
  if (files.ca !== undefined && !files.ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CantosignError(
      'tls-file-invalid',
      `${ca ?? ''} holds no certificate`,
      'the file of --tls-ca is PEM, with one certificate or several',
    )
  }
  const minVersion = 'TLSv1.2'
  check(ca, () => createSecureContext({ ca: files.ca, minVersion }))
  check(cert, () => createSecureContext({ cert: files.cert, minVersion }))
  let context: SecureContext | undefined
  check(key, () => {
    context = createSecureContext({ ...files, minVersion })
  })
  files.key?.fill(0)
  if (context === undefined) throw new Error('no context was made')
  return context
}

/** Texts of Node.js and OpenSSL that say TLS is what failed, and what helps. */
const TLS_FAILURES: readonly (readonly [RegExp, string])[] = [
  [
    /certificate has expired|CERT_HAS_EXPIRED/i,
    'the certificate of the other side has ended: its operator has to renew it (and check the clock of this machine)',
  ],
  [
    /certificate is not yet valid|CERT_NOT_YET_VALID/i,
    'the certificate of the other side is not valid yet: check the clock of this machine',
  ],
  [
    /Hostname\/IP does not match|ERR_TLS_CERT_ALTNAME_INVALID/i,
    'the certificate is for another host: give the address by the name that stands in it',
  ],
  [
    /self.signed certificate|unable to (?:get local issuer|verify the first|get issuer) certificate|SELF_SIGNED_CERT|UNABLE_TO_/i,
    'the other side is not vouched for by an authority that is believed here: give its authority with --tls-ca',
  ],
  [
    /wrong version number|packet length too long|http request/i,
    'the other side does not speak TLS here: check the port, or use --plaintext where that is meant',
  ],
  [
    /certificate required|bad certificate|unknown ca|handshake failure|alert (?:number )?(?:40|42|46|48|116)|sslv3 alert|tlsv1(?:3)? alert/i,
    'the other side asks for a certificate that it knows: give --tls-cert and --tls-key',
  ],
  [/unsupported protocol|protocol version/i, 'the other side does not offer TLS 1.2 or later'],
]

/** What helps against a failure of TLS; `undefined` if the text is not about TLS. */
export function tlsHint(text: string): string | undefined {
  return TLS_FAILURES.find(([pattern]) => pattern.test(text))?.[1]
}
