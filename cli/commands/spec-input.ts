/** A spec file with the keys that it names. */
import { dirname, resolve } from 'node:path'
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { keyFilesOf, openSpec, readSpec, type Spec } from '../../src/build/spec.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { MAX_KEY_BYTES, readPublicKeyFile } from './public-key-input.ts'

export interface SpecInput extends Spec {
  /** The spec and the key files that it names, relative to the spec. */
  readonly files: readonly string[]
}

/**
 * Reads a spec.
 * @throws CantosignError `yaml-invalid`, `spec-invalid`, `spec-key`, and what reading a file gives
 */
export async function readSpecFile(path: string): Promise<SpecInput> {
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text === undefined) {
    throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
  }
  const spec = openSpec(text, path)
  const files = [path]
  const keys = new Map<string, Uint8Array>()
  for (const name of keyFilesOf(spec)) {
    const keyPath = resolve(dirname(path), name)
    files.push(keyPath)
    keys.set(name, await publicKeyBytes(keyPath))
  }
  return { ...readSpec(spec, keys), files }
}

/** SPKI bytes: an RSA key, which only encrypts, is handed on for the spec reader to judge. */
async function publicKeyBytes(path: string): Promise<Uint8Array> {
  try {
    return (await readPublicKeyFile(path)).spki
  } catch (error) {
    if (!(error instanceof CantosignError) || error.code !== 'key-algorithm') throw error
    return readWholeFile(path, MAX_KEY_BYTES)
  }
}
