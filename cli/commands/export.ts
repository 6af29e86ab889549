/** `export`: a package or a transaction file as the files that Canton takes. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { writeFiles } from '../../src/host/files.ts'
import { exportCertificates, exportHashes, exportPrepared } from '../../src/package/export.ts'
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
  const files = filesOf(format, source, args)
  writeFiles(directory, files, { force: args.force, inputs: [path, ...args.strings('state')] })

  const remarks = carriesFlag(format)
    ? [...source.remarks, ...remarksOf(format, source, args)]
    : remarksOf(format, source, args)
  const names = files.map(({ name }) => name)
  if (args.json) {
    const transactions = source.content.transactions.map(({ hash, proposal }) =>
      carriesFlag(format) ? { hash, proposal } : { hash },
    )
    io.stdout.write(`${JSON.stringify({ directory, files: names, transactions, remarks })}\n`)
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

function filesOf(
  format: ExportFormat,
  source: ExportSource,
  args: Arguments,
): ReturnType<typeof exportHashes> {
  const { content, options } = source
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
  if (!own || args.string('store') !== undefined) return []
  return content.network.synchronizerId === undefined
    ? [
        'no synchronizer is named: written for the authorized store of the node; name one with --store ID',
      ]
    : []
}
