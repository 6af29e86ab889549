/** Reading topology from nodes of every line, and from nodes that answer nonsense. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { readHostPort } from '../../src/online/address.ts'
import { AdminApi } from '../../src/online/admin.ts'
import { Routes } from '../../src/online/connection.ts'
import { gatherState, inForce } from '../../src/online/gather.ts'
import { withRetries, type RetryClock } from '../../src/online/retry.ts'
import { chooseStore } from '../../src/online/store.ts'
import { DEFAULT_LIMITS } from '../../src/package/model.ts'
import { listTopology } from '../../src/online/topology-query.ts'
import { decodeApiMessage } from '../../src/online/wire/codec.ts'
import type { MessageTypes } from '../../src/online/wire/generated/schema.ts'
import { TopologyRead } from '../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { participant, sandbox } from './support/rehearsal.ts'
import { reply, settingsFor, startServer, type Handler } from './support/server.ts'

let running: RunningSandbox
let honest: AdminApi
/** TopologyTransactions of the whole store, as a node gives them. */
let whole: Uint8Array

const adminOf = (address: string): AdminApi =>
  new AdminApi(new Routes(settingsFor()).grpc(readHostPort(address, 'test')))

beforeAll(async () => {
  running = await sandbox()
  honest = adminOf(participant(running, 0).adminApi)
  const { id } = await chooseStore(honest, undefined)
  const { result } = await honest.connection.unary(
    TopologyRead.ListAllV2,
    { baseQuery: { store: id, timeQuery: { $case: 'headState', value: {} } } },
    { effect: 'read' },
  )
  whole = result
})
afterAll(async () => {
  honest.close()
  await running.stop()
})

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function node(
  ...handlers: readonly (readonly [(typeof TopologyRead)[keyof typeof TopologyRead], Handler])[]
): Promise<AdminApi> {
  const { address, stop } = await startServer(handlers)
  const admin = adminOf(`127.0.0.1:${address.port}`)
  closing.push(() => {
    admin.close()
    stop()
  })
  return admin
}

const storeIds = (...ids: readonly string[]): Handler => ({
  $case: 'unary',
  run: () =>
    reply('ListAvailableStoresResponse', {
      storeIds: [
        { store: { $case: 'authorized', value: {} } },
        ...ids.map((id) => ({
          store: {
            $case: 'synchronizer' as const,
            value: {
              kind: {
                $case: id.includes('::35-') ? ('physicalId' as const) : ('id' as const),
                value: id,
              },
            },
          },
        })),
      ],
    }),
})

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'none'
}

const store = { id: { store: undefined }, name: 's', synchronizerId: undefined } as const
const query = { store: store.id, proposals: false, time: 'head', mappings: [] } as const

describe('a node of an older line', () => {
  test('is asked by the call that it has, once for each command', async () => {
    const seen: MessageTypes['ListAllRequest'][] = []
    const admin = await node([
      TopologyRead.ListAll,
      {
        $case: 'unary',
        run: ({ request }) => {
          seen.push(decodeApiMessage('ListAllRequest', new Uint8Array(request)))
          return reply('ListAllResponse', { result: whole })
        },
      },
    ])
    const records = await listTopology(admin, { ...query, mappings: ['namespaceDelegation'] })
    await listTopology(admin, query)
    expect(seen[0]?.excludeMappings).toContain('ptp')
    expect(seen[0]?.excludeMappings).not.toContain('nsd')
    // Codes that not every line knows would be an error there.
    expect(seen[0]?.excludeMappings).not.toContain('lsu')
    expect(seen[1]?.excludeMappings).toEqual([])
    const kinds = records.map(({ signed }) => signed.transaction.value?.mapping?.mapping?.$case)
    expect(new Set(kinds)).toEqual(new Set(['namespaceDelegation']))
  })
})

describe('what a node answers', () => {
  test.each([
    ['that is cut off', () => whole.subarray(0, whole.length - 5)],
    ['that is no list', () => new Uint8Array([0xff, 0x01])],
    ['with a record that is none', () => new Uint8Array([0x0a, 0x02, 0x1a, 0x05])],
  ])('%s is refused', async (_what, bytes) => {
    const admin = await node([
      TopologyRead.ListAllV2,
      { $case: 'unary', run: () => reply('ListAllV2Response', { result: bytes() }) },
    ])
    expect(await codeOf(listTopology(admin, query))).toBe('response-malformed')
  })

  test('above the message limit is refused, and the filters are named', async () => {
    const admin = await node([
      TopologyRead.ListAllV2,
      {
        $case: 'unary',
        run: () => reply('ListAllV2Response', { result: new Uint8Array(65 * 1024 * 1024) }),
      },
    ])
    const error: unknown = await listTopology(admin, query).catch((one: unknown) => one)
    expect(error).toMatchObject({ code: 'response-too-large' })
    for (const option of ['--namespace', '--party', '--mapping']) {
      expect((error as CantosignError).hint).toContain(option)
    }
  })

  test('with nothing in it is an empty list', async () => {
    const admin = await node([
      TopologyRead.ListAllV2,
      { $case: 'unary', run: () => reply('ListAllV2Response', {}) },
    ])
    expect(await listTopology(admin, query)).toEqual([])
  })

  test('is not taken where it is of another namespace than was asked for', async () => {
    // This node overlooks every filter.
    const admin = await node([
      TopologyRead.ListAllV2,
      { $case: 'unary', run: () => reply('ListAllV2Response', { result: whole }) },
    ])
    const namespace = participant(running, 0).participant.split('::')[1] ?? ''
    const records = await gatherState(admin, store, [], [namespace])
    const named = records.map(({ signed }) => {
      const mapping = signed.transaction.value?.mapping?.mapping
      return mapping?.$case === 'namespaceDelegation' ? mapping.value.namespace : 'another'
    })
    expect(new Set(named)).toEqual(new Set([namespace]))
  })

  test.each([['state'], ['packageBytes']] as const)(
    'is not gathered beyond the limit of %s: a participant could go on for ever',
    async (limit) => {
      const namespaces = [0, 1].map((i) => participant(running, i).participant.split('::')[1] ?? '')
      const store = await chooseStore(honest, undefined)
      const records = await gatherState(honest, store, [], namespaces)
      expect(records.length).toBeGreaterThan(1)
      const limited = { ...DEFAULT_LIMITS, [limit]: 1 }
      await expect(gatherState(honest, store, [], namespaces, limited)).rejects.toMatchObject({
        code: 'limit-exceeded',
      })
    },
  )

  test('holds one record in force for each mapping', async () => {
    const { id } = await chooseStore(honest, undefined)
    const records = await listTopology(honest, { ...query, store: id })
    const hashes = [...inForce(records).values()].map(({ signed }) =>
      toHex(signed.transaction.hash),
    )
    expect(new Set(hashes).size).toBe(records.length)
  })
})

describe('the store', () => {
  const [a, b] = [`a::1220${'aa'.repeat(32)}`, `b::1220${'bb'.repeat(32)}`]

  test.each([
    ['the only one there is', [a], undefined, a],
    ['one of several by its id', [a, b], b, b],
    ['a physical one by its logical id', [`${a}::35-0`, b], a, `${a}::35-0`],
    ['a logical one by a physical id, where the node has no others', [a], `${a}::35-0`, a],
    ['the logical one where an upgrade left two', [`${a}::35-0`, `${a}::35-1`], a, a],
    ['the own one of the node', [a], 'authorized', 'authorized'],
  ])('is %s', async (_what, known, asked, expected) => {
    const admin = await node([TopologyRead.ListAvailableStores, storeIds(...known)])
    expect((await chooseStore(admin, asked)).name).toBe(expected)
  })

  test.each([
    ['there is none', [], undefined, 'synchronizer-unknown'],
    ['there are several and none is named', [a, b], undefined, 'synchronizer-unclear'],
    ['it is not there', [a], b, 'synchronizer-unknown'],
    ['it is there in another physical form', [`${a}::35-1`], `${a}::35-0`, 'synchronizer-unknown'],
  ])('is not chosen where %s', async (_what, known, asked, code) => {
    const admin = await node([TopologyRead.ListAvailableStores, storeIds(...known)])
    expect(await codeOf(chooseStore(admin, asked))).toBe(code)
  })
})

describe('repetition', () => {
  /** A clock that passes by sleeping alone. */
  function clock(): RetryClock & { readonly pauses: number[] } {
    let now = 0
    const pauses: number[] = []
    return {
      pauses,
      now: () => now,
      sleep: async (millis) => {
        pauses.push(millis)
        now += millis
        await Promise.resolve()
      },
    }
  }
  const failed = (afterMillis?: number) =>
    ({
      $case: 'failed',
      error: new Error('again'),
      again: afterMillis === undefined ? undefined : { afterMillis },
    }) as const

  test('pauses twice as long each time, up to five seconds, while the time lasts', async () => {
    const time = clock()
    await expect(withRetries(30_000, () => Promise.resolve(failed(0)), time)).rejects.toThrow(
      'again',
    )
    expect(time.pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000])
  })

  test('waits at least as long as the participant says', async () => {
    const time = clock()
    let count = 0
    const attempt = () =>
      Promise.resolve(count++ === 0 ? failed(2_500) : ({ $case: 'done', value: 7 } as const))
    expect(await withRetries(30_000, attempt, time)).toBe(7)
    expect(time.pauses).toEqual([2_500])
  })

  test('does not happen where it makes no sense, or where the time would be over', async () => {
    const time = clock()
    await expect(withRetries(30_000, () => Promise.resolve(failed()), time)).rejects.toThrow(
      'again',
    )
    await expect(withRetries(1_000, () => Promise.resolve(failed(2_000)), time)).rejects.toThrow(
      'again',
    )
    expect(time.pauses).toEqual([])
  })
})
