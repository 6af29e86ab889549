/** A file that must be a signing package. */
import { CantosignError } from '../../src/base/errors.ts'
import type { JudgedPackage } from '../../src/package/create.ts'
import { readPackage } from '../../src/package/read.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import { contentName, readInput } from './input.ts'

/**
 * Reads a signing package, with every signature verified as far as the keys are known.
 * @throws CantosignError `file-kind`, and what `readPackage` throws
 */
export async function readPackageInput(
  path: string,
  resolve?: KeyResolver,
): Promise<JudgedPackage> {
  const input = await readInput(path)
  if (input.$case !== 'package') {
    throw new CantosignError(
      'file-kind',
      `${path} holds ${contentName(input)}, not a signing package`,
      `see what it is with: inspect ${path}`,
    )
  }
  return readPackage(input.bytes, resolve === undefined ? {} : { resolve })
}
