/** `build`: topology transactions from a spec or from what a kind asks for, as a signing package. */
import { dirname, resolve } from 'node:path'
import { decodeUtf8, toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import {
  buildTransaction,
  previousOf,
  resolveSerials,
  type PreviousTransaction,
} from '../../src/build/build.ts'
import { mappingName, operationText } from '../../src/build/names.ts'
import { remarksOf, type BuildOptions, type TransactionDraft } from '../../src/build/rules.ts'
import { keyFilesOf, openSpec, readSpec } from '../../src/build/spec.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import { transactionReport } from '../../src/explain/report.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { createPackage } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { transactionLines } from '../present/transaction.ts'
import { draftsOf, MAX_KEY_BYTES, releaseOf } from './build-kinds.ts'
import { BUILD_KINDS, foreignOptions, type BuildForm } from './build-options.ts'
import { readTransactionInput, type TransactionInput } from './input.ts'
import { requireOutput, writeOutput } from './output.ts'

type Built = ReturnType<typeof buildTransaction>

export const run: CommandRun = async (args, io) => {
  const form = formOf(args)
  refuseForeign(form, args)
  const output = requireOutput(args, io)
  const inputs: string[] = []
  const previous = await readPrevious(args.strings('previous'), inputs)
  const before = previous.map(({ transaction }) => previousOf(transaction))
  const options: BuildOptions = {
    allowSubmission: args.flag('allow-submission'),
    release: releaseOf(args),
  }
  const drafts =
    form === 'spec'
      ? await specDrafts(args.string('file') ?? '', before, inputs)
      : await draftsOf(form, args, before, inputs)
  const built = drafts.map((draft) => buildTransaction(draft, options))
  const remarks = [...drafts.flatMap(remarksOf), ...previousRemarks(previous)]
  writeOutput(output, packageBytes(built, drafts, previous, args), args, io, inputs)
  present(built, remarks, output, args, io)
  return ExitStatus.done
}

/** @throws CantosignError `usage` without a kind and a spec, or with both */
function formOf(args: Arguments): BuildForm {
  const kind = args.optionalPositional('kind')
  const file = args.string('file')
  if ((kind === undefined) === (file === undefined)) {
    throw new CantosignError(
      'usage',
      kind === undefined ? 'nothing says what to build' : 'a kind and a spec are given',
      `name one kind (${BUILD_KINDS.join(', ')}) or one spec: -f SPEC.yaml`,
    )
  }
  return BUILD_KINDS.find((one) => one === kind) ?? 'spec'
}

function refuseForeign(form: BuildForm, args: Arguments): void {
  const foreign = foreignOptions(form).find(({ name, kind }) =>
    kind === 'flag' ? args.flag(name) : args.strings(name).length > 0,
  )
  if (foreign === undefined) return
  const what = form === 'spec' ? 'build -f' : `build ${form}`
  throw new CantosignError(
    'usage',
    `${what} does not take --${foreign.name}`,
    form === 'spec' ? 'say it in the spec' : 'leave it out: nothing given is ever ignored',
  )
}

async function readPrevious(
  paths: readonly string[],
  inputs: string[],
): Promise<readonly TransactionInput[]> {
  const read: TransactionInput[] = []
  for (const path of paths) {
    inputs.push(path)
    read.push(await readTransactionInput(path))
  }
  return read
}

/** Key files of a spec are named relative to the spec. */
async function specDrafts(
  path: string,
  previous: readonly PreviousTransaction[],
  inputs: string[],
): Promise<readonly TransactionDraft[]> {
  inputs.push(path)
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text === undefined) {
    throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
  }
  const spec = openSpec(text, path)
  const keys = new Map<string, Uint8Array>()
  for (const name of keyFilesOf(spec)) {
    const keyPath = resolve(dirname(path), name)
    inputs.push(keyPath)
    keys.set(name, await publicKeyBytes(keyPath))
  }
  return resolveSerials(readSpec(spec, keys).transactions, previous)
}

/** SPKI bytes: an RSA key, which only encrypts, is handed on for the spec reader to judge. */
async function publicKeyBytes(path: string): Promise<Uint8Array> {
  const bytes = readWholeFile(path, MAX_KEY_BYTES)
  try {
    return (await readPublicKey(bytes)).spki
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'key-algorithm') return bytes
    throw error
  }
}

function previousRemarks(previous: readonly TransactionInput[]): readonly string[] {
  return previous.flatMap((input) => {
    if (input.$case === 'transaction') {
      return ['the previous transaction carries no signatures: nobody who signs can check it']
    }
    return input.signed.value?.proposal === true
      ? ['the previous transaction is a proposal: make sure that it has taken effect']
      : []
  })
}

function packageBytes(
  built: readonly Built[],
  drafts: readonly TransactionDraft[],
  previous: readonly TransactionInput[],
  args: Arguments,
): Uint8Array {
  const chosen = args.string('proposal')
  const made = createPackage({
    network: { synchronizerId: args.string('synchronizer') },
    text: {
      requestedBy: args.string('requested-by'),
      reason: args.string('reason'),
      validUntil: args.string('valid-until'),
    },
    transactions: built.map(({ bytes }, i) => ({
      bytes,
      // A delegation has one signer, so what is signed is complete; a node mends the flag otherwise.
      proposal:
        chosen === undefined
          ? drafts[i]?.mapping.$case !== 'namespaceDelegation'
          : chosen === 'true',
    })),
    state: previous.flatMap((input) =>
      input.$case === 'signed' ? [{ bytes: input.signed.bytes }] : [],
    ),
  })
  return writePackage(made)
}

function present(
  built: readonly Built[],
  remarks: readonly string[],
  output: string,
  args: Arguments,
  io: Io,
): void {
  if (args.json) {
    const transactions = built.map(({ hash, value }) => {
      const $case = value.mapping?.mapping?.$case
      return {
        hash: toHex(hash),
        operation: operationText(value.operation),
        serial: value.serial,
        mapping: $case === undefined ? null : mappingName($case),
      }
    })
    io.stdout.write(`${JSON.stringify({ output, transactions, remarks })}\n`)
    return
  }
  for (const remark of remarks) {
    io.stderr.write(`${io.program.name}: remark: ${escapeText(remark)}\n`)
  }
  if (args.quiet) return
  for (const transaction of built) {
    const lines = transactionLines(transactionReport(transaction, undefined))
    io.stderr.write(`${lines.join('\n')}\n`)
  }
}
