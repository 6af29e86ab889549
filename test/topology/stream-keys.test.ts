/** Keys collected before a stream is judged are the keys that reading every record finds. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { TestKey } from '../package/support.ts'
import { KEY_CARRYING, signingKeysOf } from '../../src/topology/keys.ts'
import type { ChunkSource, StreamLayout } from '../../src/topology/record-splitter.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import { StreamKeys } from '../../src/topology/stream-keys.ts'
import { readStream, verifyStream } from '../../src/topology/stream.ts'
import { wrap } from '../../src/wire/codec.ts'
import {
  ALICE,
  BOB,
  CAROL,
  delegationMapping,
  HOST,
  hostingMapping,
} from '../authorization/signed.ts'
import { LAYOUTS, streamFile } from '../cli/support/streams.ts'
import { signedBytes, transactionBytes } from '../package/support.ts'
import { fixture, fromBase64, outsideVector } from '../support/vectors.ts'
import { readTransaction } from '../../src/topology/transaction.ts'

const chunks = (bytes: Uint8Array, size = bytes.length): ChunkSource =>
  async function* () {
    for (let at = 0; at < bytes.length; at += size) {
      yield await Promise.resolve(bytes.subarray(at, at + size))
    }
  }

async function byReadingAll(source: ChunkSource, layout: StreamLayout): Promise<StreamKeys> {
  const keys = new StreamKeys(source, layout)
  for await (const batch of readStream(source, layout)) {
    keys.addFrom(batch.flatMap((event) => (event.$case === 'record' ? event.record.signed : [])))
  }
  return keys
}

async function collectKeys(
  source: ChunkSource,
  layout: StreamLayout,
  outside?: KeyResolver,
): Promise<StreamKeys> {
  const keys = new StreamKeys(source, layout, outside)
  await keys.complete()
  return keys
}

const signed = (
  mapping: Parameters<typeof transactionBytes>[0],
  ...by: readonly TestKey[]
): Uint8Array => signedBytes(transactionBytes(mapping), by)

const HISTORY = [
  signed(delegationMapping(ALICE, BOB), ALICE),
  signed(
    {
      $case: 'vettedPackages',
      value: { participantUid: `host::${HOST.fingerprint}`, packageIds: ['a'], packages: [] },
    },
    HOST,
  ),
  signed(hostingMapping(ALICE.fingerprint, [{ key: HOST }], { keys: [ALICE, CAROL] }), ALICE, HOST),
]

describe('the keys of a stream', () => {
  it.each(LAYOUTS)('are those of all its records in the layout %s', async (layout) => {
    for (const timesFirst of [true, false]) {
      const source = chunks(streamFile(layout, HISTORY, timesFirst))
      const book = await collectKeys(source, layout)
      expect(book.size).toBe(3)
      for (const key of [ALICE, BOB, CAROL]) expect(book.resolve(key.fingerprint)).toEqual(key.key)
      expect(book.resolve(HOST.fingerprint)).toBeUndefined()
    }
  })

  it('are looked for in the whole stream once, and only if a signature needs one that came later', async () => {
    const [delegation, vetting, hosting] = HISTORY as [Uint8Array, Uint8Array, Uint8Array]
    const byCarol = signed(delegationMapping(ALICE, BOB), CAROL)
    const outside: KeyResolver = (fingerprint) =>
      [ALICE, HOST].find((one) => one.fingerprint === fingerprint)?.key
    for (const [history, passes] of [
      [[delegation, vetting, hosting], 1],
      [[delegation, vetting, hosting, byCarol], 1],
      [[delegation, byCarol, byCarol, vetting, hosting], 2],
    ] as const) {
      const file = streamFile('snapshot-v1', history)
      let opened = 0
      const source: ChunkSource = () => {
        opened++
        return chunks(file, 50)()
      }
      const keys = new StreamKeys(source, 'snapshot-v1', outside)
      const statuses: string[] = []
      for await (const batch of verifyStream(source, 'snapshot-v1', keys)) {
        for (const event of batch) {
          if (event.$case === 'record') statuses.push(...event.signatures.map((one) => one.status))
        }
      }
      expect(statuses).toEqual(statuses.map(() => 'valid'))
      expect(statuses.length).toBeGreaterThanOrEqual(history.length)
      expect(opened).toBe(passes)
    }
  })

  it('do not depend on how the bytes arrive', async () => {
    for (const size of [1, 7, 100]) {
      const source = chunks(streamFile('snapshot-v1', HISTORY), size)
      expect((await collectKeys(source, 'snapshot-v1')).size).toBe(3)
    }
  })

  it('join those known from elsewhere', async () => {
    const source = chunks(streamFile('list', HISTORY))
    const book = await collectKeys(source, 'list', (one) =>
      one === HOST.fingerprint ? HOST.key : undefined,
    )
    expect(book.resolve(HOST.fingerprint)).toEqual(HOST.key)
    expect(book.size).toBe(3)
  })

  it('are found behind a mapping that is written twice, of which the last counts', async () => {
    const plain = transactionBytes({
      $case: 'vettedPackages',
      value: { participantUid: `host::${HOST.fingerprint}`, packageIds: ['a'], packages: [] },
    })
    const keyed = transactionBytes(delegationMapping(ALICE, BOB))
    // Both transactions one after the other under one wrapper: protobuf merges them.
    const inside = (bytes: Uint8Array): Uint8Array =>
      bytes.subarray(bytes.length > 131 ? 3 : 2, bytes.length - 2)
    const merged = wrap(Buffer.concat([inside(plain), inside(keyed)]))
    const file = streamFile('delimited', [signedBytes(merged, [ALICE])])
    const all = await byReadingAll(chunks(file), 'delimited')
    const collected = await collectKeys(chunks(file), 'delimited')
    expect(all.size).toBe(1)
    expect(collected.size).toBe(1)
  })

  it('end without a word where the bytes are damaged: whoever reads them says so', async () => {
    const file = streamFile('snapshot-v2', HISTORY)
    for (const length of [0, 1, 5, 300, file.length - 1]) {
      const book = await collectKeys(chunks(file.subarray(0, length)), 'snapshot-v2')
      expect(book.size).toBeLessThanOrEqual(3)
    }
    const noise = chunks(Uint8Array.from({ length: 1000 }, (_, i) => (i * 73) % 256))
    expect((await collectKeys(noise, 'snapshot-v1')).size).toBe(0)
  })

  it('can be in the listed mappings only', () => {
    const { transactions } = fixture('synthetic-topology/transactions.json') as {
      readonly transactions: readonly { readonly transaction_base64: string }[]
    }
    const withKeys = transactions.flatMap(({ transaction_base64: text }) => {
      const mapping = readTransaction(fromBase64(text)).value?.mapping?.mapping
      return mapping === undefined || signingKeysOf(mapping).length === 0 ? [] : [mapping.$case]
    })
    expect(withKeys.length).toBeGreaterThan(5)
    expect(withKeys.filter(($case) => !KEY_CARRYING.includes($case))).toEqual([])
  })

  const prefix = outsideVector('cn-genesis-prefix/first-400.gz')
  it.skipIf(prefix === undefined)('of a live network', async () => {
    const source: ChunkSource = () => createReadStream(prefix ?? '').pipe(createGunzip())
    const all = await byReadingAll(source, 'snapshot-v1')
    const collected = await collectKeys(source, 'snapshot-v1')
    expect(collected.size).toBe(all.size)
    expect(all.size).toBeGreaterThan(80)
  })
})
