/** `info` and `state export` against a sandbox, and against servers that break. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { Identity, TopologyRead } from '../../src/online/wire/services.ts'
import { online, place } from './support/cli.ts'
import { Desk, done, participant, refused, sandbox } from './support/rehearsal.ts'
import { grpcError, reply, startServer, status } from './support/server.ts'

let running: RunningSandbox
const desk = new Desk()
beforeAll(async () => {
  running = await sandbox({ tokens: { admin: 'full', reader: 'look' } })
  writeFileSync(desk.file('full'), 'full\n')
  writeFileSync(desk.file('look'), 'look\n')
  writeFileSync(desk.file('wrong'), 'wrong\n')
})
afterAll(async () => {
  await running.stop()
})
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const token = (name = 'full'): readonly string[] => ['--token-file', desk.file(name)]

describe('info', { timeout: 60_000 }, () => {
  test('says the same over gRPC and over JSON', async () => {
    const { adminApi, ledgerApi, jsonApi, participant: uid } = participant(running, 0)
    const grpc = await done(
      'info',
      '--admin-api',
      adminApi,
      '--ledger-api',
      ledgerApi,
      ...token(),
      '--json',
    )
    const json = await done(
      'info',
      '--admin-api',
      adminApi,
      '--json-api',
      jsonApi,
      ...token(),
      '--json',
    )
    const shape = {
      participantId: uid,
      admin: {
        initialized: true,
        synchronizers: [{ id: running.synchronizer, physicalId: running.physicalSynchronizer }],
      },
      ledger: { synchronizers: [{ id: running.synchronizer }] },
    }
    expect(grpc.json).toMatchObject(shape)
    expect(json.json).toMatchObject(shape)
    type Info = { ledger: { version: string } }
    expect((grpc.json as Info).ledger.version).toBe((json.json as Info).ledger.version)
  })

  test('is text for a person, and -o leads it to a file', async () => {
    const { adminApi, participant: uid } = participant(running, 0)
    const run = await done('info', '--admin-api', adminApi, ...token())
    expect(run.stdout).toContain(uid)
    await done('info', '--admin-api', adminApi, ...token(), '-o', desk.file('info.txt'))
    expect(readFileSync(desk.file('info.txt'), 'utf8')).toContain(uid)
  })

  test('without a token that counts says which calls are not answered', async () => {
    const { adminApi } = participant(running, 0)
    const { status, json } = await online(
      'info',
      '--admin-api',
      adminApi,
      ...token('wrong'),
      '--json',
    )
    expect(status).toBe(7) // nothing was answered
    const { problems } = json as { problems: { part: string; error: { code: string } }[] }
    expect(new Set(problems.map(({ error }) => error.code))).toEqual(
      new Set(['ledger-unauthenticated']),
    )
  })

  test.each([
    ['no address', [], 2, 'address-missing'],
    ['an address that is none', ['--admin-api', 'https://x'], 2, 'address-invalid'],
    ['a profile that is not there', ['--profile', 'production'], 2, 'profile-unknown'],
    [
      'a configuration that is not there',
      ['--config', '/nonexistent/x.yaml'],
      3,
      'file-unreadable',
    ],
    [
      'a token file that is not there',
      ['--admin-api', 'localhost:1', '--token-file', '/nonexistent/t'],
      3,
      'file-unreadable',
    ],
    [
      'nobody at the address',
      ['--admin-api', '127.0.0.1:1', '--timeout', '1'],
      7,
      'connection-failed',
    ],
    [
      'TLS files that are none',
      ['--admin-api', '127.0.0.1:1', '--tls-ca', '/etc/hostname'],
      3,
      'tls-file-invalid',
    ],
    ['half of mTLS', ['--admin-api', '127.0.0.1:1', '--tls-cert', '/etc/hostname'], 2, 'usage'],
    [
      'plain HTTP to another machine',
      ['--json-api', 'http://participant.example.com'],
      2,
      'plaintext-refused',
    ],
    ['a timeout that is none', ['--admin-api', '127.0.0.1:1', '--timeout', '0'], 2, 'usage'],
  ] as const)('with %s is refused', async (_what, args, exit, code) => {
    expect(await refused(exit, 'info', ...args)).toBe(code)
  })
})

describe('profiles', { timeout: 60_000 }, () => {
  const config = (text: string): readonly string[] => {
    const path = `${place()}/config.yaml`
    writeFileSync(path, text)
    return ['--config', path]
  }

  test('name a connection, with paths relative to the file', async () => {
    const { adminApi, ledgerApi, participant: uid } = participant(running, 0)
    const path = `${desk.directory}/config.yaml`
    writeFileSync(
      path,
      `default: rehearsal\nprofiles:\n  rehearsal:\n    adminApi: ${adminApi}\n    ledgerApi: ${ledgerApi}\n    tokenFile: full\n    timeoutSeconds: 20\n  other:\n    adminApi: 127.0.0.1:1\n`,
    )
    expect((await done('info', '--config', path, '--json')).json).toMatchObject({
      participantId: uid,
    })
    const named = await done('info', '--config', path, '--profile', 'rehearsal', '--json')
    expect(named.json).toMatchObject({
      participantId: uid,
      ledger: { user: { id: expect.any(String) as string } },
    })
    expect(await refused(7, 'info', '--config', path, '--profile', 'other', '--timeout', '1')).toBe(
      'connection-failed',
    )
    // What is said on the command line wins.
    const won = await done(
      'info',
      '--config',
      path,
      '--profile',
      'other',
      '--admin-api',
      adminApi,
      ...token(),
      '--json',
    )
    expect(won.json).toMatchObject({ participantId: uid })
  })

  describe('that are the default', () => {
    const before = process.env['XDG_CONFIG_HOME']
    beforeAll(() => {
      const directory = place()
      mkdirSync(`${directory}/cantosign`)
      writeFileSync(
        `${directory}/cantosign/config.yaml`,
        `default: a\nprofiles:\n  a:\n    adminApi: 127.0.0.1:1\n    tokenFile: ${desk.file('full')}\n`,
      )
      process.env['XDG_CONFIG_HOME'] = directory
    })
    afterAll(() => {
      process.env['XDG_CONFIG_HOME'] = before
    })

    test.each([
      ['--admin-api', 'adminApi'],
      ['--ledger-api', 'ledgerApi'],
      ['--json-api', 'jsonApi'],
    ] as const)('give nothing to an address of %s', async (option, api) => {
      const run = await online('info', option, participant(running, 0)[api], '--json')
      expect(run.status, run.stdout).toBe(7)
      const { problems } = run.json as { problems: { error: { code: string } }[] }
      expect(problems.map(({ error }) => error.code)).toContain('ledger-unauthenticated')
    })

    test('give their token where they are named', async () => {
      const { adminApi, participant: uid } = participant(running, 0)
      const named = await done('info', '--admin-api', adminApi, '--profile', 'a', '--json')
      expect(named.json).toMatchObject({ participantId: uid })
    })
  })

  test('of a file that is named are not passed over', async () => {
    const { adminApi } = participant(running, 0)
    const file = config('default: a\nprofiles:\n  a: {}\n')
    expect(await refused(2, 'info', ...file, '--admin-api', adminApi)).toBe('usage')
    expect(await refused(2, 'info', ...file)).toBe('address-missing')
  })

  test.each([
    ['an unknown field', 'profiles:\n  a:\n    adminAPI: localhost:1\n', 'config-invalid'],
    ['an unknown field beside the profiles', 'profiles: {}\nprofile: a\n', 'config-invalid'],
    ['no profiles', 'default: a\n', 'config-invalid'],
    ['a default that is not there', 'default: b\nprofiles:\n  a: {}\n', 'config-invalid'],
    [
      'an address that is none',
      'profiles:\n  a:\n    adminApi: https://localhost\n',
      'config-invalid',
    ],
    [
      'a URL with a password',
      'profiles:\n  a:\n    jsonApi: https://u:secret@localhost\n',
      'config-invalid',
    ],
    ['a number that is text', 'profiles:\n  a:\n    timeoutSeconds: "5"\n', 'config-invalid'],
    ['a timeout of nothing', 'profiles:\n  a:\n    timeoutSeconds: 0\n', 'config-invalid'],
    ['a flag that is a word', 'profiles:\n  a:\n    plaintext: yes\n', 'config-invalid'],
    ['a token in place of its file', 'profiles:\n  a:\n    token: abc\n', 'config-invalid'],
    ['a name with a space', 'profiles:\n  "a b": {}\n', 'config-invalid'],
    ['a profile twice', 'profiles:\n  a: {}\n  a: {}\n', 'yaml-invalid'],
    ['a list', '- a\n', 'config-invalid'],
  ])('with %s are refused', async (_what, text, code) => {
    const run = await online('info', ...config(text), '--profile', 'a', '--json')
    expect(run.status).toBe(3)
    const { error } = run.json as { error: { code: string; message: string } }
    expect(error.code).toBe(code)
    expect(error.message).not.toContain('secret')
  })
})

describe('state export', { timeout: 60_000 }, () => {
  const admin = (): readonly string[] => [
    '--admin-api',
    participant(running, 0).adminApi,
    ...token('look'),
  ]

  test('streams a whole store into a snapshot that replays', async () => {
    const file = desk.file('all.snapshot')
    const { json } = await done('state', 'export', '--all', ...admin(), '-o', file, '--json')
    const { records } = json as { records: number }
    expect(records).toBeGreaterThan(5)
    const { json: verified } = await done('verify', file, '--json')
    expect(verified).toMatchObject({ ok: true, transactions: records })
    const { json: inspected } = await done('inspect', file, '--json')
    expect(inspected).toMatchObject({ kind: 'topology-snapshot' })
  })

  test('of a namespace holds what proves it', async () => {
    const file = desk.file('namespace.snapshot')
    const namespace = participant(running, 0).participant.split('::')[1] ?? ''
    await done('state', 'export', '--namespace', namespace, ...admin(), '-o', file)
    const { json } = await done('inspect', file, '--json')
    const { transactions } = json as { transactions: { mapping: { type: string } }[] }
    const types = transactions.map(({ mapping }) => mapping.type)
    expect(types).toContain('NamespaceDelegation')
    expect(types).toContain('OwnerToKeyMapping')
  })

  test('of one kind leaves out the others', async () => {
    const file = desk.file('kind.snapshot')
    await done(
      'state',
      'export',
      '--all',
      '--mapping',
      'namespace-delegation',
      ...admin(),
      '-o',
      file,
    )
    const { json } = await done('inspect', file, '--json')
    const { transactions } = json as { transactions: { mapping: { type: string } }[] }
    expect(new Set(transactions.map(({ mapping }) => mapping.type))).toEqual(
      new Set(['NamespaceDelegation']),
    )
  })

  test.each([
    ['without a scope', [], 2, 'usage'],
    ['of everything and of a party', ['--all', '--party', `a::1220${'ab'.repeat(32)}`], 2, 'usage'],
    [
      'of a history that is exported anyway',
      ['--history', '--party', `a::1220${'ab'.repeat(32)}`],
      2,
      'usage',
    ],
    [
      'of a party that is not there',
      ['--party', `a::1220${'ab'.repeat(32)}`],
      7,
      'in-force-unclear',
    ],
  ] as const)('%s is refused', async (_what, args, exit, code) => {
    const file = desk.file('refused.snapshot')
    // What proves nothing about the party itself is no answer.
    expect(await refused(exit, 'state', 'export', ...args, ...admin(), '-o', file)).toBe(code)
    expect(existsSync(file)).toBe(false)
  })

  const broken = (run: () => Generator<Buffer>) =>
    startServer([
      [
        Identity.GetId,
        {
          $case: 'unary',
          run: () =>
            reply('GetIdResponse', {
              initialized: true,
              uniqueIdentifier: `p::1220${'ab'.repeat(32)}`,
            }),
        },
      ],
      [
        TopologyRead.ListAvailableStores,
        {
          $case: 'unary',
          run: () =>
            reply('ListAvailableStoresResponse', {
              storeIds: [
                {
                  store: {
                    $case: 'synchronizer',
                    value: { kind: { $case: 'id', value: `s::1220${'ab'.repeat(32)}` } },
                  },
                },
              ],
            }),
        },
      ],
      [TopologyRead.ExportTopologySnapshotV2, { $case: 'stream', run }],
    ])
  const chunk = (bytes: Uint8Array): Buffer =>
    reply('ExportTopologySnapshotV2Response', { chunk: bytes })

  test.each([
    [
      'ends in the middle of a record',
      function* () {
        yield chunk(new Uint8Array([100, 1, 2]))
      },
      'response-malformed',
    ],
    [
      'is no snapshot',
      function* () {
        yield chunk(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
      },
      'response-malformed',
    ],
    [
      'breaks off with an error',
      function* () {
        yield chunk(new Uint8Array([100, 1, 2]))
        throw grpcError(status.INTERNAL, 'gone')
      },
      'ledger-failed',
    ],
    [
      'is refused',
      function* () {
        throw grpcError(status.PERMISSION_DENIED, 'no')
      },
      'ledger-forbidden',
    ],
  ] as const)('leaves no file when the stream %s', async (_what, run, code) => {
    const { address, stop } = await broken(run)
    closing.push(stop)
    const directory = place()
    const exported = await refused(
      7,
      'state',
      'export',
      '--all',
      '--admin-api',
      `127.0.0.1:${address.port}`,
      '-o',
      `${directory}/x`,
    )
    expect(exported).toBe(code)
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('the JSON Ledger API', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  test.each([
    ['a version that is a number', { version: 3 }],
    ['a list', []],
    ['nothing', null],
  ])('that answers with %s is refused', async (_what, body) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await refused(7, 'info', '--json-api', `http://127.0.0.1:${port}`)).toBe(
      'response-malformed',
    )
  })
})
