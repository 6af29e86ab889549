/** A sandbox as a process with TLS, certificates of clients and tokens: who gets in, and who does not. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { online, place, type Run } from '../support/cli.ts'
import { authorize, Desk, done, participant, type Person } from '../support/rehearsal.ts'
import { freePort, sandboxProcess, type SandboxProcess } from '../support/sandbox-process.ts'

const desk = new Desk()
const authority = makeAuthority('authority')
const stranger = makeAuthority('stranger')
const server = makeCertificate('server', authority)
const client = makeCertificate('client', authority)
const expired = makeCertificate('expired', authority, undefined, -1)
const foreign = makeCertificate('foreign', stranger)

function file(name: string, content: string): string {
  writeFileSync(desk.file(name), content)
  return desk.file(name)
}
const ADMIN = file('admin.token', 'all')
const READER = file('reader.token', 'look')
const OTHER = file('other.token', 'other')
const ENDED = file(
  'ended.token',
  `e30.${Buffer.from(JSON.stringify({ exp: 1_000_000_000 })).toString('base64url')}.x`,
)

let secured: SandboxProcess
let late: SandboxProcess
let alice: Person

beforeAll(async () => {
  secured = await sandboxProcess(
    ...['--tls-cert', server.cert, '--tls-key', server.key, '--tls-client-ca', authority.cert],
    ...['--token-file', ADMIN, '--reader-token-file', READER, '--effect-delay', '50'],
  )
  late = await sandboxProcess('--tls-cert', expired.cert, '--tls-key', expired.key)
  alice = await desk.person('alice')
}, 60_000)
afterAll(async () => {
  await secured.stop()
  await late.stop()
})

const tls = (ca: string, { cert, key } = client): readonly string[] => [
  ...['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key],
]
const good = (): readonly string[] => [...tls(authority.cert), '--token-file', ADMIN]
const admin = (): readonly string[] => ['--admin-api', participant(secured, 0).adminApi]
const apis = {
  'the Admin API': () => admin(),
  'the Ledger API over gRPC': () => ['--ledger-api', participant(secured, 0).ledgerApi],
  'the Ledger API over JSON': () => ['--json-api', participant(secured, 0).jsonApi],
} as const
type Api = keyof typeof apis
const APIS = Object.keys(apis) as Api[]

const codeOf = ({ json }: Run): string => (json as { error: { code: string } }).error.code

/** A command that asks the API for something: its own error is what it ends with. */
async function asks(api: Api, ...more: readonly string[]): Promise<Run> {
  const where = [...apis[api](), ...more, '--timeout', '5', '--json']
  const output = `${place()}/package`
  return api === 'the Admin API'
    ? await online('proposals', ...where)
    : await online(
        ...['party', 'generate', '--hint', 'alice', '--public-key', alice.publicKey],
        ...['--synchronizer', secured.synchronizer, '-o', output, ...where],
      )
}

describe.each(APIS)('%s', (api) => {
  test('answers who has a certificate and a token', async () => {
    const run = await asks(api, ...good())
    expect(run.status, run.stdout).toBe(0)
  })

  const refusals: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a participant of another authority', tls(stranger.cert), ['tls-failed']],
    [
      'no certificate',
      ['--tls-ca', authority.cert, '--token-file', ADMIN],
      ['tls-failed', 'connection-failed'],
    ],
    [
      'a certificate of another authority',
      [...tls(authority.cert, foreign), '--token-file', ADMIN],
      ['tls-failed', 'connection-failed'],
    ],
    [
      'a certificate that has ended',
      [...tls(authority.cert, expired), '--token-file', ADMIN],
      ['tls-failed', 'connection-failed'],
    ],
    ['no token', tls(authority.cert), ['ledger-unauthenticated']],
    [
      'a token that nobody gave',
      [...tls(authority.cert), '--token-file', OTHER],
      ['ledger-unauthenticated'],
    ],
    [
      'a token that has ended',
      [...tls(authority.cert), '--token-file', ENDED],
      ['ledger-unauthenticated'],
    ],
  ]
  test.each(refusals)('does not answer with %s', async (_name, options, codes) => {
    const run = await asks(api, ...options)
    expect(run.status, run.stdout).toBe(7)
    expect(codes).toContain(codeOf(run))
  })

  test('of a participant whose certificate has ended is not asked', async () => {
    const { adminApi, ledgerApi, jsonApi } = participant(late, 0)
    const [option] = apis[api]()
    const where =
      option === '--admin-api' ? adminApi : option === '--ledger-api' ? ledgerApi : jsonApi
    const run = await online(
      ...['info', option ?? '', where, '--tls-ca', authority.cert, '--timeout', '5', '--json'],
    )
    expect(run.status, run.stdout).toBe(7)
    expect(codeOf(run)).toBe('tls-failed')
  })
})

describe('a token that may only look', () => {
  let signed = ''
  beforeAll(async () => {
    const made = desk.file('alice.json')
    await done(
      ...['build', 'external-party', '--party', 'alice', '--namespace-key', alice.publicKey],
      ...['--host', `${participant(secured, 0).participant}=confirmation`],
      ...['--synchronizer', secured.synchronizer, '-o', made],
    )
    signed = await desk.sign(made, alice)
  })
  const looks = (): readonly string[] => [...tls(authority.cert), '--token-file', READER]

  test('does, and hands nothing in', async () => {
    await done('proposals', ...admin(), ...looks())
    const run = await online('submit', signed, ...admin(), ...looks(), '--json')
    expect(run.status, run.stdout).toBe(7)
    expect(codeOf(run)).toBe('ledger-forbidden')
    const { json } = await done('proposals', ...admin(), ...looks(), '--json')
    expect(json).toMatchObject({ proposals: [] })
  })

  test('is told from one that was renewed in its file meanwhile', async () => {
    const token = file('renewed.token', 'look')
    const options = [...tls(authority.cert), '--token-file', token]
    expect((await online('submit', signed, ...admin(), ...options, '--json')).status).toBe(7)
    writeFileSync(token, 'all')
    await done('submit', signed, ...admin(), ...options)
  })
})

describe('a participant that restarts', { timeout: 120_000 }, () => {
  test('while submit waits for it is waited out', async () => {
    const state = desk.file('sandbox.json')
    const port = String(await freePort())
    const start = async (): Promise<SandboxProcess> =>
      await sandboxProcess('--participants', '1', '--state', state, '--port', port)
    let sandbox = await start()
    try {
      const { adminApi, participant: uid } = participant(sandbox, 0)
      const made = desk.file('restart.json')
      await done(
        ...['build', 'external-party', '--party', 'restart', '--namespace-key', alice.publicKey],
        ...['--host', `${uid}=confirmation`, '--synchronizer', sandbox.synchronizer, '-o', made],
      )
      const signed = await desk.sign(made, alice)
      const connection = ['--admin-api', adminApi, '--timeout', '2']
      const { json } = await done('submit', signed, ...connection, '--json')
      const [first] = (json as { transactions: { hash: string }[] }).transactions
      const waiting = online(
        ...['submit', signed, ...connection, '--wait', '--wait-timeout', '60', '--json'],
      )
      await sandbox.stop()
      sandbox = await start()
      await authorize(participant(sandbox, 0), sandbox.synchronizer, first?.hash ?? '')
      const run = await waiting
      expect(run.status, run.stdout + run.stderr).toBe(0)
      expect(run.json).toMatchObject({ sent: 0, transactions: [{ standing: 'effective' }] })
    } finally {
      await sandbox.stop()
    }
  })
})
