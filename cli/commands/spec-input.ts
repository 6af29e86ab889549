/** A spec file with the keys that it names. */
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { keyFilesOf, openSpec, readSpec, type Spec } from '../../src/build/spec.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import { MAX_KEY_BYTES } from './build-kinds.ts'

/**
 * Reads a spec.
 * @param place where a key file that the spec names lies
 * @throws CantosignError `yaml-invalid`, `spec-invalid`, `spec-key`, and what reading a file gives
 */
export async function readSpecFile(path: string, place: (name: string) => string): Promise<Spec> {
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text === undefined) {
    throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
  }
  const spec = openSpec(text, path)
  const keys = new Map<string, Uint8Array>()
  for (const name of keyFilesOf(spec)) keys.set(name, await publicKeyBytes(place(name)))
  return readSpec(spec, keys)
}

/** SPKI bytes: an RSA key, which only encrypts, is handed on for the spec reader to judge. */
async function publicKeyBytes(path: string): Promise<Uint8Array> {
  const bytes = readWholeFile(path, MAX_KEY_BYTES)
  try {
    return (await readPublicKey(bytes)).spki
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'key-algorithm') return bytes
    throw error
  }
}
