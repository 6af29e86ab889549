/** What the connection options and the profile come to. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CantosignError } from '../../src/base/errors.ts'
import { readHostPort, readJsonApiAddress } from '../../src/online/address.ts'
import {
  MAX_TIMEOUT_SECONDS,
  profileOf,
  readConfig,
  type Profile,
} from '../../src/online/config.ts'
import { DEFAULT_TIMEOUT_MILLIS, type ConnectionSettings } from '../../src/online/connection.ts'
import type { Arguments, OptionSpec } from '../command.ts'

/** Connection and what the profile says beside it. */
export interface ChosenConnection {
  readonly settings: ConnectionSettings
  /** The synchronizer of the profile. */
  readonly synchronizer: string | undefined
}

const NO_PROFILE: Profile = {
  adminApi: undefined,
  ledgerApi: undefined,
  jsonApi: undefined,
  tls: {},
  plaintext: undefined,
  tokenFile: undefined,
  timeoutSeconds: undefined,
  synchronizer: undefined,
}

/** `$XDG_CONFIG_HOME/cantosign/config.yaml`, or below `~/.config`. */
function defaultConfigPath(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CONFIG_HOME']
  return join(
    base === undefined || base === '' ? join(homedir(), '.config') : base,
    'cantosign',
    'config.yaml',
  )
}

/**
 * @param address the option that says where a participant is, if one does: that is another one than
 * the default profile is for, and gets nothing of it, least of all its token
 */
function chosenProfile(
  args: Arguments,
  address: string | undefined,
  environment: NodeJS.ProcessEnv,
): Profile {
  const name = args.string('profile')
  const named = args.string('config')
  if (name === undefined && address !== undefined) {
    if (named === undefined) return NO_PROFILE
    throw new CantosignError(
      'usage',
      `--config means nothing where --${address} says where the participant is`,
      'leave one of them out, or name the profile that is meant for this address: --profile NAME',
    )
  }
  const path = named ?? defaultConfigPath(environment)
  if (named === undefined && !existsSync(path)) {
    if (name === undefined) return NO_PROFILE
    throw new CantosignError(
      'profile-unknown',
      `there is no configuration file ${path}, so no profile ${name}`,
      'make it as docs/config.md shows, or name another with --config FILE',
    )
  }
  return profileOf(readConfig(path), name) ?? NO_PROFILE
}

/**
 * Reads a number of seconds.
 * @throws CantosignError `usage`
 */
export function secondsOf(args: Arguments, name: string): number | undefined {
  const text = args.string(name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+(\.\d{1,3})?$/.test(text) && value > 0 && value <= MAX_TIMEOUT_SECONDS) return value
  throw new CantosignError(
    'usage',
    `--${name} ${text} is no number of seconds up to ${MAX_TIMEOUT_SECONDS}`,
    `write it in decimal digits, as in --${name} 60`,
  )
}

const ADDRESSES = ['admin-api', 'ledger-api', 'json-api'] as const

/** How long `--wait` and `replicate` wait unless told. */
export const DEFAULT_WAIT_SECONDS = 300

/**
 * How long to wait, in seconds; `undefined` without `--wait`.
 * @throws CantosignError `usage`
 */
export function waitSecondsOf(args: Arguments): number | undefined {
  const seconds = secondsOf(args, 'wait-timeout')
  if (args.flag('wait')) return seconds ?? DEFAULT_WAIT_SECONDS
  if (seconds === undefined) return undefined
  throw new CantosignError('usage', '--wait-timeout means nothing without --wait', 'add --wait')
}

/** The option if it is declared and given. */
const textOf = (
  args: Arguments,
  name: string,
  declared: ReadonlySet<string>,
): string | undefined => (declared.has(name) ? args.string(name) : undefined)

/**
 * The connection that the options and the profile give; options win.
 * @param options those that the command declares
 * @throws CantosignError `address-invalid`, `profile-unknown`, `config-invalid`, `usage`
 */
export function connectionOf(
  args: Arguments,
  options: readonly OptionSpec[],
  environment: NodeJS.ProcessEnv = process.env,
): ChosenConnection {
  const declared = new Set(options.map(({ name }) => name))
  const admin = textOf(args, 'admin-api', declared)
  const ledger = textOf(args, 'ledger-api', declared)
  const json = textOf(args, 'json-api', declared)
  const address = ADDRESSES.find((name) => textOf(args, name, declared) !== undefined)
  const profile = chosenProfile(args, address, environment)
  const files = {
    ca: args.string('tls-ca') ?? profile.tls.ca,
    cert: args.string('tls-cert') ?? profile.tls.cert,
    key: args.string('tls-key') ?? profile.tls.key,
  }
  const hasTls = files.ca ?? files.cert ?? files.key
  // Plaintext of a profile ends where the command line asks for TLS.
  const plaintext = args.flag('plaintext') || (profile.plaintext === true && hasTls === undefined)
  const seconds = secondsOf(args, 'timeout') ?? profile.timeoutSeconds
  return {
    settings: {
      adminApi: admin === undefined ? profile.adminApi : readHostPort(admin, '--admin-api'),
      ledgerApi:
        ledger === undefined
          ? json === undefined
            ? profile.ledgerApi
            : undefined
          : readHostPort(ledger, '--ledger-api'),
      jsonApi:
        json === undefined
          ? ledger === undefined
            ? profile.jsonApi
            : undefined
          : readJsonApiAddress(json, '--json-api'),
      tls: files,
      plaintext,
      tokenFile: args.string('token-file') ?? profile.tokenFile,
      timeoutMillis: seconds === undefined ? DEFAULT_TIMEOUT_MILLIS : seconds * 1000,
      proxy: {
        httpsProxy: environment['HTTPS_PROXY'] ?? environment['https_proxy'],
        noProxy: environment['NO_PROXY'] ?? environment['no_proxy'],
      },
    },
    synchronizer: profile.synchronizer,
  }
}

/** @throws CantosignError `address-missing` */
export function missingAddress(what: string, options: string): CantosignError {
  return new CantosignError(
    'address-missing',
    `nothing says where to find the ${what} of the participant`,
    `give ${options}, or a --profile of the configuration file that has it`,
  )
}
