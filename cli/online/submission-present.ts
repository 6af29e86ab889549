/** How submitted transactions stand, for a person and for a script. */
import type { AuthorizationResult } from '../../src/authorization/result.ts'
import type { Standing } from '../../src/online/standing.ts'
import { authorizationJson, authorizationLines } from '../present/authorization.ts'

export interface Followed {
  readonly hash: string
  readonly standing: Standing
  readonly authorization: AuthorizationResult
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
}: Followed): Readonly<Record<string, unknown>> {
  const { status, ...rest } = authorizationJson(hash, authorization)
  return {
    hash,
    standing: standing.$case,
    ...(standing.$case === 'superseded' ? { by: standing.by, serial: standing.serial } : {}),
    authorization: status,
    ...rest,
  }
}

export function followedLines({ hash, standing, authorization }: Followed): readonly string[] {
  const head = [hash, `  ${WORDS[standing.$case]}`]
  switch (standing.$case) {
    case 'effective':
      return head
    case 'superseded':
      return [...head, `  by ${standing.by}, serial ${standing.serial}`]
    case 'pending':
    case 'absent':
      return [...head, ...authorizationLines(authorization, '  ')]
  }
}
