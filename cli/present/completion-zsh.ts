/** Completion for zsh. */
import { COMMON_OPTIONS, type CommandSpec, type OptionSpec } from '../command.ts'
import {
  argumentsOf,
  optionsOf,
  quoted,
  secondWords,
  valueOf,
  type Candidates,
} from './completion.ts'

/** Text inside a specification of _arguments or _describe, where these characters have a meaning. */
const plain = (text: string): string => text.replace(/[\\:[\]]/g, '\\$&')

function action(value: Candidates): string {
  switch (value.$case) {
    case 'files':
      return '_files'
    case 'words':
      return `(${value.words.join(' ')})`
    case 'free':
      return ' '
  }
}

function optionSpecs(option: OptionSpec): readonly string[] {
  const value = valueOf(option)
  const message = value === undefined ? '' : `:${plain(option.value ?? 'value')}:${action(value)}`
  const repeated = option.kind === 'strings' ? '*' : ''
  const spelling = (name: string): string =>
    quoted(`${repeated}${name}[${plain(option.describe)}]${message}`)
  return [spelling(`--${option.name}`), ...(option.alias ? [spelling(`-${option.alias}`)] : [])]
}

function commandCase(word: string, command: CommandSpec): readonly string[] {
  const specs = [
    ...optionsOf(command).flatMap(optionSpecs),
    quoted(
      `*:${plain(command.positionals[0]?.name ?? 'argument')}:${action(argumentsOf(command))}`,
    ),
  ]
  return [
    `    ${word})`,
    ...specs.map(
      (spec, i) =>
        `      ${i === 0 ? '_arguments' : ' '} ${spec}${i === specs.length - 1 ? ' ;;' : ' \\'}`,
    ),
  ]
}

const described = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([word, text]) => quoted(`${word}:${plain(text)}`)).join(' ')

/** A function that completes a word, then hands what follows to the case of that word. */
function wordFunction(
  name: string,
  entries: readonly (readonly [string, string])[],
  cases: readonly string[],
): readonly string[] {
  return [
    `${name}() {`,
    '  local context state line',
    '  typeset -A opt_args',
    '  _arguments -C \\',
    ...COMMON_OPTIONS.flatMap(optionSpecs).map((spec) => `    ${spec} \\`),
    "    '1:command:->command' '*::argument:->argument' && return",
    '  if [[ $state == command ]]; then',
    `    local -a entries=(${described(entries)})`,
    `    _describe command entries`,
    '    return',
    '  fi',
    '  case $line[1] in',
    ...cases,
    '  esac',
    '}',
  ]
}

export function zshCompletion(program: string, commands: readonly CommandSpec[]): string {
  const identifier = `_${program.replaceAll('-', '_')}`
  const groups = [...secondWords(commands)]
  const single = (first: string): CommandSpec | undefined =>
    commands.find(({ words }) => words.length === 1 && words[0] === first)
  const second = ({ words }: CommandSpec): string => words[1] ?? ''
  const groupFunctions = groups
    .filter(([, members]) => members.length > 0)
    .flatMap(([first, members]) =>
      wordFunction(
        `${identifier}_${first}`,
        members.map((member) => [second(member), member.describe]),
        members.flatMap((member) => commandCase(second(member), member)),
      ),
    )
  const entries = groups.map(([first, members]): readonly [string, string] => [
    first,
    single(first)?.describe ?? members.map(second).join(', '),
  ])
  const cases = groups.flatMap(([first]) => {
    const only = single(first)
    return only === undefined
      ? [`    ${first}) ${identifier}_${first} ;;`]
      : commandCase(first, only)
  })
  return [
    `#compdef ${program}`,
    `# zsh completion for ${program}; put it into a directory of $fpath as ${identifier}`,
    ...groupFunctions,
    ...wordFunction(identifier, entries, cases),
    `if [[ $funcstack[1] == ${identifier} ]]; then ${identifier} "$@"; else compdef ${identifier} ${program}; fi`,
    '',
  ].join('\n')
}
