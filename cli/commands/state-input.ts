/** Topology state from files (`--state`): signed transactions, lists, snapshots, packages, keys. */
import { CantosignError } from '../../src/base/errors.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { openChunks } from '../../src/host/files.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import { readPackage } from '../../src/package/read.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import {
  keysInside,
  type KeyResolver,
  type ReadSignedTransaction,
} from '../../src/topology/signed-transaction.ts'
import { readStream } from '../../src/topology/stream.ts'
import { contentName, findingsOf, readInput, refuseFatal } from './input.ts'

/** What state files hold; nothing of it is believed yet. */
export interface StateInput {
  readonly signed: readonly ReadSignedTransaction[]
  /** Keys of the signed transactions and of key files. */
  readonly resolve: KeyResolver
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
 * @throws CantosignError `file-kind` for a file that holds none, or what reading it gives
 */
export async function readStateInput(paths: readonly string[]): Promise<StateInput> {
  const signed: ReadSignedTransaction[] = []
  const keys = new Map<Fingerprint, PublicKey>()
  for (const path of paths) {
    const input = await readInput(path)
    switch (input.$case) {
      case 'signed':
        refuseFatal(findingsOf(input), path)
        signed.push(input.signed)
        break
      case 'stream':
        await addStream(path, input.layout, signed)
        break
      case 'package': {
        const { package: content } = readPackage(input.bytes)
        signed.push(...content.state.map((entry) => entry.signed))
        for (const key of content.publicKeys) keys.set(key.fingerprint, key)
        break
      }
      case 'key': {
        const { key } = await readAnyKey(input.bytes)
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
  for (const { transaction } of signed) {
    for (const [fingerprint, key] of keysInside(transaction)) keys.set(fingerprint, key)
  }
  return { signed, resolve: (fingerprint) => keys.get(fingerprint) }
}
