/** What a file can be, as `inspect` says it and `--type` asks for it. */
import { CantosignError } from '../../src/base/errors.ts'
import type { Arguments } from '../command.ts'

export const KINDS = [
  'topology-transaction',
  'signed-topology-transaction',
  'topology-snapshot',
  'signing-package',
  'prepared-transaction',
  'hash',
  'public-key',
  'private-key',
] as const

export type Kind = (typeof KINDS)[number]

/** One file's part of the output of `inspect`: its JSON form, and lines for a person. */
export interface FileReport {
  readonly kind: Kind
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

/** @throws CantosignError `file-kind` if the file is not of the kind that `--type` names */
export function checkKind(kind: Kind, args: Arguments, path: string): void {
  const wanted = args.string('type')
  if (wanted === undefined || wanted === kind) return
  throw new CantosignError(
    'file-kind',
    `${path} is a ${kind}, not a ${wanted}`,
    'check that it is the right file, or leave out --type',
  )
}
