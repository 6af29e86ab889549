/** A large synchronizer: the snapshot is streamed, and what nobody reads is not made. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { RecordSplitter } from '../../src/topology/record-splitter.ts'
import { TopologyRead } from '../../src/online/wire/services.ts'
import { clientOf, running, stream } from './plain-client.ts'

const TRANSACTIONS = 100_000
const READERS = 8
const MIB = 1024 * 1024
/** All that the readers would get is some eight times 36 MiB. */
const MEMORY_LIMIT = 64 * MIB

/** Bytes of buffers that are still in use. */
function buffersInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
  return process.memoryUsage().arrayBuffers
}

test(
  'snapshots of 100,000 transactions to readers that do not read',
  { timeout: 180_000 },
  async () => {
    const warnings: Error[] = []
    process.on('warning', (warning) => warnings.push(warning))
    const sandbox = await running({ seed: TRANSACTIONS })
    const request = {
      baseQuery: {
        store: {
          store: {
            $case: 'synchronizer',
            value: { kind: { $case: 'id', value: sandbox.synchronizer } },
          },
        },
        timeQuery: { $case: 'headState', value: {} },
      },
    } as const
    const before = buffersInUse()
    const streams = Array.from({ length: READERS }, () => {
      const client = clientOf(sandbox.participant(1).adminApi)
      return stream(client, TopologyRead.ExportTopologySnapshotV2, request)
    })
    const [first] = streams
    const begun = await Promise.all(streams.map(async (one) => await one.next()))
    // Long enough for a server that does not wait for its readers to have made much more.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(buffersInUse() - before).toBeLessThan(MEMORY_LIMIT)

    const splitter = new RecordSplitter('snapshot-v2')
    let size = 0
    let records = 0
    const take = (chunk: Uint8Array): void => {
      size += chunk.length
      records += splitter.push(chunk).length
    }
    const [head] = begun
    if (head?.done !== false || first === undefined) throw new Error('the stream is empty')
    take(head.value.chunk)
    for await (const { chunk } of first) take(chunk)
    records += splitter.end().length
    expect(splitter.findings).toEqual([])
    expect(records).toBeGreaterThan(TRANSACTIONS)
    expect(warnings).toEqual([])
    expect(size * READERS).toBeGreaterThan(4 * MEMORY_LIMIT)
  },
)
