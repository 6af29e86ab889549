/** `build`: topology transactions from a spec or from what a kind asks for, as a signing package. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import {
  buildTransaction,
  previousOf,
  resolveSerials,
  type PreviousTransaction,
} from '../../src/build/build.ts'
import { operationText } from '../../src/build/names.ts'
import { remarksOf, type BuildOptions, type TransactionDraft } from '../../src/build/rules.ts'
import { transactionReport } from '../../src/explain/report.ts'
import { parseUniqueIdentifier, readPhysicalSynchronizerId } from '../../src/ident/identifiers.ts'
import { createPackage, isStorable } from '../../src/package/create.ts'
import { writePackage } from '../../src/package/write.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { transactionLines } from '../present/transaction.ts'
import { draftsOf, releaseOf } from './build-kinds.ts'
import { BUILD_KINDS, foreignOptions, type BuildForm } from './build-options.ts'
import { readTransactionInput, type TransactionInput } from './input.ts'
import { limitsIn } from './limits.ts'
import { requireOutput, writeOutput } from './output.ts'
import { readSpecFile } from './spec-input.ts'
import { readStateInput, stateContent, type StateInput } from './state-input.ts'

type Built = ReturnType<typeof buildTransaction>

export const run: CommandRun = async (args, io) => {
  const form = formOf(args)
  refuseForeign(form, args)
  const output = requireOutput(args, io)
  const inputs: string[] = []
  const previous = await readPrevious(args, inputs)
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
  const beside = await readStateInput(args)
  writeOutput(output, packageBytes(built, drafts, previous, beside, args), args, io, [
    ...inputs,
    ...args.strings('state'),
  ])
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
  args: Arguments,
  inputs: string[],
): Promise<readonly TransactionInput[]> {
  const limits = limitsIn(args)
  const read: TransactionInput[] = []
  for (const path of args.strings('previous')) {
    inputs.push(path)
    read.push(await readTransactionInput(path, limits))
  }
  return read
}

async function specDrafts(
  path: string,
  previous: readonly PreviousTransaction[],
  inputs: string[],
): Promise<readonly TransactionDraft[]> {
  const { transactions, files } = await readSpecFile(path)
  inputs.push(...files)
  return resolveSerials(transactions, previous)
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

/** @throws CantosignError `identifier-invalid`, naming the option and not a place in a file */
function synchronizerOf(args: Arguments): string | undefined {
  const id = args.string('synchronizer')
  if (id !== undefined && !readPhysicalSynchronizerId(id).ok) {
    parseUniqueIdentifier(id, '--synchronizer')
  }
  return id
}

function packageBytes(
  built: readonly Built[],
  drafts: readonly TransactionDraft[],
  previous: readonly TransactionInput[],
  beside: StateInput,
  args: Arguments,
): Uint8Array {
  const chosen = args.string('proposal')
  const followed = previous.flatMap((input) => (input.$case === 'signed' ? [input.signed] : []))
  const made = createPackage(
    {
      network: { synchronizerId: synchronizerOf(args) },
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
      publicKeys: beside.publicKeys.filter(isStorable),
      state: stateContent([...followed, ...beside.signed]),
    },
    beside.limits,
  )
  return writePackage(made, beside.limits)
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
        mapping: $case === undefined ? null : mappingRow($case).type,
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
