/** What a person reads, word for word; identifiers, addresses and times are given names. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { online } from './support/cli.ts'
import { authorize, Desk, done, participant, sandbox, type Person } from './support/rehearsal.ts'

let running: RunningSandbox
const desk = new Desk()
let alice: Person
let party = ''
beforeAll(async () => {
  running = await sandbox()
  alice = await desk.person('alice')
  party = `alice::${alice.fingerprint}`
})
afterAll(async () => {
  await running.stop()
})

const admin = (): readonly string[] => ['--admin-api', participant(running, 0).adminApi]
const ledger = (): readonly string[] => ['--ledger-api', participant(running, 0).ledgerApi]
const names = new Map<string, string>()

/** Known things by their names, everything else that changes by what it is. */
function named(text: string): string {
  const namespaceOf = (id: string): string => id.split('::')[1] ?? ''
  for (const [value, name] of [
    [alice.fingerprint, 'ALICE'],
    [namespaceOf(participant(running, 0).participant), 'HOST1'],
    [namespaceOf(participant(running, 1).participant), 'HOST2'],
    [namespaceOf(running.synchronizer), 'SYNC'],
  ] as const) {
    names.set(value, name)
  }
  return text
    .replaceAll(/1220[0-9a-f]{64}/g, (one) => {
      const known = names.get(one)
      if (known !== undefined) return known
      const fresh = `HASH${[...names.values()].filter((name) => name.startsWith('HASH')).length + 1}`
      names.set(one, fresh)
      return fresh
    })
    .replaceAll(desk.directory, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'DIGEST')
}

test('the life of a party, told to a person', { timeout: 120_000 }, async () => {
  const info = await done('info', ...admin(), ...ledger())
  expect(named(info.stdout)).toMatchInlineSnapshot(`
    "Admin API at ADDRESS
      participant    participant1::HOST1
      synchronizers  sandbox: sandbox::SYNC::34-0
      stores         authorized
                     sandbox::SYNC::34-0
    Ledger API at ADDRESS
      version        3.5.0-sandbox
      participant    participant1::HOST1
      synchronizers  sandbox: sandbox::SYNC
      user           participant_admin
      rights         ParticipantAdmin
    "
  `)

  const file = desk.file('alice.json')
  await done(
    ...['build', 'external-party', '--party', 'alice', '--namespace-key', alice.publicKey],
    ...['--host', `${participant(running, 0).participant}=confirmation`],
    ...['--synchronizer', running.synchronizer, '-o', file],
  )
  const signed = await desk.sign(file, alice)
  const submitted = await done('submit', signed, ...admin())
  expect(named(submitted.stderr)).toMatchInlineSnapshot(`
    "sent 1 transaction to store sandbox::SYNC::34-0
    HASH1
      waits for signatures
      incomplete
        - signatures are missing
      signed by
        ALICE
      missing
        the namespace HOST1
          by its own key
      taken for granted
        - no delegation of ALICE was
          changed or revoked since
        - nothing else has used serial 1 or a later one
        - the network took what this rests on
        - nobody who signed may act for those called missing by a delegation that is not known here
    "
  `)

  const namespace = participant(running, 0).participant.split('::')[1] ?? ''
  const proposals = await done('proposals', ...admin(), '--mine', namespace)
  expect(named(proposals.stdout)).toMatchInlineSnapshot(`
    "1 proposal in store sandbox::SYNC::34-0 of participant participant1::HOST1 at ADDRESS

    HASH1
      PartyToParticipant, replace, serial 1
      Hosts the party alice::ALICE on
        1 participant: 1 of 1 confirming host needed.
      incomplete
        - signatures are missing
      signed by
        ALICE
      missing
        the namespace HOST1
          by its own key
      taken for granted
        - no delegation of ALICE was
          changed or revoked since
        - nothing else has used serial 1 or a later one
        - the network took what this rests on
        - nobody who signed may act for those called missing by a delegation that is not known here
      WAITS FOR YOU: HOST1
    "
  `)

  const fetched = await done('fetch', '--party', party, ...admin(), '-o', desk.file('fetched.json'))
  expect(named(fetched.stderr)).toMatchInlineSnapshot(`
    "wrote /fetched.json: 1 transaction, with 2 transactions of state
      from store sandbox::SYNC::34-0 of participant participant1::HOST1 at ADDRESS
      at TIME
    HASH1
      incomplete
        - signatures are missing
      signed by
        ALICE
      missing
        the namespace HOST1
          by its own key
      taken for granted
        - no delegation of ALICE was
          changed or revoked since
        - nothing else has used serial 1 or a later one
        - the network took what this rests on
        - nobody who signed may act for those called missing by a delegation that is not known here
    "
  `)

  const again = await done('submit', signed, ...admin())
  expect(named(again.stderr).split('\n')[0]).toMatchInlineSnapshot(
    `"nothing to send: store sandbox::SYNC::34-0 has all of it already"`,
  )

  const { json } = await done('proposals', ...admin(), '--json')
  const [proposal] = (json as { proposals: { hash: string }[] }).proposals
  await authorize(participant(running, 0), running.synchronizer, proposal?.hash ?? '')
  const watched = await done('watch', signed, ...admin(), '--wait-timeout', '30')
  expect(named(watched.stdout)).toMatchInlineSnapshot(`
    "HASH1
      in force
    "
  `)

  const exported = await done('state', 'export', '--party', party, ...admin(), '-o', desk.file('x'))
  expect(named(exported.stderr).replace(/\d+ records/, 'N records')).toMatchInlineSnapshot(`
    "wrote /x: N records
      from store sandbox::SYNC::34-0 of participant participant1::HOST1 at ADDRESS
      at TIME
    "
  `)

  const allocated = await done('party', 'allocate', signed, ...ledger(), '--wait')
  expect(named(allocated.stderr)).toMatchInlineSnapshot(`
    "alice::ALICE is allocated already on sandbox::SYNC
      whether with the hosts, threshold and keys of the package, the Ledger API does not say
      the participant hosts it
    "
  `)

  const command = desk.file('create.json')
  writeFileSync(
    command,
    JSON.stringify({
      CreateCommand: {
        templateId: '#cantosign-sandbox:Main:Note',
        createArguments: { owner: party },
      },
    }),
  )
  const prepared = desk.file('prepared.json')
  await done(
    ...['transaction', 'prepare', command, '--act-as', party, '-o', prepared],
    ...['--json-api', participant(running, 0).jsonApi],
  )
  const ready = await desk.sign(prepared, alice)
  const executed = await done('transaction', 'execute', ready, ...ledger(), '--wait')
  expect(named(executed.stderr)).toMatchInlineSnapshot(`
    "DIGEST
      handed in
      committed as update HASH2, offset 2
    "
  `)
})

test('what goes wrong, told to a person', { timeout: 60_000 }, async () => {
  const nobody = await online('info', '--admin-api', '127.0.0.1:1', '--timeout', '3')
  expect(nobody.status).toBe(7)
  expect(named(nobody.stderr)).toMatchInlineSnapshot(`
    "cantosign-online: error: IdentityInitializationService/GetId at ADDRESS cannot be reached: connect ECONNREFUSED ADDRESS [connection-failed]
    cantosign-online: hint: check the address and that the participant is up; TLS is spoken to this machine only with --tls-ca, to others always unless --plaintext is given
    "
  `)

  const absent = await online(
    'fetch',
    `1220${'ab'.repeat(32)}`,
    ...admin(),
    '-o',
    desk.file('none'),
  )
  expect(named(absent.stderr)).toMatchInlineSnapshot(`
    "cantosign-online: error: store sandbox::SYNC::34-0 has no proposal HASH3 [proposal-missing]
    cantosign-online: hint: see what is pending with: proposals; what is complete is no proposal any more: watch PACKAGE shows it
    "
  `)

  const nowhere = await online('proposals')
  expect(named(nowhere.stderr)).toMatchInlineSnapshot(`
    "cantosign-online: error: nothing says where to find the Admin API of the participant [address-missing]
    cantosign-online: hint: give --admin-api HOST:PORT, or a --profile of the configuration file that has it
    "
  `)
})
