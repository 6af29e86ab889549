/** What every program does before and around its commands. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, cpSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { programPath, root, run, runJson, scratch, type ProgramName } from './support/program.ts'

const PROGRAMS: readonly ProgramName[] = ['cantosign', 'cantosign-online']
const sha256 = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

function runCopy(
  path: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' })
}

describe.each(PROGRAMS)('%s', (program) => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }

  test.each([['--version'], ['sign', '--version'], ['--version', '--no-such-option']])(
    'tells its version and the SHA-256 of its file: %s %s',
    (...args) => {
      const { status, stdout, stderr } = run(args, { program })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toBe(`${program} ${version}\nsha256 ${sha256(programPath(program))}\n`)
    },
  )

  test('tells its version as JSON', () => {
    expect(runJson(['--version'], { program })).toEqual({
      status: 0,
      document: { name: program, version, sha256: sha256(programPath(program)) },
    })
  })

  test.each(['--help', 'sign --help', 'key --help'])('helps: %s', (line) => {
    const { status, stdout, stderr } = run(line.split(' '), { program })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(program)
    expect(Math.max(...stdout.split('\n').map((text) => text.length))).toBeLessThanOrEqual(100)
  })

  test.each(['--help', 'sign --help'])('helps in a document with --json: %s', (line) => {
    const { stdout } = run(line.split(' '), { program })
    expect(runJson(line.split(' '), { program })).toEqual({
      status: 0,
      document: { help: stdout.trimEnd() },
    })
  })

  test.each([
    ['nothing at all', ''],
    ['an unknown command', 'shout'],
    ['half a command', 'key'],
    ['an unknown second word', 'key shout'],
    ['an unknown option', 'hash --loud file'],
    ['a missing argument', 'hash'],
    ['an argument too many', 'namespace decentralized one'],
    ['a missing value', 'sign file --key'],
    ['an option in place of a value', 'sign file --key --detached'],
    ['a value that is no choice', 'sign file --proposal perhaps'],
    ['an option given twice', 'sign file --key a --key b'],
    ['an empty value', 'sign file --key='],
    ['a value for a flag', 'sign file --detached=perhaps'],
    ['a list of values after one option', 'namespace decentralized --owner a b'],
  ])('refuses %s with one message and one hint, as text and as JSON', (_what, line) => {
    const args = line === '' ? [] : line.split(' ')
    const text = run(args, { program })
    expect(text.status).toBe(2)
    expect(text.stdout).toBe('')
    expect(text.stderr).toMatch(
      /^cantosign[a-z-]*: error: .+ \[[a-z-]+\]\ncantosign[a-z-]*: hint: .+\n$/,
    )
    const { status, document } = runJson(args, { program })
    expect(status).toBe(2)
    expect(document).toEqual({
      error: {
        code: expect.stringMatching(/^[a-z-]+$/) as string,
        message: expect.any(String) as string,
        hint: expect.any(String) as string,
        details: {},
      },
    })
  })

  test('is one file that runs wherever it is copied to, whatever the name of the directory', () => {
    const directory = join(scratch(), 'ünïcode dir #1 %20?')
    mkdirSync(directory)
    cpSync(programPath(program), join(directory, `${program}.mjs`))
    const { status, stdout } = runCopy(join(directory, `${program}.mjs`), ['completion', 'bash'])
    expect(status).toBe(0)
    expect(stdout).toContain(program)
  })
})

test.each([
  ['hash --loud file', 'loud'],
  ['hash', 'hash needs <files..>'],
  ['sign file --key', 'key'],
  ['shout', 'shout'],
  ['sign f --proposal perhaps', 'true'],
])('a mistake is named: %s', (line, named) => {
  expect(run(line.split(' ')).stderr.split('\n')[0]).toContain(named)
})

test('text from the command line is shown without its control characters', () => {
  const { status, stderr } = run(['hash', 'a\u001b[2Jb\u202ec'])
  expect(status).toBe(3)
  expect(stderr).toContain('a\\u{1b}[2Jb\\u{202e}c')
  expect(stderr).not.toMatch(/[\u001b\u202e]/)
})

test('a reader that goes away is no failure', async () => {
  const child = spawn(process.execPath, [programPath(), 'completion', 'bash'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const status = await new Promise((resolve) => child.on('close', resolve))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('output that cannot be written is told, once, and is no success', () => {
  const full = openSync('/dev/full', 'w')
  try {
    const { status, stderr } = spawnSync(process.execPath, [programPath(), 'completion', 'bash'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^cantosign: error: .*ENOSPC \[output-unwritable\]\ncantosign: hint: .+\n$/,
    )
  } finally {
    closeSync(full)
  }
})
