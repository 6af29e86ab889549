/** Who may call: anybody, or whoever brings one of two tokens. */
import { equalBytes, utf8Bytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import { CantonError } from '../core/canton-error.ts'

export interface Tokens {
  /** May do everything. */
  readonly admin: string | undefined
  /** May read. */
  readonly reader: string | undefined
}

/** Compared by their hashes, so that the time it takes tells nothing of either. */
const same = (a: string, b: string): boolean =>
  equalBytes(sha256(utf8Bytes(a)), sha256(utf8Bytes(b)))

const BEARER = /^Bearer (\S+)$/

export class Gate {
  readonly #tokens: Tokens
  readonly #clock: () => bigint

  constructor(tokens: Tokens, clock: () => bigint) {
    this.#tokens = tokens
    this.#clock = clock
  }

  /**
   * @param authorization the header as it came
   * @param reads the call changes nothing
   * @throws CantonError UNAUTHENTICATED, PERMISSION_DENIED
   */
  admit(authorization: string | undefined, reads: boolean): void {
    const { admin, reader } = this.#tokens
    if (admin === undefined && reader === undefined) return
    const token = BEARER.exec(authorization ?? '')?.[1] ?? ''
    const isAdmin = admin !== undefined && same(token, admin)
    const isReader = reader !== undefined && same(token, reader)
    if ((!isAdmin && !isReader) || isExpired(token, this.#clock())) {
      throw new CantonError('UNAUTHENTICATED', 'the token is missing, unknown or expired')
    }
    if (!isAdmin && !reads) throw new CantonError('PERMISSION_DENIED', 'the token may only read')
  }
}

/** True for a JWT whose time has passed; any other text has no time. */
function isExpired(token: string, now: bigint): boolean {
  const payload = token.split('.')[1]
  if (payload === undefined) return false
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const until =
      typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined
    return typeof until === 'number' && now >= BigInt(Math.floor(until)) * 1_000_000n
  } catch {
    return false
  }
}
