/** What `--help` prints, made of the command table. */
import { COMMON_OPTIONS, pattern, type CommandSpec, type OptionSpec } from '../command.ts'
import { wrapText } from './text.ts'

type Entry = readonly [term: string, describe: string]

/** A longer term has its description below it. */
const LONGEST_TERM = 44

/** Terms with their descriptions beside them, all in one column. */
function entries(list: readonly Entry[]): readonly string[] {
  const lengths = list.map(([term]) => term.length).filter((length) => length <= LONGEST_TERM)
  const column = Math.max(...lengths, 0) + 4
  return list.flatMap((one) => entryLines(one, column))
}

function entryLines([term, describe]: Entry, column: number): readonly string[] {
  const [first = '', ...rest] = wrapText(describe, ' '.repeat(column))
  const head = `  ${term}`
  // What is wrapped begins below what it belongs to.
  const lines = [first, ...rest.map((line) => line.replace(/^ {2}/, ''))]
  return head.length > column - 2
    ? [head, ...lines]
    : [head.padEnd(column) + first.trimStart(), ...lines.slice(1)]
}

function optionEntry({ name, alias, value, choices, kind, describe }: OptionSpec): Entry {
  const term = [
    alias === undefined ? '' : `-${alias}, `,
    `--${name}`,
    value === undefined ? '' : ` ${value}`,
  ].join('')
  const text = [
    describe,
    choices === undefined ? '' : `: ${choices.join(', ')}`,
    kind === 'strings' ? ' (repeatable)' : '',
  ].join('')
  return [term, text]
}

/** A line for the terminal; a long one is broken before an option, as a shell takes it. */
function exampleLines(line: string): readonly string[] {
  const lines: string[] = []
  for (const part of line.split(/ (?=-)/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + part.length < 94)
      lines.push(`${lines.pop() ?? ''} ${part}`)
    else lines.push(last === undefined ? `  ${part}` : `    ${part}`)
  }
  return lines.map((text, i) => (i < lines.length - 1 ? `${text} \\` : text))
}

/** The command as it is called with a choice of its first argument: what that one takes, and no more. */
function ofChoice(command: CommandSpec, choice: string): CommandSpec {
  const foreign = new Set(command.foreignTo?.(choice).map(({ name }) => name))
  const words = [...command.words, choice]
  return {
    ...command,
    words,
    positionals: command.positionals.slice(1),
    options: command.options.filter(({ name }) => !foreign.has(name)),
    examples: command.examples.filter((line) => line.startsWith(words.join(' '))),
  }
}

function commandHelp(program: string, command: CommandSpec): readonly string[] {
  const { words, describe, positionals, options, examples, foreignTo } = command
  const [argument] = positionals
  const before = words.slice(0, -1).map((word) => `${word} `)
  return [
    `${program} ${before.join('')}${pattern(command)} [options]`,
    '',
    describe,
    '',
    ...entries(
      positionals.map(({ name, describe: what, choices }) => [
        name,
        choices === undefined ? what : `${what}: ${choices.join(', ')}`,
      ]),
    ),
    ...(positionals.length === 0 ? [] : ['']),
    ...(options.length === 0 ? [] : ['Options:', ...entries(options.map(optionEntry)), '']),
    'Options of every command:',
    ...entries(COMMON_OPTIONS.map(optionEntry)),
    ...(examples.length === 0 ? [] : ['', 'Examples:']),
    ...examples.flatMap((example) => exampleLines(`${program} ${example}`)),
    ...(foreignTo === undefined || argument === undefined
      ? []
      : [
          '',
          `${program} ${words.join(' ')} ${argument.name.toUpperCase()} --help says what it takes.`,
        ]),
  ]
}

/** What the groups of commands are about; a command of one word speaks for itself. */
const GROUPS: Readonly<Record<string, string>> = {
  audit: 'check the log of what was signed and refused',
  key: 'make, show, list and convert keys',
  namespace: 'compute namespaces',
  party: 'set up external parties over the Ledger API',
  state: 'write topology state for those who sign offline',
  transaction: 'work with prepared Daml transactions',
}

/** The commands that begin with the words, each by the next one. */
function listHelp(
  program: string,
  commands: readonly CommandSpec[],
  group: string | undefined,
): readonly string[] {
  const listed = new Map<string, string>()
  for (const command of commands) {
    const [first = ''] = command.words
    if (group === undefined && command.words.length > 1) listed.set(first, GROUPS[first] ?? first)
    else if (group === undefined) listed.set(pattern(command), command.describe)
    else if (first === group) listed.set(`${first} ${pattern(command)}`, command.describe)
  }
  const begin = group === undefined ? program : `${program} ${group}`
  return [
    `${begin} COMMAND …`,
    ...(group === undefined ? [] : ['', GROUPS[group] ?? group]),
    '',
    'Commands:',
    ...entries([...listed].map(([term, describe]) => [`${program} ${term}`, describe])),
    '',
    'Options of every command:',
    ...entries(COMMON_OPTIONS.map(optionEntry)),
    '',
    `${begin} COMMAND --help says more of a command.`,
  ]
}

/**
 * @param words the command that the help is about, the first word of several, or none for all
 * @param choice what its first argument is, where that is known
 */
export function helpText(
  program: string,
  commands: readonly CommandSpec[],
  words: readonly string[],
  choice?: string,
): string {
  const command = commands.find((one) => one.words.join(' ') === words.join(' '))
  if (command === undefined) return listHelp(program, commands, words[0]).join('\n')
  const isChoice =
    command.foreignTo !== undefined && command.positionals[0]?.choices?.includes(choice ?? '')
  const lines = commandHelp(program, isChoice ? ofChoice(command, choice ?? '') : command)
  return lines.join('\n')
}
