/** How submitted transactions stand, for a person and for a script. */
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import type { Standing } from '../../src/online/standing.ts'
import { authorizationJson, authorizationLines } from '../present/authorization.ts'

export interface Followed {
  readonly hash: string
  readonly standing: Standing
  readonly authorization: AuthorizationResult
  /** By its own signatures or by the state: then it can be in force. */
  readonly proved: boolean
}

/**
 * True for what is in force by the signatures that the participant shows. One that lacks some of
 * them may be said to be incomplete, or, with state held back, not to be decidable.
 */
export function isInForce({ standing, proved }: Followed): boolean {
  return standing.$case === 'effective' && proved
}

const WORDS: Readonly<Record<Standing['$case'], string>> = {
  effective: 'in force',
  pending: 'waits for signatures',
  superseded: 'overtaken by another transaction',
  absent: 'not in the store',
}

/** An entry of `transactions`: how it stands, then who has signed and who is missing. */
export function followedJson({
  hash,
  standing,
  authorization,
  proved,
}: Followed): Readonly<Record<string, unknown>> {
  const { status, ...rest } = authorizationJson(hash, authorization)
  return {
    hash,
    standing: standing.$case,
    ...(standing.$case === 'effective' ? { proved } : {}),
    ...(standing.$case === 'superseded' ? { by: standing.by, serial: standing.serial } : {}),
    authorization: status,
    ...rest,
  }
}

export function followedLines(followed: Followed): readonly string[] {
  const { hash, standing, authorization, proved } = followed
  const head = [hash, `  ${WORDS[standing.$case]}`]
  switch (standing.$case) {
    case 'effective':
      if (proved) return head
      return [
        ...head,
        '  so says the participant; the signatures that it shows do not prove it',
        ...authorizationLines(authorization, '  '),
      ]
    case 'superseded':
      return [...head, `  by ${standing.by}, serial ${standing.serial}`]
    case 'pending':
    case 'absent':
      return [...head, ...authorizationLines(authorization, '  ')]
  }
}
