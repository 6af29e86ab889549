/**
 * A party of a decentralized namespace, three of five, onboarded by one package whose signatures each
 * cover all of it: over the Admin API, over the Ledger API by gRPC and by JSON; then replicated.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decentralizedParty, type DecentralizedParty } from './support/decentralized-party.ts'
import { Desk, authorize, done, participant, refused, type Person } from './support/rehearsal.ts'
import { answerOf, profiles, replicate } from './support/replication.ts'
import { sandboxProcess, type SandboxProcess } from './support/sandbox-process.ts'

const THRESHOLD = 3
const SPECS = ['ed25519', 'p256', 'p384', 'secp256k1', 'ed25519']

let running: SandboxProcess
const desk = new Desk()

beforeAll(async () => {
  running = await sandboxProcess('--participants', '3', '--effect-delay', '50')
}, 60_000)
afterAll(async () => {
  await running.stop()
})

const uid = (index: number): string => participant(running, index).participant

interface Committee extends DecentralizedParty {
  readonly owners: readonly Person[]
}

/** A party of new owners with a signing key of its own, on the first two participants. */
async function committee(name: string): Promise<Committee> {
  const owners: Person[] = []
  for (const [i, spec] of SPECS.entries()) owners.push(await desk.person(`${name}${i}`, spec))
  const protocol = await desk.person(`${name}-protocol`)
  const made = await decentralizedParty(desk, {
    name,
    owners,
    threshold: THRESHOLD,
    keys: [protocol],
    keyThreshold: 1,
    hosts: [uid(0), uid(1)],
    synchronizer: running.synchronizer,
  })
  return { owners, ...made }
}

/** Reads back what is in force, from another participant than the one that was asked. */
async function isHosted(party: string): Promise<void> {
  const file = desk.file(`${party.slice(0, party.indexOf('::'))}.in-force`)
  await done(
    ...['fetch', '--in-force', '--party', party, '--mapping', 'party-to-participant'],
    ...['--admin-api', participant(running, 2).adminApi, '-o', file],
  )
  const { json } = await done('inspect', file, '--json')
  expect(json).toMatchObject({
    transactions: [
      {
        serial: 1,
        mapping: { party, participants: [{ participantUid: uid(0) }, { participantUid: uid(1) }] },
      },
    ],
  })
}

describe('onboarding by signatures over all of it', { timeout: 120_000 }, () => {
  test('over the Admin API: the hosts authorize by hash', async () => {
    const { file, party } = await committee('admin')
    const connection = ['--admin-api', participant(running, 0).adminApi]
    const { json } = await done('submit', file, ...connection, '--json')
    const { transactions } = json as { transactions: { hash: string; standing: string }[] }
    expect(transactions).toHaveLength(7)
    const hosting = transactions[6]?.hash ?? ''
    for (const i of [0, 1]) await authorize(participant(running, i), running.synchronizer, hosting)
    const waited = await done('submit', file, ...connection, '--wait', '--json')
    const after = waited.json as { sent: number; transactions: { standing: string }[] }
    expect(after.sent).toBe(0)
    expect(new Set(after.transactions.map(({ standing }) => standing))).toEqual(
      new Set(['effective']),
    )
    await isHosted(party)
  })

  test.each(['gRPC', 'JSON'] as const)('over the Ledger API by %s', async (transport) => {
    const { file, party } = await committee(transport.toLowerCase())
    const connection = (i: number): readonly string[] => {
      const { ledgerApi, jsonApi } = participant(running, i)
      return transport === 'gRPC' ? ['--ledger-api', ledgerApi] : ['--json-api', jsonApi]
    }
    for (const i of [0, 1]) await done('party', 'allocate', file, ...connection(i))
    const { json } = await done(
      ...['party', 'allocate', file, ...connection(0), '--wait', '--wait-timeout', '30', '--json'],
    )
    expect(json).toMatchObject({ partyId: party, hosted: true })
    await isHosted(party)
  })

  test('not with the signatures of four of the five founders', async () => {
    const { file, owners } = await committee('four')
    const [, ...four] = owners
    const made = desk.file('four.json')
    const copies: string[] = []
    for (const person of four) copies.push(await desk.sign(made, person, '--combined'))
    const partial = desk.file('four.partial.json')
    await done('combine', ...copies, '-o', partial)
    const connection = ['--admin-api', participant(running, 0).adminApi]
    expect(await refused(6, 'submit', partial, ...connection)).toBe('signatures-missing')
    await done('submit', file, ...connection)
  })
})

describe('replication of such a party', { timeout: 120_000 }, () => {
  test('needs three of the five, whichever they are', async () => {
    const { file, owners, party } = await committee('moved')
    const connection = ['--admin-api', participant(running, 0).adminApi]
    const { json } = await done('submit', file, ...connection, '--json')
    const { transactions } = json as { transactions: { hash: string }[] }
    for (const i of [0, 1]) {
      await authorize(participant(running, i), running.synchronizer, transactions[6]?.hash ?? '')
    }
    await done('submit', file, ...connection, '--wait')
    const at = { config: profiles(desk, running, [0, 2]) }
    const directory = desk.file('replication')
    const begun = await replicate(
      at,
      directory,
      ...['--party', party, '--permission', 'observation'],
    )
    expect(answerOf(begun).error?.code, begun.stdout).toBe('replication-waiting')
    const asked = `${directory}/hosting.cantosign.json`
    const copies: string[] = []
    for (const person of [owners[4], owners[1]]) {
      if (person !== undefined) copies.push(await desk.sign(asked, person))
    }
    const two = desk.file('two.json')
    await done('combine', ...copies, '-o', two)
    const early = await replicate(at, directory, '--signed', two)
    expect(early.status, early.stdout).toBe(6)
    expect(answerOf(early).error?.code).toBe('signatures-missing')
    const third = owners[2]
    if (third === undefined) throw new Error('there is no third owner')
    copies.push(await desk.sign(asked, third))
    const three = desk.file('three.json')
    await done('combine', ...copies, '-o', three)
    const run = await replicate(at, directory, '--signed', three, '--backed-up')
    expect(run.status, run.stdout).toBe(0)
    expect(answerOf(run).complete).toBe(true)
  })
})
