/** `hash`: the recomputed hash of a transaction, or the combined hash of several. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { CommandRun } from '../command.ts'
import { findingLines } from '../present/transaction.ts'
import type { PackageLimits } from '../../src/package/model.ts'
import { contentName, findingsOf, readInput, refuseFatal } from './input.ts'
import { limitsIn } from './limits.ts'
import { packageFindings } from './package-findings.ts'
import { readPackageBytes } from './package-input.ts'

interface HashedFile {
  /** Of topology transactions: 34 bytes each, in the order of the file. */
  readonly hashes: readonly Uint8Array[]
  /** Of prepared Daml transactions: 32 bytes each. */
  readonly preparedHashes: readonly Uint8Array[]
  readonly findings: readonly Finding[]
}

/** @throws CantosignError `file-kind`, the code of a fatal finding, what reading a package gives */
async function hashFile(path: string, limits: PackageLimits): Promise<HashedFile> {
  const input = await readInput(path, limits)
  switch (input.$case) {
    case 'transaction':
    case 'signed': {
      const findings = findingsOf(input)
      refuseFatal(findings, path)
      return { hashes: [input.transaction.hash], preparedHashes: [], findings }
    }
    case 'package': {
      const { package: content } = readPackageBytes(path, input.bytes, { limits })
      return {
        hashes: content.transactions.map(({ transaction }) => transaction.hash),
        preparedHashes: content.preparedTransactions.map(({ digest }) => digest),
        findings: packageFindings(content).flat(),
      }
    }
    case 'stream':
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds ${contentName(input)}: a hash is computed of transactions`,
        `see what it is with: inspect ${path}`,
      )
  }
}

export const run: CommandRun = async (args, io) => {
  const paths = args.positionals('files')
  const multi = args.flag('multi')
  const limits = limitsIn(args)
  if (!multi && paths.length !== 1) {
    throw new CantosignError(
      'usage',
      `hash takes one file, ${paths.length} are given`,
      'for the combined hash of several transactions add --multi',
    )
  }
  const hashes: Uint8Array[] = []
  for (const path of paths) {
    const file = await hashFile(path, limits)
    if (file.findings.length > 0 && !args.json && !args.quiet) {
      io.stderr.write(`${escapeText(path)}: findings\n${findingLines(file.findings).join('\n')}\n`)
    }
    if (multi && file.preparedHashes.length > 0) throw notCombined(path)
    hashes.push(...file.hashes, ...file.preparedHashes)
  }
  const [first, second] = hashes
  if (first === undefined) throw new Error('no file reached the hash')
  if (!multi && second !== undefined) {
    if (!args.json) throw severalTransactions(paths[0] ?? '', hashes.length)
    io.stdout.write(`${JSON.stringify({ hashes: hashes.map(toHex) })}\n`)
    return ExitStatus.done
  }
  const text = toHex(multi ? combinedHash(hashes) : first)
  io.stdout.write(args.json ? `${JSON.stringify({ hash: text })}\n` : `${text}\n`)
  return ExitStatus.done
}

function notCombined(path: string): CantosignError {
  return new CantosignError(
    'usage',
    `${path} holds prepared Daml transactions, and a combined hash is of topology transactions`,
    'leave out --multi',
  )
}

function severalTransactions(path: string, count: number): CantosignError {
  return new CantosignError(
    'usage',
    `${path} holds ${count} transactions, each with a hash of its own`,
    'for their combined hash add --multi, for all of them --json',
  )
}
