/** Writing to an audit log: one writer at a time, whole lines, nothing on top of what is damaged. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { verifyAuditLog } from '../../src/audit/chain.ts'
import type { AuditFacts } from '../../src/audit/entry.ts'
import { appendAuditEntry, checkAuditLog } from '../../src/audit/log.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { openChunks } from '../../src/host/files.ts'

const root = mkdtempSync(join(tmpdir(), 'cantosign-audit-'))
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})
let logs = 0
function newLog(): string {
  const directory = join(root, String(logs++))
  mkdirSync(directory)
  return join(directory, 'audit.log')
}

const FACTS: AuditFacts = {
  event: 'refused',
  user: '1000',
  host: 'custody',
  program: 'cantosign 0.1.0',
  command: 'sign',
  file: 'x',
  key: null,
  signer: 'file',
  approval: 'yes',
  policy: null,
  transactions: [],
  combined: null,
  signatures: [],
  error: { code: 'policy-refused', message: 'no rule allows it' },
}
const TIME = Date.UTC(2026, 10, 26)
const append = (path: string): number =>
  appendAuditEntry(path, FACTS, TIME, { patienceMilliseconds: 100 }).sequence
function refusal(path: string): string {
  try {
    append(path)
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'written'
}

const lines = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n')

test("entries follow one another; the file is its owner's and no lock stays", async () => {
  const path = newLog()
  checkAuditLog(path)
  expect(statSync(path).size).toBe(0)
  const written = [0, 1, 2].map(() => appendAuditEntry(path, FACTS, TIME))
  expect(written.map(({ sequence }) => sequence)).toEqual([0, 1, 2])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(path, '..'))).toEqual(['audit.log'])
  const summary = await verifyAuditLog(path, openChunks(path))
  expect(summary).toMatchObject({ entries: 3, head: written[2]?.hash })
})

test('entries longer than what is read at once', async () => {
  const path = newLog()
  const long = { ...FACTS, file: 'x'.repeat(200_000) }
  for (let i = 0; i < 3; i++) appendAuditEntry(path, long, TIME)
  expect(append(path)).toBe(3)
  expect((await verifyAuditLog(path, openChunks(path))).entries).toBe(4)
  const before = statSync(path).size
  expect(() => appendAuditEntry(path, { ...FACTS, file: 'x'.repeat(5_000_000) }, TIME)).toThrow(
    'too long',
  )
  expect(statSync(path).size).toBe(before)
})

describe('nothing is written on top of what is damaged', () => {
  const damaged = (damage: (path: string) => void): string => {
    const path = newLog()
    append(path)
    append(path)
    damage(path)
    return path
  }
  test.each<[string, (path: string) => void, string]>([
    [
      'a torn last line',
      (path) => {
        truncateSync(path, statSync(path).size - 5)
      },
      'audit-log-torn',
    ],
    [
      'a last line without its newline',
      (path) => {
        truncateSync(path, statSync(path).size - 1)
      },
      'audit-log-torn',
    ],
    [
      'a line that is none',
      (path) => {
        appendFileSync(path, 'x\n')
      },
      'audit-log-broken',
    ],
    [
      'an empty line',
      (path) => {
        appendFileSync(path, '\n')
      },
      'audit-log-broken',
    ],
    [
      'bytes that are no text',
      (path) => {
        appendFileSync(path, Buffer.of(0xff, 0x0a))
      },
      'audit-log-broken',
    ],
    [
      'zeros, as a power failure leaves them',
      (path) => {
        appendFileSync(path, Buffer.alloc(100))
      },
      'audit-log-torn',
    ],
    [
      'another file altogether, without a newline at its end',
      (path) => {
        writeFileSync(path, 'one line\nand half of one')
      },
      'audit-log-broken',
    ],
    [
      'another file altogether',
      (path) => {
        writeFileSync(path, 'hello\n')
      },
      'audit-log-broken',
    ],
  ])('%s', (_what, damage, code) => {
    const path = damaged(damage)
    const before = readFileSync(path)
    expect(refusal(path)).toBe(code)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a torn line that was cut off is written on', async () => {
    const path = damaged((log) => {
      truncateSync(log, statSync(log).size - 5)
    })
    const [first = ''] = lines(path)
    writeFileSync(path, `${first}\n`)
    expect(append(path)).toBe(1)
    expect((await verifyAuditLog(path, openChunks(path))).entries).toBe(2)
  })
})

test.each<[string, (path: string) => void]>([
  [
    'a directory',
    (path) => {
      mkdirSync(path)
    },
  ],
  [
    'a device',
    (path) => {
      symlinkSync('/dev/full', path)
    },
  ],
  [
    'a pipe',
    (path) => {
      spawnSync('mkfifo', [path])
    },
  ],
  [
    'a link in a circle',
    (path) => {
      symlinkSync(path, path)
    },
  ],
])('%s is no audit log', (_what, make) => {
  const path = newLog()
  make(path)
  expect(refusal(path)).toBe('audit-log-unwritable')
})

test('a directory that is not there', () => {
  const path = join(root, 'none', 'audit.log')
  expect(refusal(path)).toBe('audit-log-unwritable')
  expect(() => {
    checkAuditLog(path)
  }).toThrow(`the directory ${join(root, 'none')}: it does not exist`)
  expect(refusal('a\0b')).toBe('audit-log-unwritable')
})

test.each([
  ['for the line', 2],
  ['for anything', 0],
] as const)('a disk without room %s is left as it was', (_what, blocks) => {
  const path = newLog()
  append(path)
  const before = statSync(path).size
  // A limit on the size of files stands for the disk: the next line does not fit.
  const script = `
    import { appendAuditEntry } from ${JSON.stringify(join(import.meta.dirname, '../../src/audit/log.ts'))}
    try { appendAuditEntry(${JSON.stringify(path)}, ${JSON.stringify({ ...FACTS, file: 'x'.repeat(3000) })}, 0) }
    catch (error) { console.log(error.code) }`
  const file = join(path, '..', 'append.ts')
  writeFileSync(file, script)
  const bundle = join(path, '..', 'append.mjs')
  spawnSync(
    join(import.meta.dirname, '../../node_modules/.bin/esbuild'),
    [file, '--bundle', '--platform=node', '--format=esm', `--outfile=${bundle}`],
    { encoding: 'utf8' },
  )
  const files = readdirSync(join(path, '..'))
  const child = spawnSync(
    'bash',
    ['-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, '-', process.execPath, bundle],
    {
      encoding: 'utf8',
    },
  )
  expect(child.stdout.trim()).toBe('audit-log-unwritable')
  expect(statSync(path).size).toBe(before)
  expect(readdirSync(join(path, '..'))).toEqual(files)
  expect(append(path)).toBe(1)
})

describe('the lock', () => {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  const pidNamespace = spawnSync('readlink', ['/proc/self/ns/pid'], {
    encoding: 'utf8',
  }).stdout.trim()
  const statOf = (pid: number): readonly string[] =>
    readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
  const startOf = (pid: number): string => statOf(pid)[19] ?? ''
  const holder = (change: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      host: hostname(),
      boot: bootId,
      pidNamespace,
      pid: process.pid,
      started: startOf(process.pid),
      ...change,
    })
  const lockedBy = (text: string): string => {
    const path = newLog()
    writeFileSync(`${path}.lock`, text)
    return path
  }

  test.each([
    ['a process that is there', holder()],
    ['another machine', holder({ host: 'elsewhere', pid: 2 ** 22 - 1 })],
    ['another container', holder({ pidNamespace: 'pid:[1]', pid: 2 ** 22 - 1 })],
    ['nobody knows whom', ''],
    ['something else', '{"pid":"x"}'],
  ])('of %s is waited for, and then refused', (_what, text) => {
    const path = lockedBy(text)
    expect(refusal(path)).toBe('audit-log-locked')
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe(text)
    expect(existsSync(path)).toBe(false)
  })

  test.each([
    ['a process that has ended', holder({ pid: 2 ** 22 - 1 })],
    ['a process whose number another one has now', holder({ started: '1' })],
    ['this machine before it was started anew', holder({ boot: 'another' })],
  ])('of %s gives way', (_what, text) => {
    const path = lockedBy(text)
    expect(append(path)).toBe(0)
    expect(readdirSync(join(path, '..'))).toEqual(['audit.log'])
  })

  test('of a process that has ended is refused while another one seems to take it away', () => {
    const path = lockedBy(holder({ pid: 2 ** 22 - 1 }))
    writeFileSync(`${path}.lock.break`, '')
    expect(() => append(path)).toThrow(
      expect.objectContaining({
        code: 'audit-log-locked',
        details: { lock: `${path}.lock.break` },
      }),
    )
    rmSync(`${path}.lock.break`)
    expect(append(path)).toBe(0)
  })

  test('is taken beside what a process of the same number left when it was killed', () => {
    const path = newLog()
    for (let i = 0; i < 1000; i++) writeFileSync(`${path}.lock.${process.pid}-${i}`, '')
    expect(append(path)).toBe(0)
  })

  test('of a process that has ended, of which its parent takes no notice, gives way', async () => {
    // The shell becomes another program, which does not know that it has a child. The child outlives
    // that: the shell itself would ask how it ended.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'])
    try {
      const [output] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(output.toString())
      await expect.poll(() => statOf(pid)[0], { timeout: 10_000 }).toBe('Z')
      const path = lockedBy(holder({ pid, started: startOf(pid) }))
      expect(append(path)).toBe(0)
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('is one for all the names of a file', () => {
    const path = newLog()
    append(path)
    const link = `${path}.link`
    symlinkSync(path, link)
    writeFileSync(`${path}.lock`, holder())
    expect(refusal(link)).toBe('audit-log-locked')
    rmSync(`${path}.lock`)
    expect(append(link)).toBe(1)
  })
})
