/** Three of five owners of a decentralized namespace, over mTLS with a token. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { Desk, done, participant, refused, type Person } from './support/rehearsal.ts'
import { mutualTls, securedOptions, securedSandbox } from './support/secured-sandbox.ts'

const desk = new Desk()
const tls = mutualTls()
const secure = securedOptions(desk, tls)
let running: RunningSandbox
let owners: readonly Person[] = []

beforeAll(async () => {
  running = await securedSandbox(desk, tls)
  owners = await Promise.all(
    ['ed25519', 'ed25519', 'p256', 'p384', 'secp256k1'].map((spec, i) =>
      desk.person(`owner${i}`, spec),
    ),
  )
})
afterAll(async () => {
  await running.stop()
})

const admin = (address = participant(running, 0).adminApi): readonly string[] => [
  '--admin-api',
  address,
  ...secure,
]
const owner = (index: number): Person => {
  const person = owners[index]
  if (person === undefined) throw new Error(`there is no owner ${index}`)
  return person
}

describe('a decentralized namespace', { timeout: 120_000 }, () => {
  let namespace = ''
  let founding = ''

  test('cannot be founded without the roots of its owners', async () => {
    const definition = desk.file('definition.json')
    await done(
      ...['build', 'decentralized-namespace', '--threshold', '3', '-o', definition],
      ...owners.flatMap(({ fingerprint }) => ['--owner', fingerprint]),
      ...['--synchronizer', running.synchronizer],
    )
    let signed = definition
    for (const person of owners) signed = await desk.sign(signed, person)
    founding = signed
    expect(await refused(4, 'submit', signed, ...admin())).toBe('not-authorized')
  })

  test('is founded by all of them', async () => {
    for (const [i, person] of owners.entries()) {
      const root = desk.file(`root${i}.json`)
      await done(
        ...['build', 'root-delegation', '--namespace-key', person.publicKey, '-o', root],
        ...['--synchronizer', running.synchronizer],
      )
      await done('submit', await desk.sign(root, person), ...admin(), '--wait')
    }
    const { json } = await done('submit', founding, ...admin(), '--wait', '--json')
    expect(json).toMatchObject({ transactions: [{ standing: 'effective' }] })
    const listed = await done(
      ...['namespace', 'decentralized', '--json'],
      ...owners.flatMap(({ fingerprint }) => ['--owner', fingerprint]),
    )
    namespace = (listed.json as { namespace: string }).namespace
  })

  test('takes a change when three of five have signed, each from a copy of their own', async () => {
    const before = desk.file('definition.cert')
    await done(
      ...['fetch', '--in-force', '--namespace', namespace],
      ...['--mapping', 'decentralized-namespace-definition', ...admin(), '-o', before],
    )
    const change = desk.file('threshold.json')
    await done(
      ...[
        'build',
        'decentralized-namespace',
        '--previous',
        before,
        '--threshold',
        '4',
        '-o',
        change,
      ],
      ...['--synchronizer', running.synchronizer],
    )
    const full = desk.file('threshold.full.json')
    const fetched = await done('fetch', '--package', change, ...admin(), '-o', full, '--json')
    expect(fetched.json).toMatchObject({ transactions: [{ missing: [{ need: 3, of: 3 }] }] })
    // Each owner hands in a copy with one signature: the store brings them together.
    for (const index of [0, 2]) {
      const { json } = await done(
        'submit',
        await desk.sign(full, owner(index)),
        ...admin(),
        '--json',
      )
      expect(json).toMatchObject({ sent: 1, transactions: [{ standing: 'pending' }] })
    }
    const pending = await done(
      'proposals',
      '--namespace',
      namespace,
      '--mine',
      owner(4).fingerprint,
      ...admin(),
      '--json',
    )
    expect(pending.json).toMatchObject({
      proposals: [{ status: 'incomplete', mine: [owner(4).fingerprint], missing: [{ need: 1 }] }],
    })
    const last = await done(
      'submit',
      await desk.sign(full, owner(4)),
      ...admin(),
      '--wait',
      '--json',
    )
    expect(last.json).toMatchObject({ sent: 1, transactions: [{ standing: 'effective' }] })
  })

  test('is fetched with its whole chain of definitions', async () => {
    const file = desk.file('chain.snapshot')
    await done('state', 'export', '--namespace', namespace, ...admin(), '-o', file)
    const { json } = await done('inspect', file, '--json')
    const { transactions } = json as {
      transactions: { serial: number; mapping: { type: string } }[]
    }
    const serials = transactions
      .filter(({ mapping }) => mapping.type === 'DecentralizedNamespaceDefinition')
      .map(({ serial }) => serial)
    expect(new Set(serials)).toEqual(new Set([1, 2]))
    const roots = transactions.filter(({ mapping }) => mapping.type === 'NamespaceDelegation')
    expect(roots.length).toBeGreaterThanOrEqual(5)
  })
})
