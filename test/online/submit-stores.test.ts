/** Stores, batches and combined signatures: what `submit` sends where. */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { Desk, done, participant, refused, sandbox } from './support/rehearsal.ts'

let running: RunningSandbox
const desk = new Desk()
beforeAll(async () => {
  running = await sandbox({ participants: 1 })
})
afterAll(async () => {
  await running.stop()
})
const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]

describe('submit', { timeout: 120_000 }, () => {
  test('puts what a node keeps for itself into its own store', async () => {
    const person = await desk.person('own')
    const file = desk.file('own.json')
    await done('build', 'root-delegation', '--namespace-key', person.publicKey, '-o', file)
    const signed = await desk.sign(file, person)
    const { json } = await done(
      ...['submit', signed, '--synchronizer', 'authorized', '--wait', ...admin(), '--json'],
    )
    expect(json).toMatchObject({
      store: 'authorized',
      sent: 1,
      transactions: [{ standing: 'effective' }],
    })
    const again = await done('submit', signed, '--synchronizer', 'authorized', ...admin(), '--json')
    expect(again.json).toMatchObject({ sent: 0 })
  })

  test('sends several transactions with one signature over all of them', async () => {
    const person = await desk.person('batch')
    await desk.person('next', 'p256')
    const spec = desk.file('batch.yaml')
    const namespace = person.fingerprint
    writeFileSync(
      spec,
      `transactions:
  - namespaceDelegation:
      namespace: ${namespace}
      targetKey: { publicKey: file:batch.pub, usage: [namespace] }
      restriction: all
  - namespaceDelegation:
      namespace: ${namespace}
      targetKey: { publicKey: file:next.pub, usage: [namespace] }
      restriction: all-but-namespace-delegations
`,
    )
    const file = desk.file('batch.json')
    await done('build', '-f', spec, '--synchronizer', running.synchronizer, '-o', file)
    const signed = await desk.sign(file, person, '--combined')
    const { json } = await done('submit', signed, '--wait', ...admin(), '--json')
    expect(json).toMatchObject({
      sent: 2,
      transactions: [{ standing: 'effective' }, { standing: 'effective' }],
    })
    // What the store has is fetched with the delegations that prove it, and verifies by itself.
    const exported = desk.file('batch.snapshot')
    await done('state', 'export', '--namespace', namespace, ...admin(), '-o', exported)
    const verified = await done('verify', exported, '--json')
    expect(verified.json).toMatchObject({ ok: true })
  })

  test('takes all or none of a batch', async () => {
    const person = await desk.person('half')
    const other = await desk.person('other')
    const spec = desk.file('half.yaml')
    writeFileSync(
      spec,
      `transactions:
  - namespaceDelegation:
      namespace: ${person.fingerprint}
      targetKey: { publicKey: file:half.pub, usage: [namespace] }
      restriction: all
  - namespaceDelegation:
      namespace: ${other.fingerprint}
      targetKey: { publicKey: file:other.pub, usage: [namespace] }
      restriction: all
`,
    )
    const file = desk.file('half.json')
    await done('build', '-f', spec, '--synchronizer', running.synchronizer, '-o', file)
    // The second is not signed by its owner.
    const signed = await desk.sign(file, person)
    expect(await refused(6, 'submit', signed, ...admin())).toBe('signatures-missing')
    expect(
      await refused(
        7,
        'state',
        'export',
        '--namespace',
        person.fingerprint,
        ...admin(),
        '-o',
        desk.file('none'),
      ),
    ).toBe('in-force-unclear')
  })

  test.each([
    ['with a package that holds nothing', 'empty'],
    ['with what is no package', 'key'],
    ['with options that the Admin API does not know', 'user'],
  ] as const)('is refused %s', async (_what, which) => {
    const person = await desk.person(`refused-${which}`)
    if (which === 'key') {
      expect(await refused(3, 'submit', person.publicKey, ...admin())).toBe('file-kind')
      return
    }
    const file = desk.file(`${which}.json`)
    await done('build', 'root-delegation', '--namespace-key', person.publicKey, '-o', file)
    const signed = await desk.sign(file, person)
    if (which === 'user') {
      expect(await refused(2, 'submit', signed, '--user-id', 'x', ...admin())).toBe('usage')
      return
    }
    const content = JSON.parse(readFileSync(signed, 'utf8')) as Record<string, unknown>
    writeFileSync(signed, JSON.stringify({ ...content, transactions: [] }))
    expect(await refused(3, 'submit', signed, ...admin())).toBe('package-value')
  })
})
