/** `--limit NAME=NUMBER`: limits on what is read, which a person who knows why may raise. */
import { CantosignError } from '../../src/base/errors.ts'
import { DEFAULT_LIMITS, type PackageLimits } from '../../src/package/model.ts'
import type { Arguments, OptionSpec } from '../command.ts'

/** The limits of docs/format.md section 6 by the names of the option. */
const LIMITS: ReadonlyMap<string, keyof PackageLimits> = new Map<string, keyof PackageLimits>([
  ['package-bytes', 'packageBytes'],
  ['transaction-bytes', 'transactionBytes'],
  ['prepared-bytes', 'preparedBytes'],
  ['transactions', 'transactions'],
  ['signatures', 'signatures'],
  ['state', 'state'],
  ['text-bytes', 'textBytes'],
])

const NAMES = [...LIMITS.keys()].join(', ')

export const limitOption: OptionSpec = {
  name: 'limit',
  kind: 'strings',
  value: 'NAME=NUMBER',
  describe: `raise a limit on what is read: ${NAMES}`,
}

function usage(message: string): CantosignError {
  return new CantosignError(
    'usage',
    message,
    `give it as NAME=NUMBER, where NAME is one of ${NAMES}`,
  )
}

/**
 * The limits in force.
 * @throws CantosignError `usage` for a name that is none, a value that is no whole number, or one
 * below the default
 */
export function limitsIn(args: Arguments): PackageLimits {
  const limits: Record<keyof PackageLimits, number> = { ...DEFAULT_LIMITS }
  for (const text of args.strings('limit')) {
    const [, name = '', digits = ''] = /^([a-z-]+)=([0-9]{1,15})$/.exec(text) ?? []
    const key = LIMITS.get(name)
    if (key === undefined) throw usage(`--limit ${JSON.stringify(text)} names no limit`)
    const value = Number(digits)
    if (value < DEFAULT_LIMITS[key]) {
      throw usage(
        `--limit ${name}=${digits} is below the limit that is in force, ${DEFAULT_LIMITS[key]}`,
      )
    }
    limits[key] = value
  }
  return limits
}
