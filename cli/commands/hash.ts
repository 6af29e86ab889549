/** `hash`: the recomputed hash of a transaction, or the combined hash of several. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { CommandRun } from '../command.ts'
import { findingLines } from '../present/transaction.ts'
import { findingsOf, readTransactionInput } from './input.ts'

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('files')
  const multi = args.flag('multi')
  if (!multi && paths.length !== 1) {
    throw new CantosignError(
      'usage',
      `hash takes one file, ${paths.length} are given`,
      'for the combined hash of several transactions add --multi',
    )
  }
  const hashes: Uint8Array[] = []
  for (const path of paths) {
    const input = await readTransactionInput(path)
    const findings = findingsOf(input)
    if (findings.length > 0 && !args.json && !args.quiet) {
      io.stderr.write(`${path}: findings\n${findingLines(findings).join('\n')}\n`)
    }
    hashes.push(input.transaction.hash)
  }
  const [first] = hashes
  if (first === undefined) throw new Error('no file reached the hash')
  const text = toHex(multi ? combinedHash(hashes) : first)
  io.stdout.write(args.json ? `${JSON.stringify({ hash: text })}\n` : `${text}\n`)
  return ExitStatus.done
}
