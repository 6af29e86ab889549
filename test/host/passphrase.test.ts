import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readNewPassphrase, readPassphrase } from '../../src/host/passphrase.ts'
import type { Terminal } from '../../src/host/terminal.ts'
import { codeOf } from '../support/keys.ts'
import { temporaryFile } from '../support/openssl.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A terminal at which these lines are typed, one a question. */
function terminalWith(...lines: readonly Uint8Array[]): {
  readonly terminal: Terminal
  readonly prompts: readonly string[]
} {
  const prompts: string[] = []
  const terminal: Terminal = {
    interactive: true,
    ask: () => Promise.reject(new Error('a passphrase is not asked for with echo')),
    readSecret: (prompt) => {
      prompts.push(prompt)
      return Promise.resolve(lines[prompts.length - 1] ?? new Uint8Array())
    },
  }
  return { terminal, prompts }
}

const fromFile = async (content: Uint8Array | string): Promise<Uint8Array> =>
  await readPassphrase({ $case: 'file', path: temporaryFile(content) }, 'unused')

describe('a passphrase file', () => {
  test.each([
    ['as it is', 'secret', 'secret'],
    ['without its newline', 'secret\n', 'secret'],
    ['without its CRLF', 'secret\r\n', 'secret'],
    ['with the spaces around it', '  secret  \n', '  secret  '],
    ['in UTF-8', 'pässwörd 日本\n', 'pässwörd 日本'],
    ['of 1,024 bytes', `${'x'.repeat(1024)}\n`, 'x'.repeat(1024)],
  ])('is read %s', async (_name, content, expected) => {
    expect(await fromFile(content)).toEqual(bytes(expected))
  })

  test('need not be text', async () => {
    const content = Uint8Array.of(0, 255, 128, 9)
    expect(await fromFile(content)).toEqual(content)
  })

  test.each([
    ['nothing', ''],
    ['a newline alone', '\n'],
    ['a CRLF alone', '\r\n'],
    ['two newlines at its end', 'secret\n\n'],
    ['two lines', 'secret\nother\n'],
    ['a carriage return inside', 'sec\rret'],
    ['1,025 bytes', 'x'.repeat(1025)],
    ['a megabyte', 'x'.repeat(1 << 20)],
  ])('with %s is refused', async (_name, content) => {
    expect(await codeOf(fromFile(content))).toBe('passphrase-invalid')
  })

  test('that cannot be read is named', async () => {
    for (const path of ['/nonexistent/passphrase', tmpdir(), 'a\0b']) {
      expect(await codeOf(readPassphrase({ $case: 'file', path }, ''))).toBe(
        'passphrase-unreadable',
      )
    }
  })
})

describe('a descriptor', () => {
  test('is read to its end', async () => {
    const descriptor = openSync(temporaryFile('secret\n'), 'r')
    try {
      const source = { $case: 'descriptor', descriptor } as const
      expect(await readPassphrase(source, '')).toEqual(bytes('secret'))
      expect(await codeOf(readPassphrase(source, ''))).toBe('passphrase-invalid')
    } finally {
      closeSync(descriptor)
    }
  })

  test('that is not open is named', async () => {
    const source = { $case: 'descriptor', descriptor: 987_654 } as const
    expect(await codeOf(readPassphrase(source, ''))).toBe('passphrase-unreadable')
  })

  const onLinux = test.runIf(process.platform === 'linux')

  onLinux('that Node.js opened for itself is refused without waiting', async () => {
    const own = readdirSync('/proc/self/fd')
      .map(Number)
      .filter((descriptor) => {
        try {
          const link = readlinkSync(`/proc/self/fd/${descriptor}`)
          return link.startsWith('anon_inode:[event') && !fstatSync(descriptor).isFile()
        } catch {
          return false // the descriptor of the listing itself
        }
      })
    expect(own.length).toBeGreaterThan(1)
    const start = performance.now()
    for (const descriptor of own) {
      const source = { $case: 'descriptor', descriptor } as const
      expect(await codeOf(readPassphrase(source, ''))).toBe('passphrase-unreadable')
    }
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  onLinux('of a pipe is read, unless this program holds its writing end itself', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cantosign-test-'))
    const path = join(directory, 'pipe')
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    const writer = spawn('sh', ['-c', 'echo secret > "$0"', path])
    const descriptor = openSync(path, 'r')
    const source = { $case: 'descriptor', descriptor } as const
    try {
      expect(await readPassphrase(source, '')).toEqual(bytes('secret'))
      const both = openSync(path, 'r+')
      expect(await codeOf(readPassphrase(source, ''))).toBe('passphrase-unreadable')
      closeSync(both)
    } finally {
      writer.kill()
      closeSync(descriptor)
      rmSync(directory, { recursive: true })
    }
  })
})

describe('the terminal', () => {
  test('is asked with the prompt, and what was typed is wiped', async () => {
    const typed = bytes('secret')
    const { terminal, prompts } = terminalWith(typed)
    const source = { $case: 'terminal', terminal } as const
    expect(await readPassphrase(source, 'passphrase of x: ')).toEqual(bytes('secret'))
    expect(prompts).toEqual(['passphrase of x: '])
    expect(typed.every((byte) => byte === 0)).toBe(true)
  })

  test('is asked twice for a new one', async () => {
    const { terminal, prompts } = terminalWith(bytes('secret'), bytes('secret'))
    const source = { $case: 'terminal', terminal } as const
    expect(await readNewPassphrase(source, 'the new key')).toEqual(bytes('secret'))
    expect(prompts.length).toBe(2)
  })

  test.each([
    ['differ', 'secret', 'Secret'],
    ['differ in length', 'secret', 'secret1'],
    ['end with nothing', 'secret', ''],
    ['begin with nothing', '', ''],
  ])('two answers that %s are refused', async (_name, first, second) => {
    const { terminal } = terminalWith(bytes(first), bytes(second))
    const source = { $case: 'terminal', terminal } as const
    expect(await codeOf(readNewPassphrase(source, 'the new key'))).toBe('passphrase-invalid')
  })
})

test('a new passphrase from a file is read once', async () => {
  const source = { $case: 'file', path: temporaryFile('secret') } as const
  expect(await readNewPassphrase(source, 'the new key')).toEqual(bytes('secret'))
})

test.each([
  ['inside', bytes('sec\0ret')],
  ['at its end', bytes('secret\0')],
  ['in every character, as in UTF-16', new Uint8Array(Buffer.from('secret', 'utf16le'))],
])(
  'a new passphrase with a NUL %s is refused: OpenSSL could not be given it',
  async (_, content) => {
    const file = { $case: 'file', path: temporaryFile(content) } as const
    expect(await codeOf(readNewPassphrase(file, 'the new key'))).toBe('passphrase-invalid')
    // What was encrypted with one before is opened all the same.
    expect(await readPassphrase(file, 'unused')).toEqual(content)
    const { terminal, prompts } = terminalWith(content.slice(), content.slice())
    const typed = { $case: 'terminal', terminal } as const
    expect(await codeOf(readNewPassphrase(typed, 'the new key'))).toBe('passphrase-invalid')
    expect(prompts.length).toBe(1)
  },
)
