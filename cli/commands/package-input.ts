/** A file that must be a signing package. */
import { CantosignError } from '../../src/base/errors.ts'
import { limitsOf, type JudgedPackage } from '../../src/package/create.ts'
import { readPackage, type ReadOptions } from '../../src/package/read.ts'
import { contentName, readInput } from './input.ts'

/**
 * Reads the bytes of a signing package; an error names the file beside the place in it.
 * @throws CantosignError what `readPackage` throws
 */
export function readPackageBytes(
  path: string,
  bytes: Uint8Array,
  options: ReadOptions = {},
): JudgedPackage {
  try {
    return readPackage(bytes, options)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw new CantosignError(error.code, `${path}: ${error.message}`, error.hint, {
      details: { ...error.details, file: path },
      cause: error,
    })
  }
}

/**
 * Reads a signing package, with every signature verified as far as the keys are known.
 * @throws CantosignError `file-kind`, and what `readPackage` throws
 */
export async function readPackageInput(
  path: string,
  options: ReadOptions = {},
): Promise<JudgedPackage> {
  const input = await readInput(path, limitsOf(options.limits))
  if (input.$case !== 'package') {
    throw new CantosignError(
      'file-kind',
      `${path} holds ${contentName(input)}, not a signing package`,
      `see what it is with: inspect ${path}`,
    )
  }
  return readPackageBytes(path, input.bytes, options)
}
