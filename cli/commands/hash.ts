/** `hash`: the recomputed hash of a transaction, those of a package, or the combined hash of several. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PackageLimits, PackageTransaction } from '../../src/package/model.ts'
import { summaryOf } from '../../src/package/summary.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import type { CommandRun } from '../command.ts'
import { findingLines } from '../present/transaction.ts'
import { contentName, findingsOf, readInput, refuseFatal } from './input.ts'
import { limitsIn } from './limits.ts'
import { packageFindings } from './package-findings.ts'
import { readPackageBytes } from './package-input.ts'

interface HashedTransaction {
  /** 34 bytes of a topology transaction, 32 of a prepared Daml transaction. */
  readonly hash: Uint8Array
  /** What it is of, where there are several; untrusted text in parts. */
  readonly what: string
}

interface HashedFile {
  /** In the order of the file. */
  readonly topology: readonly HashedTransaction[]
  readonly prepared: readonly HashedTransaction[]
  readonly findings: readonly Finding[]
}

function topologyHash(entry: PackageTransaction): HashedTransaction {
  const { mapping, operation, serial, subject } = summaryOf(entry)
  const about = subject === null || subject === '' ? '' : `, ${subject}`
  return {
    hash: entry.transaction.hash,
    what: `${mapping ?? 'no mapping that is known'}, ${operation}, serial ${serial}${about}`,
  }
}

/** @throws CantosignError `file-kind`, the code of a fatal finding, what reading a package gives */
async function hashFile(path: string, limits: PackageLimits): Promise<HashedFile> {
  const input = await readInput(path, limits)
  switch (input.$case) {
    case 'transaction':
    case 'signed': {
      const findings = findingsOf(input)
      refuseFatal(findings, path)
      return { topology: [{ hash: input.transaction.hash, what: '' }], prepared: [], findings }
    }
    case 'package': {
      const { package: content } = readPackageBytes(path, input.bytes, { limits })
      return {
        topology: content.transactions.map(topologyHash),
        prepared: content.preparedTransactions.map(({ digest, scheme }) => ({
          hash: digest,
          what: `prepared Daml transaction, ${scheme}`,
        })),
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
  const hashed: HashedTransaction[] = []
  for (const path of paths) {
    const file = await hashFile(path, limits)
    if (file.findings.length > 0 && !args.json && !args.quiet) {
      io.stderr.write(`${escapeText(path)}: findings\n${findingLines(file.findings).join('\n')}\n`)
    }
    if (multi && file.prepared.length > 0) throw notCombined(path)
    hashed.push(...file.topology, ...file.prepared)
  }
  const hashes = hashed.map(({ hash }) => hash)
  const [first, second] = hashes
  if (first === undefined) throw new Error('no file reached the hash')
  if (!multi && second !== undefined) {
    io.stdout.write(
      args.json
        ? `${JSON.stringify({ hashes: hashes.map(toHex) })}\n`
        : hashed.map(({ hash, what }) => `${toHex(hash)}  ${escapeText(what)}\n`).join(''),
    )
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
