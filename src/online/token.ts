/** The bearer token of the calls, from a file that others renew. */
import { statSync } from 'node:fs'
import { CantosignError } from '../base/errors.ts'
import { readWholeFile } from '../host/files.ts'

/** Headers of a server take no more. */
const MAX_TOKEN_BYTES = 16 * 1024

/** Characters of the b64token of RFC 6750 section 2.1, and the dots of a JWT. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** Shorter ones are no secrets, and would be found in any text. */
const SHORTEST_HIDDEN = 8

export interface TokenSource {
  /** The token as it is in the file now. */
  read(): string
  /** A text of the other side without the tokens that were sent to it. */
  readonly hide: (text: string) => string
  /** What can be said about the token when it is not taken: when it ended by this machine's clock. */
  describe(): string
}

/**
 * A token file is read again whenever it changed: tokens live for minutes, commands may wait longer.
 * @param path holds one token and nothing else; white space around it is left out
 */
export function tokenFile(path: string, now: () => number = Date.now): TokenSource {
  let known: { readonly stamp: string; readonly token: string } | undefined
  const sent = new Set<string>()
  const read = (): string => {
    const stamp = stampOf(path)
    if (known !== undefined && known.stamp === stamp) return known.token
    const token = new TextDecoder().decode(readWholeFile(path, MAX_TOKEN_BYTES)).trim()
    if (!TOKEN.test(token)) {
      throw new CantosignError(
        'token-invalid',
        `${path} does not hold one token`,
        'the file holds a JSON Web Token and nothing else, not even the word Bearer',
      )
    }
    known = { stamp, token }
    if (token.length >= SHORTEST_HIDDEN) sent.add(token)
    return token
  }
  return {
    read,
    hide: (text) => [...sent].reduce((now, token) => now.replaceAll(token, '(the token)'), text),
    describe: () => {
      const end = expiryOf(read())
      if (end === undefined) return `the token comes from ${path}`
      const over = end * 1000 <= now() ? 'ended' : 'ends'
      const time = new Date(end * 1000)
      return Number.isNaN(time.getTime())
        ? `the token comes from ${path}`
        : `the token in ${path} ${over} at ${time.toISOString()}`
    },
  }
}

function stampOf(path: string): string {
  const { mtimeNs, size, ino } = statSync(path, { bigint: true, throwIfNoEntry: false }) ?? {}
  return `${String(mtimeNs)} ${String(size)} ${String(ino)}`
}

/** The claim `exp` in seconds since 1970, if the token is a JWT that has one. Nothing is verified. */
function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const hasExpiry = typeof claims === 'object' && claims !== null && 'exp' in claims
    return hasExpiry && typeof claims.exp === 'number' ? claims.exp : undefined
  } catch {
    return undefined // no JWT: then nothing can be said about its end
  }
}
