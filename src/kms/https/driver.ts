/**
 * Keys behind a signing service of one's own (docs/keys.md section 6.5). One address stands for one
 * key: GET gives its SubjectPublicKeyInfo, POST of the message gives the signature over it. Bytes on
 * both sides, nothing around them.
 */
import { decodeUtf8 } from '../../base/bytes.ts'
import { readWholeFile } from '../../host/files.ts'
import type { ConnectedOptions } from '../../signer/connected.ts'
import { signerOf, type Signer } from '../../signer/signer.ts'
import { CantosignError } from '../../base/errors.ts'
import { withinTime, withRetries } from '../answer-time.ts'
import {
  answerFault,
  complaint,
  serviceFault,
  withoutToken,
  type ServiceFaultCode,
} from '../faults.ts'
import { openService, type ServiceAnswer } from '../request.ts'
import type { HttpsUri } from './uri.ts'

const BYTES = 'application/octet-stream'
const MAX_TOKEN_BYTES = 16 * 1024
/** RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

const FAULTS: Readonly<Record<number, ServiceFaultCode>> = {
  401: 'kms-credentials',
  403: 'kms-credentials',
  404: 'kms-key-absent',
  409: 'kms-key-state',
  429: 'kms-throttled',
  502: 'kms-unreachable',
  503: 'kms-throttled',
  504: 'kms-unreachable',
}

function readToken(path: string, name: string): string {
  const token = decodeUtf8(readWholeFile(path, MAX_TOKEN_BYTES))?.trim() ?? ''
  if (TOKEN.test(token)) return token
  throw serviceFault('kms-credentials', name, 'the token file holds no bearer token')
}

/** The bytes of a 200; a text that explains another status becomes part of the message. */
function bytesOf(
  name: string,
  { status, mediaType, body }: ServiceAnswer,
  token: string | undefined,
): Uint8Array {
  if (status === 200) {
    if (mediaType === BYTES) return body
    throw answerFault(name, `answers with ${complaint(mediaType)}, not with ${BYTES}`)
  }
  const said = mediaType === 'text/plain' ? ` ${decodeUtf8(body) ?? ''}` : ''
  const words = `${status}${withoutToken(said, token)}`
  throw serviceFault(FAULTS[status] ?? 'kms-refused', name, words)
}

/**
 * Opens a key behind a signing service.
 * @throws CantosignError `file-unreadable`, `kms-…`, `signer-timeout`, and what the port throws
 */
export async function openHttpsSigner(uri: HttpsUri, options: ConnectedOptions): Promise<Signer> {
  const name = `the signing service ${complaint(uri.address)}`
  const { ca, certificate, key, tokenFile, path } = uri
  const token = tokenFile === undefined ? undefined : readToken(tokenFile, name)
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const service = openService(name, uri.address, {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  })
  const within = withinTime(name, options.timeoutMilliseconds)
  const ask = async (message?: Uint8Array): Promise<Uint8Array> =>
    await within(
      async (signal) =>
        await withRetries(
          (error) => error instanceof CantosignError && error.code === 'kms-throttled',
          signal,
          async () =>
            bytesOf(
              name,
              await service.ask(
                {
                  method: message === undefined ? 'GET' : 'POST',
                  path,
                  headers: {
                    ...authorization,
                    accept: BYTES,
                    ...(message === undefined ? {} : { 'content-type': BYTES }),
                  },
                  ...(message === undefined ? {} : { body: message }),
                },
                signal,
              ),
              token,
            ),
        ),
    )
  try {
    const spki = await ask()
    return signerOf(
      {
        name,
        madeBy: 'other',
        ecdsa: { takes: 'message', gives: 'DER' },
        publicKey: async () => await Promise.resolve(spki),
        sign: async (message) => await ask(message),
        close: () => {
          service.close()
        },
      },
      options,
    )
  } catch (error) {
    service.close()
    throw error
  }
}
