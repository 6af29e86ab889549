/** The two readers of a command line: what the plain one takes, yargs takes in the same way. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { parseCommandLine, type ParsedCommandLine } from '../../cli/arguments.ts'
import type { CommandCall } from '../../cli/command-arguments.ts'
import { GLOBAL_OPTIONS, type CommandSpec, type OptionSpec } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands/table.ts'
import { readPlainCommandLine } from '../../cli/plain-arguments.ts'

async function byYargs(argv: readonly string[]): Promise<ParsedCommandLine | undefined> {
  try {
    return await parseCommandLine('cantosign', '0.0.0', COMMANDS, argv)
  } catch {
    return undefined
  }
}

/** Everything a command can ask its arguments for. */
function answers({ command, args }: CommandCall): unknown {
  const { json, quiet, yes, force, output } = args
  return {
    words: command.words,
    global: { json, quiet, noColor: args.flag('no-color'), yes, force, output },
    options: command.options.map(({ name, kind }) =>
      kind === 'flag'
        ? args.flag(name)
        : kind === 'string'
          ? args.string(name)
          : args.strings(name),
    ),
    positionals: command.positionals.map(({ name, variadic }) =>
      variadic ? args.positionals(name) : args.optionalPositional(name),
    ),
  }
}

const text = fc.oneof(
  fc.constantFrom(
    'a',
    'file.bin',
    '1',
    '007',
    '1e3',
    'true',
    '-',
    '.',
    'a=b',
    'ü',
    'a b',
    '__proto__',
  ),
  fc.constantFrom('--', '-x', '--json', '-o', '"q"', "'q'", 'a"b', '', 'a\nb', 'sign', '$(x)', '*'),
  fc.string({ maxLength: 6 }),
)

function optionTokens(option: OptionSpec): fc.Arbitrary<readonly string[]> {
  const spelling = fc.constantFrom(
    `--${option.name}`,
    ...(option.alias === undefined ? [] : [`-${option.alias}`]),
  )
  const value =
    option.choices === undefined ? text : fc.oneof(fc.constantFrom(...option.choices), text)
  if (option.kind === 'flag') {
    return fc.oneof(
      { weight: 9, arbitrary: spelling.map((name) => [name]) },
      { weight: 1, arbitrary: fc.tuple(spelling, text).map(([name, word]) => [`${name}=${word}`]) },
    )
  }
  return fc
    .tuple(spelling, value, fc.boolean())
    .map(([name, word, joined]) => (joined ? [`${name}=${word}`] : [name, word]))
}

function lineOf(command: CommandSpec): fc.Arbitrary<readonly string[]> {
  const options = [...GLOBAL_OPTIONS, ...command.options]
  const argument = fc.oneof(
    text,
    fc.constantFrom('x', ...command.positionals.flatMap(({ choices }) => choices ?? [])),
  )
  const token = fc.oneof(
    argument.map((word) => [word]),
    ...options.map(optionTokens),
  )
  return fc.array(token, { maxLength: 6 }).map((tokens) => [...command.words, ...tokens.flat()])
}

const line = fc.constantFrom(...COMMANDS).chain(lineOf)

describe('a plain command line', () => {
  let plain = 0
  property.prop([line], { numRuns: 800 })('means to yargs what it means here', async (argv) => {
    const own = readPlainCommandLine(COMMANDS, argv)
    if (own === undefined) return
    plain++
    const other = await byYargs(argv)
    expect(other?.$case).toBe('run')
    if (other?.$case === 'run') expect(answers(other)).toEqual(answers(own))
  })

  test('was met often enough for the comparison to mean something', () => {
    expect(plain).toBeGreaterThan(60)
  })

  test.each([
    ['sign f --key k --detached --yes --quiet --force -o out'],
    ['sign --key=k f -o -'],
    ['hash a b c --multi --json'],
    ['key show'],
    ['namespace decentralized --owner a --owner b'],
    ['verify snapshot --state a --state b --signatures-only'],
    ['completion zsh'],
  ])('is: %s', (words) => {
    expect(readPlainCommandLine(COMMANDS, words.split(' '))).toBeDefined()
  })

  test.each([
    ['', 'nothing'],
    ['shout', 'no command'],
    ['key', 'half a command'],
    ['--json hash f', 'an option before the command'],
    ['hash', 'a missing argument'],
    ['doctor x', 'an argument too many'],
    ['hash --help', 'help'],
    ['hash -h', 'no option'],
    ['hash -- f', 'an end of options'],
    ['hash f --jso', 'an option cut short'],
    ['sign f --key', 'a missing value'],
    ['sign f --key --detached', 'an option in place of a value'],
    ['sign f --key=', 'an empty value'],
    ['sign f --key a --key b', 'an option given twice'],
    ['sign f --detached=true', 'a flag with a value'],
    ['sign f --proposal perhaps', 'a value that is no choice'],
    ['completion tcsh', 'an argument that is no choice'],
    ['hash f -ojson', 'a value joined to a letter'],
    ['hash f --__proto__ x', 'no option'],
  ])('is not: %s (%s)', (words) => {
    expect(readPlainCommandLine(COMMANDS, words.split(' ').filter(Boolean))).toBeUndefined()
  })
})

describe('a command line that could mean two things', () => {
  test.each([
    ['inspect -', 'a lone dash in place of a file'],
    ['inspect f -', 'a lone dash beside a file'],
    ['combine - f -o x', 'a lone dash that would be passed over'],
    ['verify --state f -', 'a lone dash behind a value'],
    ['verify -- -', 'a lone dash behind the end of options'],
    ['verify f -- g', 'an argument too many behind the end of options'],
    ['hash f -o -- g', 'an option without its value before the end of options'],
    ['doctor --expect-sha256 -- g', 'the same of an option of the command'],
    ['--json --', 'no command before or behind the end of options'],
    ['hash --', 'no argument before or behind the end of options'],
    ['key -- --help', 'an option in place of a command'],
    ['inspect --json=true f', 'a flag with a value'],
    ['inspect --json=foo f', 'a flag with a value that would count for nothing'],
    ['sign f --key k --yes=false -o x', 'a flag that is taken back'],
  ])('is a mistake: %s (%s)', async (words) => {
    const read = parseCommandLine('cantosign', '0.0.0', COMMANDS, words.split(' '))
    await expect(read).rejects.toMatchObject({ code: 'usage' })
  })

  test.each([['inspect --json true'], ['inspect true --json'], ['inspect --no-color --json true']])(
    'gives a flag no word that is an argument: %s',
    async (words) => {
      for (const argv of [words.split(' '), [...words.split(' '), '--', 'false']]) {
        const read = await parseCommandLine('cantosign', '0.0.0', COMMANDS, argv)
        if (read.$case !== 'run') throw new Error('help')
        expect(read.args.json).toBe(true)
        const behind = argv.includes('--') ? ['false'] : []
        expect(read.args.positionals('files')).toEqual(['true', ...behind])
      }
    },
  )

  test.each([
    ['hash -- a', ['a']],
    ['hash --multi -- a b', ['a', 'b']],
    ['hash --multi a -- b', ['a', 'b']],
    ['hash -- -x --json', ['./-x', './--json']],
    ['--json -- hash a', ['a']],
  ])('loses no argument behind the end of options: %s', async (words, files) => {
    const read = await parseCommandLine('cantosign', '0.0.0', COMMANDS, words.split(' '))
    if (read.$case !== 'run') throw new Error('help')
    expect(read.args.positionals('files')).toEqual(files)
    expect(read.args.json).toBe(words.startsWith('--json'))
  })
})
