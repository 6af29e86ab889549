/** Where results go: `-o FILE`, `-o -`, and what is refused before anything is computed. */
import { CantosignError } from '../../src/base/errors.ts'
import { checkTarget, writeWholeFile } from '../../src/host/files.ts'
import { keyScheme } from '../../src/signer/key-uri.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

/** Options that name a file which is read. A test holds the list to the command table. */
export const INPUT_OPTIONS: readonly string[] = [
  'key',
  'passphrase-file',
  'new-passphrase-file',
  'public-key',
  'state',
  'expect',
  'policy',
  'audit-log',
  'signature',
  'file',
  'previous',
  'namespace-key',
  'target-key',
  'signing-key',
  'add-key',
  'protocol-key',
  'authentication-key',
  'encryption-key',
  // Of the online half.
  'config',
  'tls-ca',
  'tls-cert',
  'tls-key',
  'tls-client-ca',
  'token-file',
  'reader-token-file',
  'package',
  'signed',
  'disclosed-contracts',
]

/** Paths of the files that the options name; a key that is elsewhere has none. */
function optionInputs(args: Arguments): readonly string[] {
  return INPUT_OPTIONS.flatMap((name) =>
    args.strings(name).flatMap((value) => {
      const scheme = name === 'key' ? keyScheme(value) : undefined
      if (scheme === undefined) return [value]
      return scheme === 'file' ? [value.slice('file:'.length)] : []
    }),
  )
}

/**
 * The named output, refused before any work is done for it.
 * @throws CantosignError `output-missing`, `output-to-terminal`, `output-exists`,
 * `output-is-input`, `output-unwritable`
 */
export function requireOutput(args: Arguments, io: Io): string {
  const { output } = args
  if (output === undefined) {
    throw new CantosignError(
      'output-missing',
      'no output is named, and there is no default one',
      'say where to write: -o FILE',
    )
  }
  if (output === '-' && io.stdout.isTerminal) {
    throw new CantosignError(
      'output-to-terminal',
      'the output is binary and standard output is a terminal',
      'write to a file with -o FILE, or redirect standard output',
    )
  }
  if (output !== '-') {
    // Without --force whatever is there stays, and that it is there is all there is to say.
    checkTarget(output, { force: args.force, inputs: args.force ? optionInputs(args) : [] })
  }
  return output
}

/**
 * Writes the bytes whole or not at all, and never over a file that was read. What is signed has its
 * entry in the audit log before.
 * @param inputs paths that the arguments name; those of the options are known
 */
export function writeOutput(
  output: string,
  bytes: Uint8Array,
  args: Arguments,
  io: Io,
  inputs: readonly string[],
  mode?: number,
): void {
  io.audit?.release()
  if (output === '-') {
    io.stdout.write(bytes)
    return
  }
  writeWholeFile(output, bytes, {
    force: args.force,
    inputs: [...inputs, ...optionInputs(args)],
    ...(mode === undefined ? {} : { mode }),
  })
}
