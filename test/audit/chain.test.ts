/** The chain of an audit log: what is one, and that nothing in it can be changed unseen. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { verifyAuditLog, type AuditSummary } from '../../src/audit/chain.ts'
import {
  encodeEntry,
  NO_PREVIOUS,
  parseEntry,
  type AuditEntry,
  type AuditFacts,
} from '../../src/audit/entry.ts'
import { CantosignError } from '../../src/base/errors.ts'

const FACTS: AuditFacts = {
  event: 'signed',
  user: '1000',
  host: 'custody',
  program: 'cantosign-online 0.1.0',
  command: 'sign',
  file: 'transfer.cantosign.json',
  key: `1220${'ab'.repeat(32)}`,
  signer: 'awskms',
  approval: 'policy',
  policy: 'cd'.repeat(32),
  transactions: [{ hash: `1220${'01'.repeat(32)}`, rule: 'hosting' }],
  combined: null,
  signatures: ['ef'.repeat(32)],
  error: null,
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Lines that follow one another, by the description in docs/audit.md and not by the program. */
function lines(count: number, change: (i: number) => Partial<AuditEntry> = () => ({})): string[] {
  const made: string[] = []
  for (let i = 0; i < count; i++) {
    const last = made.at(-1)
    const previous = last === undefined ? '0'.repeat(64) : sha256(last)
    const time = `2026-11-26T12:00:0${i}.000Z`
    made.push(encodeEntry({ ...FACTS, sequence: i, previous, time, ...change(i) }))
  }
  return made
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size))
  }
}

async function verify(
  text: string | Uint8Array,
  heads: readonly string[] = [],
  size = 1000,
): Promise<AuditSummary> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  return await verifyAuditLog('log', chunked(bytes, size), heads)
}

async function code(text: string | Uint8Array, heads: readonly string[] = []): Promise<string> {
  try {
    await verify(text, heads)
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'ok'
}

const log = (made: readonly string[]): string => made.map((line) => `${line}\n`).join('')

describe('a sound log', () => {
  test('is counted, and its head is the hash of its last line', async () => {
    const made = lines(3, (i) => ({ event: i === 1 ? 'refused' : 'signed' }))
    expect(await verify(log(made))).toEqual({
      entries: 3,
      head: sha256(made[2] ?? ''),
      first: '2026-11-26T12:00:00.000Z',
      last: '2026-11-26T12:00:02.000Z',
      events: { signed: 2, refused: 1, failed: 0 },
      clockWentBack: [],
    })
  })

  test('may be empty', async () => {
    expect(await verify('')).toMatchObject({ entries: 0, head: null })
  })

  test('is the same whatever the pieces that it is read in', async () => {
    const whole = await verify(log(lines(4)))
    for (const size of [1, 7, 64, 4096])
      expect(await verify(log(lines(4)), [], size)).toEqual(whole)
  })

  test('tells where the clock went back', async () => {
    const made = lines(3, (i) => (i === 1 ? { time: '2020-01-01T00:00:00.000Z' } : {}))
    expect((await verify(log(made))).clockWentBack).toEqual([1])
  })
})

describe('what was done to a log is seen', () => {
  const made = lines(5)
  test.each([
    ['a line taken out', made.filter((_, i) => i !== 2)],
    ['the first line taken out', made.slice(1)],
    ['a line put in twice', [...made.slice(0, 2), made[1] ?? '', ...made.slice(2)]],
    ['two lines exchanged', [made[0], made[2], made[1], made[3], made[4]] as string[]],
    ['an empty line', [...made, '']],
    ['a line with a space behind it', [...made.slice(0, 4), `${made[4] ?? ''} `]],
    [
      'the chain of another log',
      [...made.slice(0, 2), ...lines(5, () => ({ user: '0' })).slice(2)],
    ],
    ['a return before the newline', made.map((line) => `${line}\r`)],
  ])('%s', async (_what, changed) => {
    expect(await code(log(changed))).toBe('audit-log-broken')
  })

  test('an end that was cut off at a line, by who knows a later head', async () => {
    const head = sha256(made[4] ?? '')
    expect(await code(log(made), [head, sha256(made[1] ?? '')])).toBe('ok')
    expect(await code(log(made.slice(0, 4)))).toBe('ok')
    expect(await code(log(made.slice(0, 4)), [head])).toBe('audit-log-shortened')
    expect(await code('', [head])).toBe('audit-log-shortened')
  })

  test('an end in the middle of a line, wherever', async () => {
    const text = log(made)
    const last = made[4]?.length ?? 0
    for (const cut of [1, 2, last >> 1, last]) {
      expect(await code(text.slice(0, -cut))).toBe('audit-log-torn')
    }
    expect(await code(text.slice(0, -last - 1))).toBe('ok')
  })

  property.prop([fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'any byte changed to any other, but for the hash of the last line that nobody keeps',
    async (at, by) => {
      const bytes = new Uint8Array(Buffer.from(log(made)))
      // What follows the last line would hold its hash: all before it is bound.
      const bound = bytes.length - (made[4]?.length ?? 0) - 1
      const place = at % bound
      bytes[place] = (bytes[place] ?? 0) ^ by
      expect(await code(bytes)).toBe('audit-log-broken')
    },
  )
})

describe('an entry', () => {
  const entry: AuditEntry = {
    ...FACTS,
    sequence: 0,
    previous: NO_PREVIOUS,
    time: '2026-11-26T12:00:00.000Z',
  }
  const line = encodeEntry(entry)

  test('has one encoding, in which nothing changes a terminal', () => {
    expect(parseEntry(line)).toEqual({ ...entry, version: 1 })
    const odd = encodeEntry({ ...entry, file: 'a\u202eb\u0007c\nd' })
    expect(odd).not.toMatch(/[^\x20-\x7e]/)
    expect(parseEntry(odd)?.file).toBe('a\u202eb\u0007c\nd')
  })

  test('has the members of docs/audit.md section 2, in that order', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')
    const section = page.slice(page.indexOf('## 2.'), page.indexOf('## 3.'))
    const named = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
      cell.split(', ').map((name) => name.replaceAll('`', '').trim()),
    )
    expect(named).toEqual(Object.keys(JSON.parse(line) as object))
  })

  test.each([
    ['another version', line.replace('"version":1', '"version":2')],
    ['an unknown member', line.replace('{', '{"more":1,')],
    ['a member at the end', line.replace(/\}$/, ',"more":1}')],
    ['a member that is missing', line.replace('"user":"1000",', '')],
    ['a member twice', line.replace('"user":"1000",', '"user":"1000","user":"1000",')],
    [
      'members in another order',
      line.replace('"user":"1000","host":"custody"', '"host":"custody","user":"1000"'),
    ],
    ['white space', line.replace(',', ', ')],
    ['an escape that is not needed', line.replace('custody', 'cust\\u006fdy')],
    ['a number as text', line.replace('"sequence":0', '"sequence":"0"')],
    ['a negative number', line.replace('"sequence":0', '"sequence":-1')],
    ['a fraction', line.replace('"sequence":0', '"sequence":0.5')],
    ['a time of another form', line.replace('12:00:00.000Z', '12:00:00Z')],
    ['a time that is none', line.replace('2026-11-26', '2026-13-26')],
    ['an unknown event', line.replace('"signed"', '"approved"')],
    ['an unknown approval', line.replace('"policy","policy"', '"nobody","policy"')],
    ['a hash of another length', line.replace('01'.repeat(32), '01'.repeat(31))],
    ['a hash in capitals', line.replace('cd'.repeat(32), 'CD'.repeat(32))],
    ['null where it may not be', line.replace('"user":"1000"', '"user":null')],
    ['a list', `[${line}]`],
    ['nothing', ''],
  ])('is not one with %s', (_what, text) => {
    expect(text).not.toBe(line)
    expect(parseEntry(text)).toBeUndefined()
  })
})
