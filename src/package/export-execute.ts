/**
 * Exports of prepared Daml transactions: what the Ledger API executes, and what is signed
 * (docs/format.md section 8). Nothing is written here: the result is names and bytes.
 */
import { toBase64, utf8Bytes } from '../base/bytes.ts'
import { escapeJson } from '../base/text.ts'
import { judgePreparedTransaction } from '../daml/judge.ts'
import type { KeyResolver } from '../topology/signed-transaction.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { toProtoJson } from '../wire/proto-json.ts'
import { outgoing, type ExportedFile } from './export.ts'
import { signatureProtoJson } from './export-node.ts'
import { placeError } from './json-shape.ts'
import type { PackagePreparedTransaction, SigningPackage } from './model.ts'
import { verifyPackage } from './verdicts.ts'

/** Which keys sign for an acting party, as far as it is proved. */
export interface PartyKeys {
  readonly party: string
  readonly listed: { readonly threshold: number; readonly keys: ReadonlySet<string> } | undefined
}

export interface ExecuteExportOptions {
  /** Of each prepared transaction, by index, the parties that act. */
  readonly parties: readonly (readonly PartyKeys[])[]
  /** Keys from outside the package. */
  readonly resolve?: KeyResolver
  /** Hand on a signature that cannot be verified, as long as it is the only one of its key. */
  readonly allowUnverifiable?: boolean
}

/** `01-…`: the position among the prepared transactions of the package. */
function numbered(content: SigningPackage, name: string): readonly string[] {
  const count = content.preparedTransactions.length
  const width = Math.max(2, String(count).length)
  return content.preparedTransactions.map(
    (_entry, i) => `${String(i + 1).padStart(width, '0')}-${name}`,
  )
}

/** @throws CantosignError `prepared-refused` */
function refuseUnsound({ prepared, scheme }: PackagePreparedTransaction, path: string): void {
  const [refusal] = judgePreparedTransaction(prepared, scheme).refusals
  if (refusal === undefined) return
  throw placeError(
    'prepared-refused',
    path,
    `${refusal.code}, ${refusal.message}${refusal.path === '' ? '' : ` at ${refusal.path}`}`,
    'inspect the package; such a transaction is not handed on',
  )
}

/** The signatures of one party. */
export interface PartySigned {
  readonly party: string
  readonly signatures: readonly Signature[]
}

/**
 * The signatures that leave, by party: verified, one for each key, and none of a key that the party
 * is proved not to list, since a node may refuse more signatures than there are keys. One list for
 * each prepared transaction.
 * @throws CantosignError `prepared-refused`, `signatures-missing`, `signature-invalid`,
 * `signature-unverifiable`
 */
export function partySignatures(
  content: SigningPackage,
  options: ExecuteExportOptions,
): readonly (readonly PartySigned[])[] {
  const verdicts = verifyPackage({ ...content, transactions: [], combined: [] }, options.resolve)
  return content.preparedTransactions.map((entry, i) => {
    const path = `preparedTransactions[${i}]`
    refuseUnsound(entry, path)
    const list = verdicts.preparedTransactions[i] ?? []
    return (options.parties[i] ?? []).map(({ party, listed }) => {
      const own = list.filter((_one, j) => entry.signatures[j]?.party === party)
      const signatures = outgoing(own, options).filter(
        ({ signedBy }) => listed === undefined || listed.keys.has(signedBy),
      )
      const needed = listed?.threshold ?? 1
      if (signatures.length < needed) {
        throw placeError(
          'signatures-missing',
          path,
          `${party} has given ${signatures.length} of the ${needed} signatures that it needs, and a node executes nothing with less`,
          'see who is missing with verify, and have the package signed first',
        )
      }
      return { party, signatures }
    })
  })
}

const partySignaturesJson = (signed: readonly PartySigned[]): unknown => ({
  signatures: signed.map(({ party, signatures }) => ({
    party,
    signatures: signatures.map(signatureProtoJson),
  })),
})

const schemeName = ({ scheme }: PackagePreparedTransaction): string =>
  `HASHING_SCHEME_VERSION_${scheme}`

/**
 * Of the transaction, so that a completion can be told by it: the uuid is signed, and what was
 * sequenced once is never executed again.
 */
export const submissionId = ({ prepared }: PackagePreparedTransaction): string =>
  prepared.value.metadata?.transactionUuid ?? ''

function bodies(
  content: SigningPackage,
  options: ExecuteExportOptions,
  name: string,
  body: (entry: PackagePreparedTransaction, signed: readonly PartySigned[]) => unknown,
): readonly ExportedFile[] {
  const names = numbered(content, name)
  const signed = partySignatures(content, options)
  return content.preparedTransactions.map((entry, i) => ({
    name: names[i] ?? '',
    // Text of a transaction may be anything: what could change how a terminal shows it is escaped.
    bytes: utf8Bytes(`${escapeJson(JSON.stringify(body(entry, signed[i] ?? []), null, 2))}\n`),
  }))
}

/**
 * `NN-execute.json`: bodies of `POST /v2/interactive-submission/execute` and its two variants that
 * wait. Every member is there, also those that only the server's description calls optional.
 * @throws CantosignError `prepared-refused`, `signatures-missing`, `signature-invalid`,
 * `signature-unverifiable`
 */
export function exportExecute(
  content: SigningPackage,
  options: ExecuteExportOptions,
): readonly ExportedFile[] {
  return bodies(content, options, 'execute.json', (entry, signed) => ({
    preparedTransaction: toBase64(entry.prepared.bytes),
    partySignatures: partySignaturesJson(signed),
    deduplicationPeriod: { Empty: {} },
    submissionId: submissionId(entry),
    userId: '',
    hashingSchemeVersion: schemeName(entry),
    minLedgerTime: null,
  }))
}

/**
 * `NN-execute-submission.json`: bodies of InteractiveSubmissionService/ExecuteSubmission in the JSON
 * of protobuf, for grpcurl. The transaction is written out as a message: it has one meaning and one
 * hash, which its judgement made sure of.
 * @throws CantosignError as `exportExecute`
 */
export function exportExecuteSubmission(
  content: SigningPackage,
  options: ExecuteExportOptions,
): readonly ExportedFile[] {
  return bodies(content, options, 'execute-submission.json', (entry, signed) => ({
    preparedTransaction: toProtoJson('PreparedTransaction', entry.prepared.value),
    partySignatures: partySignaturesJson(signed),
    submissionId: submissionId(entry),
    hashingSchemeVersion: schemeName(entry),
  }))
}

/** What is to be signed, 32 raw bytes each: `NN-prepared-transaction.hash`. */
export function exportPreparedHashes(content: SigningPackage): readonly ExportedFile[] {
  const names = numbered(content, 'prepared-transaction.hash')
  return content.preparedTransactions.map(({ digest }, i) => ({
    name: names[i] ?? '',
    bytes: digest,
  }))
}

/** The transactions as they came, without signatures: `NN-prepared-transaction.bin`. */
export function exportPreparedBytes(content: SigningPackage): readonly ExportedFile[] {
  const names = numbered(content, 'prepared-transaction.bin')
  return content.preparedTransactions.map(({ prepared }, i) => ({
    name: names[i] ?? '',
    bytes: prepared.bytes,
  }))
}
