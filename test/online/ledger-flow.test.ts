/** External parties and their transactions over the Ledger API: gRPC and JSON, honest and lying. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningSandbox } from '../../src/sandbox/server/start.ts'
import { online } from './support/cli.ts'
import { Desk, done, participant, refused, sandbox, type Person } from './support/rehearsal.ts'

let running: RunningSandbox
const desk = new Desk()
beforeAll(async () => {
  running = await sandbox({ participants: 3 })
})
afterAll(async () => {
  await running.stop()
})

type Transport = 'gRPC' | 'JSON'
const ledger = (transport: Transport, index = 0): readonly string[] => {
  const { ledgerApi, jsonApi } = participant(running, index)
  return transport === 'gRPC' ? ['--ledger-api', ledgerApi] : ['--json-api', jsonApi]
}
const uid = (index: number): string => participant(running, index).participant

let count = 0
async function newParty(spec = 'ed25519'): Promise<{ hint: string; person: Person; file: string }> {
  const hint = `party${++count}`
  return { hint, person: await desk.person(hint, spec), file: desk.file(`${hint}.cantosign.json`) }
}

const generating = (hint: string, { publicKey }: Person): readonly string[] => [
  ...['party', 'generate', '--hint', hint, '--public-key', publicKey],
]

async function allocated(
  transport: Transport,
  spec = 'ed25519',
): Promise<{ party: string; person: Person }> {
  const { hint, person, file } = await newParty(spec)
  await done(...generating(hint, person), ...ledger(transport), '-o', file)
  const signed = await desk.sign(file, person)
  const { json } = await done(
    'party',
    'allocate',
    signed,
    ...ledger(transport),
    '--wait',
    '--wait-timeout',
    '20',
    '--json',
  )
  const party = `${hint}::${person.fingerprint}`
  expect(json).toMatchObject({ partyId: party, outcome: 'allocated', hosted: true })
  return { party, person }
}

const untypedNote = (party: string): unknown => ({
  CreateCommand: {
    templateId: '#cantosign-sandbox:Main:Note',
    createArguments: { owner: party, text: 'hello' },
  },
})

/** Every kind of value that there is. */
const typedNote = (party: string): unknown => ({
  create: {
    templateId: { packageId: '#cantosign-sandbox', moduleName: 'Main', entityName: 'Note' },
    createArguments: {
      fields: [
        { label: 'owner', value: { party } },
        { label: 'text', value: { text: 'hello' } },
        { label: 'unit', value: { unit: {} } },
        { label: 'bool', value: { bool: true } },
        { label: 'int64', value: { int64: '-9223372036854775808' } },
        { label: 'date', value: { date: -1 } },
        { label: 'timestamp', value: { timestamp: '1700000000000000' } },
        { label: 'numeric', value: { numeric: '1.0000000000' } },
        { label: 'none', value: { optional: {} } },
        { label: 'some', value: { optional: { value: { text: 'x' } } } },
        { label: 'list', value: { list: { elements: [{ int64: '1' }, { int64: '2' }] } } },
        { label: 'textMap', value: { textMap: { entries: [{ key: 'a', value: { unit: {} } }] } } },
        {
          label: 'genMap',
          value: { genMap: { entries: [{ key: { int64: '1' }, value: { text: 'one' } }] } },
        },
        {
          label: 'variant',
          value: { variant: { constructor: 'Some', value: { record: { fields: [] } } } },
        },
        { label: 'enum', value: { enum: { constructor: 'Red' } } },
      ],
    },
  },
})

describe.each(['gRPC', 'JSON'] as const)('over %s', (transport) => {
  test.each(['ed25519', 'p256', 'secp256k1'])(
    'a party with a key of %s is allocated',
    { timeout: 60_000 },
    async (spec) => {
      const { party } = await allocated(transport, spec)
      const file = desk.file(`${party.slice(0, 10)}.${transport}.snapshot`)
      await done(
        'state',
        'export',
        '--party',
        party,
        '--admin-api',
        participant(running, 1).adminApi,
        '-o',
        file,
      )
      expect(existsSync(file)).toBe(true)
    },
  )

  test(
    'what is proposed is told, and allocating it twice is harmless',
    { timeout: 60_000 },
    async () => {
      const { hint, person, file } = await newParty()
      const generated = await done(
        ...generating(hint, person),
        ...ledger(transport),
        '-o',
        file,
        '--json',
      )
      expect(generated.json).toMatchObject({
        partyId: `${hint}::${person.fingerprint}`,
        synchronizer: running.synchronizer,
        transactions: [{ serial: 1, mapping: { type: 'PartyToParticipant', threshold: 1 } }],
      })
      const signed = await desk.sign(file, person)
      const first = await done(
        'party',
        'allocate',
        signed,
        ...ledger(transport),
        '--wait',
        '--json',
      )
      expect(first.json).toMatchObject({ outcome: 'allocated' })
      const second = await done(
        'party',
        'allocate',
        signed,
        ...ledger(transport),
        '--wait',
        '--json',
      )
      expect(second.json).toMatchObject({ outcome: 'exists', hosted: true })
      // submit does the same where no Admin API is configured.
      const third = await done('submit', signed, ...ledger(transport), '--json')
      expect(third.json).toMatchObject({ outcome: 'exists' })
    },
  )

  test('a party of several hosts waits for each of them', { timeout: 60_000 }, async () => {
    const { hint, person, file } = await newParty()
    await done(
      ...generating(hint, person),
      ...['--confirming', uid(1), '--observing', uid(2), '--threshold', '2'],
      ...[...ledger(transport), '-o', file],
    )
    const signed = await desk.sign(file, person, '--combined')
    const waiting = await online(
      'party',
      'allocate',
      signed,
      ...ledger(transport),
      '--wait',
      '--wait-timeout',
      '0.5',
      '--json',
    )
    expect(waiting.status).toBe(6)
    for (const index of [1, 2]) await done('party', 'allocate', signed, ...ledger(transport, index))
    const { json } = await done(
      'party',
      'allocate',
      signed,
      ...ledger(transport),
      '--wait',
      '--wait-timeout',
      '20',
      '--json',
    )
    expect(json).toMatchObject({ hosted: true })
  })

  test(
    'a transaction is executed once, however often it is handed in',
    { timeout: 60_000 },
    async () => {
      const { party, person } = await allocated(transport)
      const command = desk.file('create.json')
      writeFileSync(
        command,
        JSON.stringify(transport === 'JSON' ? untypedNote(party) : typedNote(party)),
      )
      const prepared = desk.file(`prepared.${transport}.json`)
      const { json } = await done(
        'transaction',
        'prepare',
        command,
        '--act-as',
        party,
        '--max-record-time',
        '2099-12-31T23:59:59.250Z',
        ...ledger(transport),
        '-o',
        prepared,
        '--json',
      )
      expect(json).toMatchObject({ hashingScheme: 'V2', refusals: [] })
      expect(await refused(6, 'transaction', 'execute', prepared, ...ledger(transport))).toBe(
        'signatures-missing',
      )
      const signed = desk.file(`signed.${transport}.json`)
      await done('sign', prepared, '--key', person.key, '--yes', '-o', signed)
      const first = await done(
        'transaction',
        'execute',
        signed,
        ...ledger(transport),
        '--wait',
        '--wait-timeout',
        '20',
        '--json',
      )
      const [outcome] = (first.json as { transactions: { updateId: string; handedIn: string }[] })
        .transactions
      expect(outcome?.handedIn).toBe('now')
      expect(outcome?.updateId).toMatch(/./)
      const second = await done(
        'transaction',
        'execute',
        signed,
        ...ledger(transport),
        '--wait',
        '--wait-timeout',
        '20',
        '--json',
      )
      expect(second.json).toMatchObject({
        transactions: [{ handedIn: 'earlier', updateId: outcome?.updateId }],
      })
    },
  )

  test.each([
    ['a host that is no participant', ['--confirming', 'nobody'], 7, 'ledger-refused'],
    ['this participant twice', ['--confirming', 'self'], 7, 'ledger-refused'],
    ['a threshold above the hosts', ['--threshold', '3'], 7, 'ledger-refused'],
    ['a threshold that is none', ['--threshold', '0'], 2, 'usage'],
    ['nobody who confirms', ['--observation-only'], 2, 'usage'],
    [
      'a synchronizer that is not there',
      ['--synchronizer', `x::1220${'ab'.repeat(32)}`],
      7,
      'ledger-refused',
    ],
  ] as const)(
    'generate with %s is refused',
    { timeout: 60_000 },
    async (_what, more, exit, code) => {
      const { hint, person, file } = await newParty()
      const args = more.map((one) => (one === 'self' ? uid(0) : one))
      expect(
        await refused(exit, ...generating(hint, person), ...args, ...ledger(transport), '-o', file),
      ).toBe(code)
      expect(existsSync(file)).toBe(false)
    },
  )
})

describe('a participant that lies', { timeout: 60_000 }, () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** Passes calls on to the sandbox, and changes what comes back from one of them. */
  async function liar(
    path: string,
    change: (answer: Record<string, unknown>) => unknown,
  ): Promise<string> {
    const { jsonApi } = participant(running, 0)
    const server = createServer((request, response) => {
      const relay = async (): Promise<void> => {
        const chunks: Buffer[] = []
        for await (const part of request) chunks.push(part as Buffer)
        const answer = await fetchFrom(
          `${jsonApi}${request.url ?? ''}`,
          request.method ?? '',
          Buffer.concat(chunks),
        )
        const changed =
          request.url?.startsWith(path) === true
            ? JSON.stringify(change(JSON.parse(answer.text) as Record<string, unknown>))
            : answer.text
        response.writeHead(answer.status, { 'content-type': 'application/json' })
        response.end(changed)
      }
      relay().catch((error: unknown) => {
        response.destroy(error as Error)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function fetchFrom(url: string, method: string, body: Buffer) {
    const { request } = await import('node:http')
    return await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const call = request(
        url,
        { method, headers: { 'content-type': 'application/json' } },
        (answer) => {
          let text = ''
          answer.on('data', (part: Buffer) => (text += part.toString()))
          answer.on('end', () => {
            resolve({ status: answer.statusCode ?? 0, text })
          })
        },
      )
      call.on('error', reject)
      call.end(body.length === 0 ? undefined : body)
    })
  }

  const flip = (base64: unknown): string => {
    const bytes = Buffer.from(String(base64), 'base64')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3)
    return bytes.toString('base64')
  }

  test.each([
    [
      'the combined hash',
      (a: Record<string, unknown>) => ({ ...a, multiHash: flip(a['multiHash']) }),
    ],
    [
      'the fingerprint',
      (a: Record<string, unknown>) => ({ ...a, publicKeyFingerprint: `1220${'ab'.repeat(32)}` }),
    ],
    ['the party id', (a: Record<string, unknown>) => ({ ...a, partyId: 'mallory::1220' })],
    ['the transactions', (a: Record<string, unknown>) => ({ ...a, topologyTransactions: [] })],
    [
      'a transaction twice',
      (a: Record<string, unknown>) => ({
        ...a,
        topologyTransactions: [a['topologyTransactions'], a['topologyTransactions']].flat(),
      }),
    ],
    [
      'a byte of the transaction',
      (a: Record<string, unknown>) => ({
        ...a,
        topologyTransactions: (a['topologyTransactions'] as string[]).map(flip),
      }),
    ],
  ] as const)(
    'about %s of a new party is caught, and nothing is written',
    async (_what, change) => {
      const url = await liar('/v2/parties/external/generate-topology', change)
      const { hint, person, file } = await newParty()
      const code = await refused(4, ...generating(hint, person), '--json-api', url, '-o', file)
      expect(code).toBe('answer-differs')
      expect(existsSync(file)).toBe(false)
    },
  )

  test('by adding a host is caught', async () => {
    const { hint, person, file } = await newParty()
    const other = desk.file('other.json')
    await done(...generating(hint, person), '--observing', uid(1), ...ledger('JSON'), '-o', other)
    const { transactions } = JSON.parse(readFileSync(other, 'utf8')) as {
      transactions: { transaction: string }[]
    }
    const url = await liar('/v2/parties/external/generate-topology', (answer) => ({
      ...answer,
      topologyTransactions: transactions.map(({ transaction }) => transaction),
    }))
    expect(await refused(4, ...generating(hint, person), '--json-api', url, '-o', file)).toBe(
      'answer-differs',
    )
  })

  test.each([
    [
      'its hash',
      (a: Record<string, unknown>) => ({
        ...a,
        preparedTransactionHash: flip(a['preparedTransactionHash']),
      }),
      4,
      'answer-differs',
    ],
    [
      'its scheme',
      (a: Record<string, unknown>) => ({ ...a, hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V3' }),
      4,
      'answer-differs',
    ],
    [
      'its bytes',
      (a: Record<string, unknown>) => ({ ...a, preparedTransaction: 'AAAA' }),
      7,
      'response-malformed',
    ],
    [
      'its base64',
      (a: Record<string, unknown>) => ({ ...a, preparedTransaction: '*' }),
      7,
      'response-malformed',
    ],
  ] as const)('about a prepared transaction: %s', async (_what, change, exit, code) => {
    const { party } = await allocated('JSON')
    const command = desk.file('lie.json')
    writeFileSync(
      command,
      JSON.stringify({
        CreateCommand: {
          templateId: '#cantosign-sandbox:Main:Note',
          createArguments: { owner: party },
        },
      }),
    )
    const url = await liar('/v2/interactive-submission/prepare', change)
    const file = desk.file('lie.prepared')
    expect(
      await refused(
        exit,
        'transaction',
        'prepare',
        command,
        '--act-as',
        party,
        '--json-api',
        url,
        '-o',
        file,
      ),
    ).toBe(code)
    expect(existsSync(file)).toBe(false)
  })

  const early = ['--max-record-time', '2100-01-01T00:00:00Z']
  const late = ['--max-record-time', '2100-01-01T00:00:00.000001Z']
  test.each([
    ['another command', 'Transfer', [], [], 'other-template'],
    ['another command id', 'Note', ['--command-id', 'c2'], ['--command-id', 'c1'], 'other-command'],
    ['a later end', 'Note', late, early, '2100-01-01T00:00:00.000001Z'],
    ['no end', 'Note', [], early, 'no latest record time'],
  ] as const)('by preparing %s is caught', async (what, name, prepared, asked, words) => {
    const { party } = await allocated('JSON')
    const fileOf = (template: string): string => {
      const file = desk.file(`${what} ${template}.json`)
      const createArguments = { owner: party }
      const templateId = `#cantosign-sandbox:Main:${template}`
      writeFileSync(file, JSON.stringify({ CreateCommand: { templateId, createArguments } }))
      return file
    }
    const argumentsOf = (file: string, more: readonly string[]): readonly string[] => [
      ...['transaction', 'prepare', file, '--act-as', party],
      ...(more.includes('--command-id') ? more : ['--command-id', 'c1', ...more]),
    ]
    const wrong = desk.file(`${what}.prepared`)
    await done(...argumentsOf(fileOf(name), prepared), ...ledger('JSON'), '-o', wrong)
    const { preparedTransactions } = JSON.parse(readFileSync(wrong, 'utf8')) as {
      preparedTransactions: { preparedTransaction: string; hash: string }[]
    }
    const [entry] = preparedTransactions
    const url = await liar('/v2/interactive-submission/prepare', (answer) => ({
      ...answer,
      preparedTransaction: entry?.preparedTransaction,
      preparedTransactionHash: Buffer.from(entry?.hash ?? '', 'hex').toString('base64'),
    }))
    const never = desk.file(`${what}.never`)
    const run = await online(
      ...argumentsOf(fileOf('Note'), asked),
      ...['--json-api', url, '-o', never, '--json'],
    )
    expect(run.status, run.stdout).toBe(4)
    const { error } = run.json as { error: { code: string; message: string } }
    expect(error.code).toBe('answer-differs')
    expect(error.message).toContain(words)
    expect(existsSync(never)).toBe(false)
  })
})

describe('a command file', { timeout: 60_000 }, () => {
  const template = '#cantosign-sandbox:Main:Note'
  test.each([
    ['that is a list', []],
    ['that is empty', {}],
    [
      'with two commands',
      { CreateCommand: { templateId: template, createArguments: {} }, ExerciseCommand: {} },
    ],
    ['of a kind that makes two roots', { CreateAndExerciseCommand: {} }],
    ['of no kind', { DeleteCommand: {} }],
    ['without arguments', { CreateCommand: { templateId: template } }],
    [
      'with a member too many',
      { CreateCommand: { templateId: template, createArguments: {}, extra: 1 } },
    ],
    [
      'with a template that is none',
      { CreateCommand: { templateId: 'Note', createArguments: {} } },
    ],
    [
      'with a choice that is empty',
      {
        ExerciseCommand: { templateId: template, contractId: '00', choice: '', choiceArgument: {} },
      },
    ],
  ])('%s is refused', async (_what, content) => {
    const command = desk.file('bad.json')
    writeFileSync(command, JSON.stringify(content))
    expect(
      await refused(
        3,
        'transaction',
        'prepare',
        command,
        '--act-as',
        `a::1220${'ab'.repeat(32)}`,
        ...ledger('JSON'),
        '-o',
        desk.file('x'),
      ),
    ).toBe('command-invalid')
  })

  test.each([
    ['nobody who acts', [], 'usage'],
    [
      'a time that is none',
      ['--act-as', `a::1220${'ab'.repeat(32)}`, '--max-record-time', '2030-02-31T00:00:00Z'],
      'usage',
    ],
  ] as const)('with %s is not sent', async (_what, more, code) => {
    const command = desk.file('good.json')
    writeFileSync(
      command,
      JSON.stringify({ CreateCommand: { templateId: template, createArguments: {} } }),
    )
    expect(
      await refused(
        2,
        'transaction',
        'prepare',
        command,
        ...more,
        ...ledger('JSON'),
        '-o',
        desk.file('x'),
      ),
    ).toBe(code)
  })

  const typed = { packageId: '#p', moduleName: 'Main', entityName: 'Note' }
  test.each([
    ['a template as text', { create: { templateId: template, createArguments: { fields: [] } } }],
    ['no arguments', { create: { templateId: typed } }],
    [
      'a value without a type',
      { create: { templateId: typed, createArguments: { fields: [{ value: 'x' }] } } },
    ],
    [
      'a value of two types',
      {
        create: {
          templateId: typed,
          createArguments: { fields: [{ value: { text: 'x', party: 'y' } }] },
        },
      },
    ],
    [
      'a value of no type',
      { create: { templateId: typed, createArguments: { fields: [{ value: { word: 'x' } }] } } },
    ],
    [
      'a number that is none',
      { create: { templateId: typed, createArguments: { fields: [{ value: { int64: '1.5' } }] } } },
    ],
    [
      'a number beyond 64 bits',
      {
        create: {
          templateId: typed,
          createArguments: { fields: [{ value: { int64: '9223372036854775808' } }] },
        },
      },
    ],
    [
      'a 64-bit number that is no text',
      { create: { templateId: typed, createArguments: { fields: [{ value: { int64: 1 } }] } } },
    ],
    [
      'two commands',
      { create: { templateId: typed, createArguments: { fields: [] } }, exercise: {} },
    ],
    [
      'a choice without its contract',
      { exercise: { templateId: typed, choice: 'Archive', choiceArgument: { unit: {} } } },
    ],
  ])('for gRPC with %s is refused', async (_what, content) => {
    const command = desk.file('bad-typed.json')
    writeFileSync(command, JSON.stringify(content))
    const acting = ['--act-as', `a::1220${'ab'.repeat(32)}`]
    expect(
      await refused(
        3,
        'transaction',
        'prepare',
        command,
        ...acting,
        ...ledger('gRPC'),
        '-o',
        desk.file('x'),
      ),
    ).toBe('command-invalid')
  })

  test('for one transport is not sent over the other', async () => {
    const party = `a::1220${'ab'.repeat(32)}`
    const [json, grpc] = [desk.file('json.json'), desk.file('grpc.json')]
    writeFileSync(json, JSON.stringify(untypedNote(party)))
    writeFileSync(grpc, JSON.stringify(typedNote(party)))
    for (const [command, transport] of [
      [json, 'gRPC'],
      [grpc, 'JSON'],
    ] as const) {
      expect(
        await refused(
          2,
          'transaction',
          'prepare',
          command,
          '--act-as',
          party,
          ...ledger(transport),
          '-o',
          desk.file('x'),
        ),
      ).toBe('usage')
    }
  })

  test('whose participant has no such contract is refused by it', async () => {
    const { party } = await allocated('gRPC')
    const command = desk.file('exercise.json')
    writeFileSync(
      command,
      JSON.stringify({
        exercise: {
          templateId: typed,
          contractId: `00${'ab'.repeat(40)}`,
          choice: 'Archive',
          choiceArgument: { unit: {} },
        },
      }),
    )
    expect(
      await refused(
        7,
        'transaction',
        'prepare',
        command,
        '--act-as',
        party,
        ...ledger('gRPC'),
        '-o',
        desk.file('x'),
      ),
    ).toBe('ledger-refused')
  })
})
