/** The options of `export --format kms-registration`, as data. */
import type { OptionSpec } from '../command.ts'
import { SIGNER_OPTIONS } from '../commands/signer-options.ts'

export const REGISTRATION_FORMAT = 'kms-registration'

/** Options of keys that are no files, by their names. */
export const signerOptions = (...names: readonly string[]): readonly OptionSpec[] =>
  SIGNER_OPTIONS.filter(({ name }) => names.includes(name))

/** What only `--format kms-registration` takes. */
export const REGISTRATION_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'key',
    kind: 'string',
    value: 'URI',
    path: true,
    describe: 'the key to register: awskms:… or gcpkms:…',
  },
  {
    name: 'usage',
    kind: 'strings',
    value: 'USAGE',
    choices: ['namespace', 'sequencer-authentication', 'protocol'],
    describe: 'what the node may use the key for',
  },
  {
    name: 'name',
    kind: 'string',
    value: 'NAME',
    describe: 'by which the node shows the key',
  },
  ...signerOptions('public-key', 'timeout'),
]
