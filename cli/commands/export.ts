/** `export`: a transaction file as the files that Canton takes. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { writeFiles } from '../../src/host/files.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import { findingError, refusals, verifySignatures } from '../../src/topology/signed-transaction.ts'
import type { CommandRun } from '../command.ts'
import { findingsOf, readTransactionInput, type TransactionInput } from './input.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const format = args.string('format')
  const directory = args.string('directory')
  if (format === undefined) {
    throw new CantosignError(
      'usage',
      'no format is named',
      'say what to write: --format cert or --format hash',
    )
  }
  if (directory === undefined) {
    throw new CantosignError(
      'output-missing',
      'no directory is named',
      'say where to write: -d DIR',
    )
  }
  const input = await readTransactionInput(path)
  const [refusal] = refusals(findingsOf(input))
  if (refusal !== undefined) {
    throw findingError(
      findingsOf(input),
      refusal,
      'inspect the file; such a transaction is not handed on',
      path,
    )
  }
  const file = format === 'cert' ? certificate(input, path) : hashFile(input)
  writeFiles(directory, [file], { force: args.force })
  if (args.json) io.stdout.write(`${JSON.stringify({ directory, files: [file.name] })}\n`)
  else if (!args.quiet) io.stderr.write(`wrote ${file.name}\n`)
  return ExitStatus.done
}

interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

function fileName(input: TransactionInput, extension: string): string {
  const mapping = input.transaction.value?.mapping?.mapping
  if (mapping === undefined) throw new Error('a transaction without a mapping was not refused')
  return `01-${mappingRow(mapping.$case).slug}.${extension}`
}

function hashFile(input: TransactionInput): NamedFile {
  return { name: fileName(input, 'hash'), bytes: input.transaction.hash }
}

/** The signed transaction byte for byte; a signature that does not verify is not handed on. */
function certificate(input: TransactionInput, path: string): NamedFile {
  if (input.$case === 'transaction') {
    throw new CantosignError(
      'signatures-missing',
      `${path} has no signature, and a certificate is a signed transaction`,
      'sign it first: sign FILE --key KEY -o OUT',
    )
  }
  const invalid = verifySignatures(input.signed).find(({ status }) => status === 'invalid')
  const [finding] = refusals(invalid?.findings ?? [])
  if (finding !== undefined) {
    throw findingError([finding], finding, 'get the signature again from its signer', path)
  }
  return { name: fileName(input, 'cert'), bytes: input.signed.bytes }
}
