/** Topology state from files (`--state`): signed transactions, lists, snapshots, packages, keys. */
import { toBase64 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { openChunks } from '../../src/host/files.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import type { StateContent } from '../../src/package/entries.ts'
import { signedTransactions } from '../../src/package/export.ts'
import { DEFAULT_LIMITS, type PackageLimits, type SigningPackage } from '../../src/package/model.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import {
  keysInside,
  readSignedTransaction,
  type KeyResolver,
  type ReadSignedTransaction,
} from '../../src/topology/signed-transaction.ts'
import { readStream } from '../../src/topology/stream.ts'
import type { Arguments } from '../command.ts'
import { contentName, findingsOf, readInput, refuseFatal } from './input.ts'
import { limitsIn } from './limits.ts'
import { readPackageBytes } from './package-input.ts'

/** What state files hold; nothing of it is believed yet. */
export interface StateInput {
  readonly signed: readonly ReadSignedTransaction[]
  /** Keys of key files, and those that packages hold by themselves. */
  readonly publicKeys: readonly PublicKey[]
  /** These keys and those of the signed transactions. */
  readonly resolve: KeyResolver
  /** Those that everything the command reads and writes is held to. */
  readonly limits: PackageLimits
}

/** Signed transactions as the state of a package: each once, also where several files hold it. */
export function stateContent(
  signed: readonly { readonly bytes: Uint8Array }[],
): readonly StateContent[] {
  const byBytes = new Map(signed.map(({ bytes }) => [toBase64(bytes), bytes]))
  return [...byBytes.values()].map((bytes) => ({ bytes }))
}

/** Nothing beside the file itself. */
export const NOTHING_BESIDE: StateInput = {
  signed: [],
  publicKeys: [],
  resolve: () => undefined,
  limits: DEFAULT_LIMITS,
}

/**
 * The transactions of a package as state, as far as anybody signed them: what they prove is decided
 * by their signatures, like everything here.
 */
function signedOf(content: SigningPackage): readonly ReadSignedTransaction[] {
  const named = content.transactions.flatMap(({ transaction: { findings } }) => findings)
  const options = {
    proposal: 'stated',
    allowUnverifiable: true,
    acceptedFindings: new Set(named.map(({ code }) => code)),
  } as const
  return signedTransactions(content, options, 'allow')
    .filter(({ value }) => value.signatures.length + value.multiTransactionSignatures.length > 0)
    .map(({ value }) => readSignedTransaction(assembleSignedTransaction(value)))
}

async function addStream(
  path: string,
  layout: Parameters<typeof readStream>[1],
  signed: ReadSignedTransaction[],
): Promise<void> {
  for await (const batch of readStream(() => openChunks(path), layout)) {
    for (const event of batch) {
      refuseFatal(event.$case === 'finding' ? [event.finding] : event.record.findings, path)
      if (event.$case === 'record') signed.push(event.record.signed)
    }
  }
}

/**
 * Reads state files.
 * @throws CantosignError `file-kind` for a file that holds none, `signature-invalid` for a package
 * with a signature that does not verify, or what reading a file gives
 */
export async function readStateInput(args: Arguments): Promise<StateInput> {
  const limits = limitsIn(args)
  const signed: ReadSignedTransaction[] = []
  const keys = new Map<Fingerprint, PublicKey>()
  for (const path of args.strings('state')) {
    const input = await readInput(path, limits)
    switch (input.$case) {
      case 'signed':
        refuseFatal(findingsOf(input), path)
        signed.push(input.signed)
        break
      case 'stream':
        await addStream(path, input.layout, signed)
        break
      case 'package': {
        const { package: content } = readPackageBytes(path, input.bytes, { limits })
        signed.push(...content.state.map((entry) => entry.signed), ...signedOf(content))
        for (const key of content.publicKeys) keys.set(key.fingerprint, key)
        break
      }
      case 'key': {
        const { key } = await namingFile(path, async () => await readAnyKey(input.bytes))
        if (key !== undefined) keys.set(key.fingerprint, key)
        break
      }
      case 'hash':
      case 'transaction':
        throw new CantosignError(
          'file-kind',
          `${path} holds ${contentName(input)}, which proves nothing about the state`,
          'give signed transactions, a snapshot, a signing package or a public key',
        )
    }
  }
  const publicKeys = [...keys.values()]
  for (const { transaction } of signed) {
    for (const [fingerprint, key] of keysInside(transaction)) keys.set(fingerprint, key)
  }
  return { signed, publicKeys, resolve: (fingerprint) => keys.get(fingerprint), limits }
}
