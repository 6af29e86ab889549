/** Completion for fish. */
import { GLOBAL_OPTIONS, type CommandSpec, type OptionSpec } from '../command.ts'
import { argumentsOf, secondWords, valueOf, type Candidates } from './completion.ts'

/** Text in single quotes for fish, where a backslash escapes. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const seen = (words: readonly string[]): string =>
  words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')

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
  const condition = ` -n ${quoted(seen(command.words))}`
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
    const names = members.map(({ words }) => words[1] ?? '').join(' ')
    return [
      `complete -c ${program} -n __fish_use_subcommand -a ${first} -d ${quoted(describe)}`,
      ...members.map(({ words: [, second = ''], describe: text }) => {
        const condition = `${seen([first])}; and not __fish_seen_subcommand_from ${names}`
        return `complete -c ${program} -n ${quoted(condition)} -a ${second} -d ${quoted(text)}`
      }),
    ]
  })
  return [
    `# fish completion for ${program}; load it with: ${program} completion fish | source`,
    `complete -c ${program} -f`,
    ...GLOBAL_OPTIONS.map((option) => optionLine(program, '', option)),
    ...firstWords,
    ...commands.flatMap((command) => commandLines(program, command)),
    '',
  ].join('\n')
}
