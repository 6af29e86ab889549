/** Prompts at a terminal, and how they end. The runner fails if the terminal is left in another mode. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixtureBytes } from '../support/vectors.ts'
import { programPath, runAtTerminal, scratch, type TerminalStep } from './support/program.ts'

const hasScript = spawnSync('script', ['--version']).status === 0
if (!hasScript) process.stderr.write('skipped: prompts (there is no script(1))\n')

const PASSPHRASE = 'twelve or more characters'
const FIRST = 'passphrase for the new key key: '
const GENERATE = ['key', 'generate', '--key-spec', 'ed25519', '-o', 'key']

function signing(): string {
  const directory = scratch()
  writeFileSync(
    join(directory, 'hash'),
    Buffer.concat([Buffer.from('1220', 'hex'), Buffer.alloc(32, 7)]),
  )
  writeFileSync(join(directory, 'key.der'), fixtureBytes('keys/ed25519-a.pkcs8.der'), {
    mode: 0o600,
  })
  return directory
}
const SIGN = ['sign', 'hash', '--blind', '--detached', '--key', 'key.der', '-o', 'signature']

describe.runIf(hasScript)('at a prompt for a secret', () => {
  const secret = (answer: string): TerminalStep => ({ prompt: FIRST, answer, secret: true })

  test('nothing that is typed is shown, with standard input and both outputs elsewhere', async () => {
    const directory = scratch()
    const { status, screen, stdout, stderr } = await runAtTerminal(
      GENERATE,
      [secret(`${PASSPHRASE}\r`), { prompt: 'again: ', answer: `${PASSPHRASE}\r`, secret: true }],
      { directory },
    )
    expect(status).toBe(0)
    expect(screen + stdout + stderr).not.toContain(PASSPHRASE)
    expect(existsSync(join(directory, 'key'))).toBe(true)
  })

  test.each([
    ['--passphrase-fd', '0'],
    ['--passphrase-file', '/dev/tty'],
    ['--passphrase-file', '/dev/stdin'],
  ])('the terminal is not read by %s %s, with what is typed shown', async (...option) => {
    const directory = scratch()
    const args = [...GENERATE, ...option, '--json']
    const { status, stdout } = await runAtTerminal(args, [], { directory })
    expect(status).toBe(5)
    expect(stdout).toContain('"code":"passphrase-unreadable"')
    expect(existsSync(join(directory, 'key'))).toBe(false)
  })

  test('what is typed ahead belongs to the next prompt', async () => {
    const directory = scratch()
    const { status } = await runAtTerminal(GENERATE, [secret(`${PASSPHRASE}\r${PASSPHRASE}\r`)], {
      directory,
    })
    expect(status).toBe(0)
  })

  test.each<[string, Partial<TerminalStep>, number]>([
    ['Ctrl-C', { answer: 'half\x03' }, 130],
    ['SIGINT', { signal: 'SIGINT' }, 130],
    ['SIGTERM', { signal: 'SIGTERM' }, 130],
    ['Ctrl-D', { answer: '\x04' }, 8],
    ['an arrow key', { answer: 'half\x1b[A' }, 5],
    ['an empty line', { answer: '\r' }, 5],
  ])('%s ends it, writes nothing and shows no stack', async (_what, step, expected) => {
    const directory = scratch()
    const { status, stderr } = await runAtTerminal(
      GENERATE,
      [{ prompt: FIRST, answer: '', secret: true, ...step }],
      { directory },
    )
    expect(status).toBe(expected)
    expect(stderr).not.toMatch(/\n\s+at |node:/)
    expect(readdirSync(directory).filter((name) => name !== '.home')).toEqual([])
  })
})

describe.runIf(hasScript)('at a question', () => {
  const PROMPT = 'type the last'

  test.each<[string, Partial<TerminalStep>, number]>([
    ['the right answer', { answer: '07070707\r' }, 0],
    ['the right answer after a correction', { answer: '0808\x15' + '07070707\r' }, 0],
    ['a wrong answer', { answer: '07070708\r' }, 8],
    ['an empty answer', { answer: '\r' }, 8],
    ['yes', { answer: 'yes\r' }, 8],
    ['Ctrl-D', { answer: '\x04' }, 8],
    ['Ctrl-C', { answer: '\x03' }, 130],
    ['SIGTERM', { signal: 'SIGTERM' }, 130],
  ])('%s ends it', async (_what, step, expected) => {
    const directory = signing()
    const { status, stderr } = await runAtTerminal(
      SIGN,
      [{ prompt: PROMPT, answer: '', ...step }],
      { directory },
    )
    expect({ status, stderr: status === expected ? '' : stderr }).toEqual({
      status: expected,
      stderr: '',
    })
    expect(existsSync(join(directory, 'signature'))).toBe(expected === 0)
  })
})

/** The program inside a process that goes on, as it does between the records of a long file. */
const ENDLESS = `
  process.argv = [process.argv[0], process.argv[1], 'completion', 'bash']
  setInterval(() => undefined, 1000)
  import(require('node:url').pathToFileURL(process.argv[1]))
`

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends the program with 130',
  async (signal) => {
    const child = spawn(process.execPath, ['-e', ENDLESS, programPath()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    // The first output shows that the program runs.
    child.stdout.once('data', () => child.kill(signal))
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130)
  },
)
