/** `export`: a package or a transaction file as the files that Canton takes. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { writeFiles } from '../../src/host/files.ts'
import { exportCertificates, exportHashes, exportPrepared } from '../../src/package/export.ts'
import {
  exportExecute,
  exportExecuteSubmission,
  exportPreparedBytes,
  exportPreparedHashes,
} from '../../src/package/export-execute.ts'
import { exportAllocate } from '../../src/package/export-ledger.ts'
import { exportAddTransactions, exportConsole } from '../../src/package/export-node.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { EXPORT_FORMATS, type ExportFormat } from './export-formats.ts'
import { readExportSource, type ExportSource } from './export-source.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const format = formatOf(args)
  const directory = directoryOf(args)
  refuseForeign(format, args)
  const source = await readExportSource(path, args)
  refuseMeaningless(format, source, path, args)
  const files = [...topologyFiles(format, source, args), ...preparedFiles(format, source)]
  writeFiles(directory, files, { force: args.force, inputs: [path, ...args.strings('state')] })

  const remarks = [
    ...(carriesFlag(format) ? source.remarks : []),
    ...remarksOf(format, source, args),
    ...preparedRemarks(format, source),
  ]
  const names = files.map(({ name }) => name)
  if (args.json) {
    const transactions = source.content.transactions.map(({ hash, proposal }) =>
      carriesFlag(format) ? { hash, proposal } : { hash },
    )
    const prepared = source.content.preparedTransactions.map(({ hash, scheme }) => ({
      hash,
      hashingScheme: scheme,
    }))
    const document = {
      directory,
      files: names,
      transactions,
      ...(prepared.length === 0 ? {} : { preparedTransactions: prepared }),
      remarks,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return ExitStatus.done
  }
  if (args.quiet) return ExitStatus.done
  for (const remark of remarks) io.stderr.write(`${io.program.name}: remark: ${remark}\n`)
  io.stderr.write(names.map((name) => `wrote ${name}\n`).join(''))
  return ExitStatus.done
}

/** @throws CantosignError `usage` */
function formatOf(args: Arguments): ExportFormat {
  const text = args.string('format')
  const format = EXPORT_FORMATS.find((one) => one === text)
  if (format !== undefined) return format
  throw new CantosignError(
    'usage',
    'no format is named',
    `say what to write: --format ${EXPORT_FORMATS.join(', --format ')}`,
  )
}

/** False for what is made of the transaction alone, where the proposal flag does not stand. */
const carriesFlag = (format: ExportFormat): boolean => format !== 'hash' && format !== 'prep'

/** @throws CantosignError `output-missing`, `usage` */
function directoryOf(args: Arguments): string {
  const directory = args.string('directory')
  if (args.output !== undefined) {
    throw new CantosignError(
      'usage',
      'export writes files with names of their own, and -o names one file',
      'name the directory that they go to: -d DIR',
    )
  }
  if (directory !== undefined) return directory
  throw new CantosignError('output-missing', 'no directory is named', 'say where to write: -d DIR')
}

/** The formats that each option says something to. */
const MEANT_FOR: Readonly<Record<string, readonly ExportFormat[]>> = {
  proposal: ['console', 'cert', 'grpc'],
  store: ['console', 'grpc', 'json-api'],
  node: ['console'],
}

/** @throws CantosignError `usage`: nothing given is ever ignored */
function refuseForeign(format: ExportFormat, args: Arguments): void {
  for (const [name, formats] of Object.entries(MEANT_FOR)) {
    if (args.string(name) === undefined || formats.includes(format)) continue
    throw new CantosignError(
      'usage',
      `--${name} means nothing to --format ${format}`,
      `leave it out; it is for ${formats.join(', ')}`,
    )
  }
}

const AUTHORIZED = 'authorized'

/** Formats that have a form for prepared Daml transactions. */
const FOR_PREPARED: readonly ExportFormat[] = ['grpc', 'json-api', 'hash', 'prep']

/**
 * A package of prepared Daml transactions alone.
 * @throws CantosignError `usage`
 */
function refuseMeaningless(
  format: ExportFormat,
  { content }: ExportSource,
  path: string,
  args: Arguments,
): void {
  if (content.transactions.length > 0) return
  if (!FOR_PREPARED.includes(format)) {
    throw new CantosignError(
      'usage',
      `--format ${format} writes topology transactions, and ${path} holds none`,
      `choose what a prepared Daml transaction can be written as: ${FOR_PREPARED.join(', ')}`,
    )
  }
  const foreign = Object.keys(MEANT_FOR).find((name) => args.string(name) !== undefined)
  if (foreign === undefined) return
  throw new CantosignError(
    'usage',
    `--${foreign} means nothing to a prepared Daml transaction, which says itself where it goes`,
    'leave it out',
  )
}

function preparedFiles(
  format: ExportFormat,
  { content, options, prepared }: ExportSource,
): ReturnType<typeof exportHashes> {
  const execute = { ...options, parties: prepared.map(({ parties }) => parties) }
  switch (format) {
    case 'json-api':
      return exportExecute(content, execute)
    case 'grpc':
      return exportExecuteSubmission(content, execute)
    case 'hash':
      return exportPreparedHashes(content)
    case 'prep':
      return exportPreparedBytes(content)
    case 'console':
    case 'cert':
      return []
  }
}

function topologyFiles(
  format: ExportFormat,
  source: ExportSource,
  args: Arguments,
): ReturnType<typeof exportHashes> {
  const { content, options } = source
  if (content.transactions.length === 0) return []
  const store = args.string('store')
  switch (format) {
    case 'cert':
      return source.asReceived === undefined
        ? exportCertificates(content, options)
        : exportCertificates(content, options).map((file, i) => ({
            ...file,
            bytes: source.asReceived?.[i] ?? file.bytes,
          }))
    case 'hash':
      return exportHashes(content)
    case 'prep':
      return exportPrepared(content)
    case 'console': {
      const node = args.string('node')
      return exportConsole(content, {
        ...options,
        ...storeOption(source, store),
        ...(node === undefined ? {} : { node }),
      })
    }
    case 'grpc':
      return exportAddTransactions(content, { ...options, ...storeOption(source, store) })
    case 'json-api': {
      if (store === AUTHORIZED) {
        throw new CantosignError(
          'usage',
          'a party is allocated on a synchronizer, not in the authorized store',
          'name the synchronizer: --store ID',
        )
      }
      return exportAllocate(content, {
        ...options,
        ...(store === undefined ? {} : { synchronizerId: store }),
      })
    }
  }
}

/** The store that is named, or that of the package; a node's own where neither says anything. */
function storeOption(
  { content }: ExportSource,
  store: string | undefined,
): Pick<Parameters<typeof exportConsole>[1], 'store'> {
  if (store === undefined && content.network.synchronizerId !== undefined) return {}
  return store === undefined || store === AUTHORIZED
    ? { store: { $case: 'authorized' } }
    : { store: { $case: 'synchronizer', id: store } }
}

function remarksOf(
  format: ExportFormat,
  { content }: ExportSource,
  args: Arguments,
): readonly string[] {
  const own = format === 'console' || format === 'grpc'
  if (content.transactions.length === 0 || !own || args.string('store') !== undefined) return []
  return content.network.synchronizerId === undefined
    ? [
        'no synchronizer is named: written for the authorized store of the node; name one with --store ID',
      ]
    : []
}

/** Signatures of a party beyond this are refused by nodes of some releases, unless told otherwise. */
const SIGNATURES_OF_A_PARTY = 50

/** What a node may make of the prepared Daml transactions that is not seen in the files. */
function preparedRemarks(
  format: ExportFormat,
  { content, prepared }: ExportSource,
): readonly string[] {
  if (prepared.length === 0) return []
  if (!FOR_PREPARED.includes(format)) {
    return [
      `prepared Daml transactions are not written by --format ${format}: use --format json-api or grpc`,
    ]
  }
  if (format !== 'json-api' && format !== 'grpc') return []
  return prepared.flatMap(({ judgement }, i) => [
    ...judgement.parties
      .filter(({ status }) => status === 'unknown')
      .map(
        ({ party }) =>
          `which keys sign for ${escapeText(party)} is not proved: whether the signatures on ${judgement.hash} suffice is not known`,
      ),
    ...judgement.superfluous.map(
      ({ party, signedBy }) =>
        `the signature by ${signedBy} on ${judgement.hash} is left out: it is no key of ${escapeText(party)}`,
    ),
    ...judgement.parties.flatMap(({ party }) => {
      const signatures = content.preparedTransactions[i]?.signatures ?? []
      const count = signatures.filter((one) => one.party === party).length
      return count > SIGNATURES_OF_A_PARTY
        ? [
            `${escapeText(party)} has ${count} signatures on ${judgement.hash}: nodes take ${SIGNATURES_OF_A_PARTY} of a party unless they are told otherwise`,
          ]
        : []
    }),
  ])
}
