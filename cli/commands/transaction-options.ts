/** The commands about prepared Daml transactions, as rows of the command table. */
import type { CommandSpec, OptionSpec } from '../command.ts'
import { limitOption } from './limits.ts'

const prepared = 'a prepared transaction: protobuf, base64, or the JSON answer of a prepare call'

const file = { name: 'file', describe: `${prepared}; or a signing package` }

const hashingScheme: OptionSpec = {
  name: 'hashing-scheme',
  kind: 'string',
  value: 'SCHEME',
  describe: 'v2 or v3; a JSON answer says it itself',
}

const state: OptionSpec = {
  name: 'state',
  kind: 'strings',
  value: 'FILE',
  path: true,
  describe: 'topology state that proves which keys sign for the parties',
}

/** Where several parties act. */
export const partyOption: OptionSpec = {
  name: 'party',
  kind: 'strings',
  value: 'PARTY',
  describe: 'the party that the key signs for, of those that act in a Daml transaction',
}

/** @param keyOptions `--key` and what opening a key takes */
export function transactionCommands(keyOptions: readonly OptionSpec[]): readonly CommandSpec[] {
  return [
    {
      words: ['transaction', 'inspect'],
      describe: 'say what a prepared Daml transaction does, with its hashes',
      positionals: [file],
      options: [hashingScheme, limitOption],
      examples: [
        'transaction inspect answer.json',
        'transaction inspect prepared.bin --hashing-scheme v2',
      ],
      prints: true,
      load: () => import('./transaction-inspect.ts'),
    },
    {
      words: ['transaction', 'sign'],
      describe: 'show what a prepared Daml transaction does and sign it',
      positionals: [file],
      options: [
        ...keyOptions,
        hashingScheme,
        state,
        {
          name: 'expect',
          kind: 'string',
          value: 'FILE',
          path: true,
          describe: 'refuse unless it does what this file says was asked for',
        },
        {
          name: 'policy',
          kind: 'string',
          value: 'FILE',
          path: true,
          describe: 'let this policy decide, without a question',
        },
        {
          name: 'transaction',
          kind: 'strings',
          value: 'HASH',
          describe: 'sign only this transaction of the package',
        },
        partyOption,
        {
          name: 'detached',
          kind: 'flag',
          describe: 'write the bare signature bytes; of a file that is done anyway',
        },
        {
          name: 'party-signatures',
          kind: 'flag',
          describe: 'write the JSON that execute takes in place of the bare bytes',
        },
        { name: 'allow-unneeded', kind: 'flag', describe: 'sign with a key that nothing asks for' },
        limitOption,
      ],
      examples: [
        'transaction sign answer.json --key alice.der --state state.bin -o alice.sig',
        'transaction sign answer.json --key alice.der --party-signatures -o signatures.json',
      ],
      load: () => import('./transaction-sign.ts'),
    },
    {
      words: ['transaction', 'verify'],
      describe: 'verify signatures over a prepared Daml transaction',
      positionals: [file],
      options: [
        hashingScheme,
        {
          name: 'signature',
          kind: 'strings',
          value: 'FILE',
          path: true,
          describe: 'signature bytes, or what sign --party-signatures wrote',
        },
        {
          name: 'public-key',
          kind: 'strings',
          value: 'FILE',
          path: true,
          describe: 'the public key of a signer',
        },
        state,
        limitOption,
      ],
      examples: [
        'transaction verify answer.json --signature alice.sig --public-key alice.pub.der --state state.bin',
      ],
      prints: true,
      load: () => import('./transaction-verify.ts'),
    },
    {
      words: ['transaction', 'package'],
      describe: 'put prepared Daml transactions into a signing package for several signers',
      positionals: [{ name: 'files', variadic: true, describe: prepared }],
      options: [
        hashingScheme,
        state,
        {
          name: 'public-key',
          kind: 'strings',
          value: 'FILE',
          path: true,
          describe: 'the public key of a signer',
        },
        {
          name: 'requested-by',
          kind: 'string',
          value: 'TEXT',
          describe: 'who asks for the signatures',
        },
        { name: 'reason', kind: 'string', value: 'TEXT', describe: 'why they are asked for' },
        { name: 'valid-until', kind: 'string', value: 'TEXT', describe: 'until when' },
        limitOption,
      ],
      examples: ['transaction package answer.json --state state.bin -o pay.cantosign.json'],
      load: () => import('./transaction-package.ts'),
    },
  ]
}
