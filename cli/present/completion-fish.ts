/** Completion for fish. */
import { COMMON_OPTIONS, type CommandSpec, type OptionSpec } from '../command.ts'
import { argumentsOf, secondWords, valueOf, type Candidates } from './completion.ts'

/** Text in single quotes for fish, where a backslash escapes. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** The function that says whether the first two words of the line, options aside, match a pattern. */
const functionName = (program: string): string => `__${program.replaceAll('-', '_')}_at`

function conditionFunction(program: string): readonly string[] {
  return [
    `function ${functionName(program)}`,
    '  set -l words',
    '  for word in (commandline -opc)[2..]',
    "    string match -q -- '-*' $word; or set -a words $word",
    '  end',
    '  string match -qr -- $argv[1] "$words[1..2]"',
    'end',
  ]
}

const where = (program: string, pattern: string): string =>
  ` -n ${quoted(`${functionName(program)} ${quoted(pattern)}`)}`

function candidates(value: Candidates): string {
  switch (value.$case) {
    case 'files':
      return ' -F'
    case 'words':
      return ` -f -a ${quoted(value.words.join(' '))}`
    case 'free':
      return ' -f'
  }
}

function optionLine(program: string, condition: string, option: OptionSpec): string {
  const value = valueOf(option)
  return [
    `complete -c ${program}${condition} -l ${option.name}`,
    option.alias === undefined ? '' : ` -s ${option.alias}`,
    value === undefined ? '' : ` -r${candidates(value)}`,
    ` -d ${quoted(option.describe)}`,
  ].join('')
}

function commandLines(program: string, command: CommandSpec): readonly string[] {
  const words = command.words.join(' ')
  const condition = where(program, command.words.length === 1 ? `^${words}( |$)` : `^${words}$`)
  const argument = argumentsOf(command)
  return [
    ...(argument.$case === 'free'
      ? []
      : [`complete -c ${program}${condition}${candidates(argument)}`]),
    ...command.options.map((option) => optionLine(program, condition, option)),
  ]
}

export function fishCompletion(program: string, commands: readonly CommandSpec[]): string {
  const firstWords = [...secondWords(commands)].flatMap(([first, members]) => {
    const only = commands.find(({ words }) => words.length === 1 && words[0] === first)
    const describe = only?.describe ?? members.map(({ words }) => words[1] ?? '').join(', ')
    return [
      `complete -c ${program}${where(program, '^$')} -a ${first} -d ${quoted(describe)}`,
      ...members.map(
        ({ words: [, second = ''], describe: text }) =>
          `complete -c ${program}${where(program, `^${first}$`)} -a ${second} -d ${quoted(text)}`,
      ),
    ]
  })
  return [
    `# fish completion for ${program}; load it with: ${program} completion fish | source`,
    `complete -c ${program} -f`,
    ...conditionFunction(program),
    ...COMMON_OPTIONS.map((option) => optionLine(program, '', option)),
    ...firstWords,
    ...commands.flatMap((command) => commandLines(program, command)),
    '',
  ].join('\n')
}
