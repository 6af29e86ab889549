/** Signing what can be shown: a transaction file or the transactions of a package. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { mappingRow } from '../../src/topology/mapping.ts'
import { namespacesOf } from '../../src/topology/keys.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { dangersOf, judgeTransactions, type Judgement } from '../../src/explain/judgement.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import type { Signer } from '../../src/signer/signer.ts'
import type { ReadTransaction } from '../../src/topology/transaction.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { beforeSigningLines, type ShownTransaction } from '../present/signing.ts'
import { confirmSignature } from './confirmation.ts'
import { openSigner } from './key-opening.ts'
import { writeOutput } from './output.ts'
import { chooseTransactions } from './sign-choice.ts'
import { judgementsAfter, readSigningRequest, type SigningRequest } from './sign-request.ts'
import { presentSigned, signedBytes, type MadeSignature } from './sign-result.ts'

export async function signShown(
  path: string,
  output: string,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const request = await readSigningRequest(path, args)
  checkForm(request, args)
  const agreement = await import('./sign-agreement.ts')
  const named = namedTransactions(request, args)
  agreement.refuseFindings(named, path, args)
  const before = judgeTransactions(request.entries, request.state)
  const expected = await agreement.requireExpected(
    named.map(({ transaction }) => transaction),
    before.flatMap(({ previous }) => (previous === undefined ? [] : [previous])),
    args,
  )

  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const { indices, leftOut } = chooseTransactions(request, key, args, io)
    const dangers = dangersOf(request.entries, before, request.state, ownOf(request, key))
    const chosen = indices.map((i) => shownTransaction(request, i, before, dangers.each))
    const transactions = chosen.map(({ entry }) => entry.transaction)
    const rules = agreement.requireAllowed(
      transactions,
      chosen.map((one) => [...one.dangers, ...dangers.together]),
      args,
    )
    if (!expected && rules === undefined) {
      agreement.refuseDangers([...chosen.flatMap((one) => one.dangers), ...dangers.together], args)
    }
    const after = judgementsAfter(request, indices, key.fingerprint)
    if (!args.quiet) {
      const lines = beforeSigningLines({
        path,
        content: request.source.$case === 'package' ? request.source.content : undefined,
        chosen,
        together: dangers.together,
        leftOut,
        after: indices.flatMap((i) => after[i] ?? []),
        aside: request.state.proved.aside,
        key: key.fingerprint,
      })
      io.stderr.write(`${lines.join('\n')}\n`)
    }
    await confirmSignature(toHex(confirmedHash(transactions)), key, args, io)
    const signatures = await makeSignatures(signer, transactions, args)
    const made: MadeSignature = { key, indices, signatures, after, rules }
    writeOutput(output, signedBytes(request, made, args, io), args, io, [path])
    presentSigned(request, made, output, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** @throws CantosignError `usage` for options that do not fit what the file is */
function checkForm(request: SigningRequest, args: Arguments): void {
  const isPackage = request.source.$case === 'package'
  if (!isPackage && args.flag('combined')) {
    throw new CantosignError(
      'usage',
      '--combined is for a signing package: a signature over several transactions has to travel with all of them',
      'put the transactions into a package, or leave out --combined',
    )
  }
  if (isPackage && args.string('proposal') !== undefined) {
    throw new CantosignError(
      'usage',
      '--proposal is not for a package, which has a flag for every transaction',
      'say it at export: export --proposal true|false',
    )
  }
}

/** Those that `--transaction` names, else all: what findings and expectations are about. */
function namedTransactions(request: SigningRequest, args: Arguments): SigningRequest['entries'] {
  const names = new Set(args.strings('transaction'))
  return names.size === 0 ? request.entries : request.entries.filter(({ hash }) => names.has(hash))
}

/** The key itself, and the namespaces it may act for as far as the state proves. */
function ownOf(request: SigningRequest, key: PublicKey): ReadonlySet<string> {
  const own = new Set<string>([key.fingerprint])
  for (const { transaction } of request.entries) {
    const mapping = transaction.value?.mapping?.mapping
    if (mapping === undefined) continue
    const { code } = mappingRow(mapping.$case)
    for (const namespace of namespacesOf(mapping)) {
      const candidates = request.state.proved.state.candidates(namespace, code)
      if (candidates.includes(key.fingerprint)) own.add(namespace)
    }
  }
  return own
}

function shownTransaction(
  request: SigningRequest,
  index: number,
  judgements: readonly Judgement[],
  dangers: readonly (readonly Danger[])[],
): ShownTransaction {
  const entry = request.entries[index]
  const judgement = judgements[index]
  if (entry === undefined || judgement === undefined) throw new Error('no such transaction')
  return { entry, judgement, dangers: dangers[index] ?? [] }
}

/** What the person confirms: the hash of the one transaction, or of all that are signed. */
function confirmedHash(transactions: readonly ReadTransaction[]): Uint8Array {
  const [only, ...more] = transactions
  if (only !== undefined && more.length === 0) return only.hash
  return combinedHash(transactions.map(({ hash }) => hash))
}

async function makeSignatures(
  signer: Signer,
  transactions: readonly ReadTransaction[],
  args: Arguments,
): Promise<readonly Uint8Array[]> {
  const hashes = transactions.map(({ hash }) => hash)
  const messages = args.flag('combined') ? [combinedHash(hashes)] : hashes
  const signatures: Uint8Array[] = []
  for (const message of messages) signatures.push(await signer.sign({ message }))
  return signatures
}
