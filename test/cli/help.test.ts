/** What `--help` says, held against the command table. */
import { describe, expect, test } from 'vitest'
import type { CommandSpec } from '../../cli/command.ts'
import { BUILD_KINDS, BUILD_OPTIONS, foreignOptions } from '../../cli/commands/build-options.ts'
import { COMMANDS } from '../../cli/commands/table.ts'
import { ONLINE_COMMANDS } from '../../cli/commands/online-table.ts'
import { readPlainCommandLine } from '../../cli/plain-arguments.ts'
import { helpText } from '../../cli/present/help.ts'
import { run } from './support/program.ts'

const TABLES = { cantosign: COMMANDS, 'cantosign-online': ONLINE_COMMANDS }
const every = Object.entries(TABLES).flatMap(([program, commands]) =>
  commands.map((command): readonly [string, readonly CommandSpec[], CommandSpec] => [
    `${program} ${command.words.join(' ')}`,
    commands,
    command,
  ]),
)

/** The words of an example as a shell makes them: quotes are for what holds spaces. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

describe.each(every)('%s', (name, commands, command) => {
  const [program = ''] = name.split(' ')
  const text = helpText(program, commands, command.words)

  test('says how an option is given: its value, its choices, whether it is repeated', () => {
    for (const { name: option, value, choices, kind } of command.options) {
      expect(text).toContain(`--${option}${value === undefined ? '' : ` ${value}`}`)
      for (const choice of choices ?? []) expect(text).toContain(choice)
      if (kind === 'flag') expect(value).toBeUndefined()
      else expect(value).toMatch(/^[A-Z]/)
    }
    const repeated = command.options.filter(({ kind }) => kind === 'strings').length
    expect(text.match(/\(repeatable\)/g)?.length ?? 0).toBe(repeated)
  })

  test('fits a terminal', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('shows examples that are command lines of it', () => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const example of command.examples) {
      expect(text.replace(/ \\\n +/g, ' ')).toContain(`  ${program} ${example}`)
      const call = readPlainCommandLine(commands, wordsOf(example))
      expect(call?.command.words, example).toEqual(command.words)
    }
  })
})

test('every example of the air-gapped program is one of the other as well', () => {
  for (const { words, examples } of COMMANDS) {
    const online = ONLINE_COMMANDS.find((one) => one.words.join() === words.join())
    expect(online?.examples).toEqual(expect.arrayContaining([...examples]))
  }
})

test.each([
  ['--help', ''],
  ['help', ''],
  ['--json --help', ''],
  ['key --help', 'key'],
  ['help key', 'key'],
  ['key show --help', 'key show'],
  ['sign --help', 'sign'],
  ['--help sign', 'sign'],
  ['sign file --key k --help', 'sign'],
])('cantosign %s', (line, words) => {
  const json = line.includes('--json')
  const { status, stdout, stderr } = run(line.split(' '))
  const expected = helpText('cantosign', COMMANDS, words === '' ? [] : words.split(' '))
  const shown = json ? (JSON.parse(stdout) as { readonly help: string }).help : stdout.trimEnd()
  expect({ status, stderr, shown }).toEqual({ status: 0, stderr: '', shown: expected })
})

test.each(BUILD_KINDS)('build %s --help lists what this kind takes, and no more', (kind) => {
  const { status, stdout } = run(['build', kind, '--help'])
  expect(status).toBe(0)
  expect(stdout).toContain(`cantosign build ${kind} [options]`)
  const foreign = new Set(foreignOptions(kind).map(({ name }) => name))
  expect(foreign.size).toBeGreaterThan(3)
  const listed = [...stdout.matchAll(/^ {2}(?:-., )?--([a-z-]+)/gm)].map(([, name = '']) => name)
  for (const { name } of BUILD_OPTIONS) expect(listed.includes(name), name).toBe(!foreign.has(name))
})

describe('a mistake is told in the words of the command line', () => {
  test.each([
    ['sing file', 'there is no command sing', 'cantosign --help'],
    ['key shout', 'there is no command key shout', 'cantosign key --help'],
    ['key', 'key needs one more word: generate, show, list or convert', 'cantosign key --help'],
    ['sign --key k', 'sign needs <file>', 'cantosign sign --help'],
    ['hash', 'hash needs <files..>', 'cantosign hash --help'],
    ['sign f g --key k', 'sign does not take g', 'cantosign sign --help'],
    ['sign f --key', '--key has no value', 'cantosign sign --help'],
    ['sign f -o', '-o has no value', 'cantosign sign --help'],
    ['sign f --loud', 'there is no option --loud', 'cantosign sign --help'],
    [
      'key generate --key-spec rsa',
      '--key-spec rsa is none of ed25519, p256, p384, secp256k1',
      'cantosign key generate --help',
    ],
    ['completion tcsh', 'tcsh is none of bash, zsh, fish', 'cantosign completion --help'],
  ])('%s', (line, message, help) => {
    const { status, stderr } = run(line.split(' '))
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `cantosign: error: ${message} [usage]\ncantosign: hint: see ${help}\n`,
    })
  })
})
