/** Rows of the air-gapped table that can do more with a network, as data. */
import type { CommandSpec, OptionSpec } from '../command.ts'
import {
  REGISTRATION_FORMAT,
  REGISTRATION_OPTIONS,
  signerOptions,
} from './kms-registration-options.ts'

const CONNECTED = 'awskms:…, gcpkms:…, azurekms:…, hashivault:… or https:…'

function withConnectedKeys(option: OptionSpec): OptionSpec {
  return option.name === 'key'
    ? { ...option, describe: `${option.describe}; ${CONNECTED}` }
    : option
}

/** The row of a command as the program with a network has it. */
export function connectedRow(row: CommandSpec): CommandSpec {
  const words = row.words.join(' ')
  switch (words) {
    case 'export':
      return {
        ...row,
        positionals: row.positionals.map((one) => ({ ...one, optional: true })),
        options: [
          ...row.options.map((option) =>
            option.name === 'format' && option.choices !== undefined
              ? { ...option, choices: [...option.choices, REGISTRATION_FORMAT] }
              : option,
          ),
          ...REGISTRATION_OPTIONS,
        ],
        load: () => import('./kms-registration.ts'),
      }
    case 'key generate':
      return {
        ...row,
        options: [...row.options.map(withConnectedKeys), ...signerOptions('timeout')],
      }
    case 'key list':
      return {
        ...row,
        positionals: row.positionals.map((one) => ({
          ...one,
          describe: `${one.describe}; a key ring of awskms:, gcpkms:, azurekms: or hashivault:`,
        })),
      }
    default:
      return { ...row, options: row.options.map(withConnectedKeys) }
  }
}
