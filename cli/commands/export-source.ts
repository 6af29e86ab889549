/** What `export` hands on: a package, or a transaction file as a package of one. */
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { judgeTransactions } from '../../src/explain/judgement.ts'
import { createPackage } from '../../src/package/create.ts'
import type { SignedExportOptions } from '../../src/package/export.ts'
import type { ActingKeys } from '../../src/explain/acting-keys.ts'
import { packageEntries, packageState, requireSound } from '../../src/explain/package-judgement.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import type { PackageVerdicts, SigningPackage } from '../../src/package/model.ts'
import { contentOfSigned } from '../../src/package/received.ts'
import { keyResolver } from '../../src/package/verdicts.ts'
import { refusals, findingError, verifySignatures } from '../../src/topology/signed-transaction.ts'
import type { Arguments } from '../command.ts'
import { acceptedFindings } from './accepted-findings.ts'
import { contentName, findingsOf, readInput, refuseFatal, type TransactionInput } from './input.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import { readStateInput, type StateInput } from './state-input.ts'
import { readPackageBytes } from './package-input.ts'

export interface ExportSource {
  readonly content: SigningPackage
  readonly options: SignedExportOptions & { readonly proposal: 'stated' }
  /** The bytes of certificates that leave just as they came. */
  readonly asReceived: readonly Uint8Array[] | undefined
  readonly remarks: readonly string[]
  /** What is proved of the parties that act in each prepared Daml transaction, and how it stands. */
  readonly prepared: readonly {
    readonly parties: readonly ActingKeys[]
    readonly judgement: PreparedJudgement
  }[]
}

/**
 * Reads what is to be exported.
 * @throws CantosignError `file-kind`, `usage`, `state-invalid`, the code of a finding that was not
 * accepted, `signature-invalid`, and what reading a package gives
 */
export async function readExportSource(path: string, args: Arguments): Promise<ExportSource> {
  const accepted = acceptedFindings(args)
  const beside = await readStateInput(args)
  const input = await readInput(path, beside.limits)
  switch (input.$case) {
    case 'transaction':
    case 'signed':
      return fromFile(path, input, beside, accepted, args)
    case 'package':
      return fromPackage(path, input.bytes, beside, accepted, args)
    case 'stream':
    case 'hash':
    case 'key':
      throw new CantosignError(
        'file-kind',
        `${path} holds ${contentName(input)}, which is not exported`,
        'give a signing package or a transaction',
      )
  }
}

const chosenProposal = (args: Arguments): boolean | undefined => {
  const text = args.string('proposal')
  return text === undefined ? undefined : text === 'true'
}

function withProposals(content: SigningPackage, flags: readonly boolean[]): SigningPackage {
  return {
    ...content,
    transactions: content.transactions.map((entry, i) => ({
      ...entry,
      proposal: flags[i] ?? entry.proposal,
    })),
  }
}

/** The flag is false only where the signatures and the state prove that nothing is missing. */
function fromPackage(
  path: string,
  bytes: Uint8Array,
  beside: StateInput,
  accepted: ReadonlySet<string>,
  args: Arguments,
): ExportSource {
  const { package: content, verdicts } = readPackageBytes(path, bytes, beside)
  const chosen = chosenProposal(args)
  const state = requireSound(packageState(content, beside))
  const judgements = judgeTransactions(packageEntries(content, verdicts), state)
  const flags = judgements.map(
    ({ authorization }) => chosen ?? authorization.status !== 'authorized',
  )
  const open = judgements.filter(({ authorization }) => authorization.status !== 'authorized')
  return {
    content: withProposals(content, flags),
    options: {
      proposal: 'stated',
      acceptedFindings: accepted,
      resolve: beside.resolve,
      allowUnverifiable: args.flag('allow-unverifiable'),
    },
    asReceived: undefined,
    remarks: chosen === undefined ? open.map(({ hash }) => proposalRemark(hash)) : [],
    prepared: preparedStanding(content, verdicts, beside),
  }
}

function preparedStanding(
  content: SigningPackage,
  verdicts: PackageVerdicts,
  beside: StateInput,
): ExportSource['prepared'] {
  const states = packageActingStates(content, beside)
  const judgements = judgePreparedTransactions(content, verdicts, states)
  return judgements.map((judgement, i) => ({ judgement, parties: states[i]?.parties ?? [] }))
}

const proposalRemark = (hash: string): string =>
  `${hash} is not proved complete and is written as a proposal; a node that has all signatures treats it as complete`

/** One file is handed on with the flag that it has, byte for byte unless another one is chosen. */
function fromFile(
  path: string,
  input: TransactionInput,
  beside: StateInput,
  accepted: ReadonlySet<string>,
  args: Arguments,
): ExportSource {
  const findings = findingsOf(input)
  refuseFatal(findings, path)
  const [refusal] = refusals(findings, accepted)
  if (refusal !== undefined) {
    const hint = 'inspect the file; such a transaction is not handed on'
    throw findingError(findings, refusal, hint, path)
  }
  const chosen = chosenProposal(args)
  const options = {
    proposal: 'stated' as const,
    acceptedFindings: accepted,
    resolve: beside.resolve,
    allowUnverifiable: true,
  }
  if (input.$case === 'transaction') {
    const transactions = [{ bytes: input.transaction.bytes, proposal: chosen ?? true }]
    const content = createPackage({ transactions }, beside.limits)
    return { content, options, asReceived: undefined, remarks: [], prepared: [] }
  }
  const { signed } = input
  const content = createPackage(contentOfSigned([signed]), beside.limits)
  const resolve = keyResolver(content, beside.resolve)
  const signatures = verifySignatures(signed, resolve)
  const invalid = signatures.find(({ status }) => status === 'invalid')
  const [finding] = refusals(invalid?.findings ?? [])
  if (finding !== undefined) {
    throw findingError([finding], finding, 'get the signature again from its signer', path)
  }
  const same = chosen === undefined || chosen === signed.value?.proposal
  return {
    content: same ? content : withProposals(content, [chosen]),
    options,
    asReceived: same ? [signed.bytes] : undefined,
    remarks: signatures
      .filter(({ status }) => status === 'unverifiable')
      .map(
        ({ signature }) =>
          `the signature by ${escapeText(signature.wire.signedBy)} on ${toHex(signed.transaction.hash)} is not verified: its key is not known here`,
      ),
    prepared: [],
  }
}
