/** Profiles: connections that have a name, in a YAML file (docs/config.md). */
import { dirname, isAbsolute, resolve } from 'node:path'
import { decodeUtf8 } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import {
  fieldError,
  readFields,
  readFlag,
  readInteger,
  readText,
  type Field,
  type FieldSource,
} from '../build/fields.ts'
import { readYaml } from '../build/yaml.ts'
import { readWholeFile } from '../host/files.ts'
import { readHostPort, readJsonApiAddress, type HostPort, type JsonApiAddress } from './address.ts'
import type { TlsFiles } from './tls.ts'

/** What a profile says; what it leaves out, options or defaults say. */
export interface Profile {
  readonly adminApi: HostPort | undefined
  readonly ledgerApi: HostPort | undefined
  readonly jsonApi: JsonApiAddress | undefined
  /** Absolute paths. */
  readonly tls: TlsFiles
  readonly plaintext: boolean | undefined
  readonly tokenFile: string | undefined
  readonly timeoutSeconds: number | undefined
  /** Logical or physical id: the store that commands work on. */
  readonly synchronizer: string | undefined
}

export interface Config {
  readonly path: string
  /** The profile that is used if none is named. */
  readonly defaultProfile: string | undefined
  readonly profiles: ReadonlyMap<string, Profile>
}

const MAX_CONFIG_BYTES = 1024 * 1024
export const MAX_TIMEOUT_SECONDS = 24 * 60 * 60

const ofOptional = <T>(field: Field | undefined, read: (field: Field) => T): T | undefined =>
  field === undefined ? undefined : read(field)

/** Reads by a function that throws an error about a place it does not know; the place is put to it. */
function placed<T>(field: Field, read: (text: string) => T): T {
  const text = readText(field)
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    throw fieldError(field, error.message)
  }
}

function readProfile(field: Field, directory: string): Profile {
  const path = (one: Field): string => {
    const text = readText(one)
    return isAbsolute(text) ? text : resolve(directory, text)
  }
  return readFields(field, (fields) => ({
    adminApi: ofOptional(fields.optional('adminApi'), (one) =>
      placed(one, (text) => readHostPort(text, 'adminApi')),
    ),
    ledgerApi: ofOptional(fields.optional('ledgerApi'), (one) =>
      placed(one, (text) => readHostPort(text, 'ledgerApi')),
    ),
    jsonApi: ofOptional(fields.optional('jsonApi'), (one) =>
      placed(one, (text) => readJsonApiAddress(text, 'jsonApi')),
    ),
    tls:
      ofOptional(fields.optional('tls'), (tls) =>
        readFields(tls, (files) => ({
          ca: ofOptional(files.optional('ca'), path),
          cert: ofOptional(files.optional('cert'), path),
          key: ofOptional(files.optional('key'), path),
        })),
      ) ?? {},
    plaintext: ofOptional(fields.optional('plaintext'), readFlag),
    tokenFile: ofOptional(fields.optional('tokenFile'), path),
    timeoutSeconds: ofOptional(fields.optional('timeoutSeconds'), (one) =>
      Number(readInteger(one, 1n, BigInt(MAX_TIMEOUT_SECONDS))),
    ),
    synchronizer: ofOptional(fields.optional('synchronizer'), readText),
  }))
}

/**
 * Reads a configuration file. Nothing in it is overlooked: a field that is not known is refused.
 * @throws CantosignError `config-invalid`, `yaml-invalid`, `file-unreadable`
 */
export function readConfig(path: string): Config {
  const text = decodeUtf8(readWholeFile(path, MAX_CONFIG_BYTES))
  if (text === undefined) {
    throw new CantosignError('config-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
  }
  const source: FieldSource = {
    what: path,
    code: 'config-invalid',
    hint: 'docs/config.md shows every field',
  }
  const whole: Field = { source, path: '', node: readYaml(text, path) }
  return readFields(whole, (fields) => {
    const list = fields.required('profiles')
    const profiles = readFields(list, (named) => {
      const read = new Map<string, Profile>()
      for (const name of named.names()) {
        if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
          throw fieldError(list, `${escapeText(name)} is no name for a profile`)
        }
        read.set(name, readProfile(named.required(name), dirname(resolve(path))))
      }
      return read
    })
    const chosen = fields.optional('default')
    const defaultProfile = ofOptional(chosen, readText)
    if (chosen !== undefined && defaultProfile !== undefined && !profiles.has(defaultProfile)) {
      throw fieldError(chosen, `there is no profile ${defaultProfile}`)
    }
    return { path, defaultProfile, profiles }
  })
}

/**
 * The profile of a name, or the default one.
 * @throws CantosignError `profile-unknown`
 */
export function profileOf(config: Config, name: string | undefined): Profile | undefined {
  const chosen = name ?? config.defaultProfile
  if (chosen === undefined) return undefined
  const profile = config.profiles.get(chosen)
  if (profile !== undefined) return profile
  const names = [...config.profiles.keys()].join(', ')
  throw new CantosignError(
    'profile-unknown',
    `${config.path} has no profile ${escapeText(chosen)}`,
    names === '' ? 'add it there' : `choose one of: ${names}`,
  )
}
