/** Completion for bash. Where the script offers nothing, readline completes files. */
import { COMMON_OPTIONS, type CommandSpec, type OptionSpec } from '../command.ts'
import {
  argumentsOf,
  optionsOf,
  quoted,
  secondWords,
  valueOf,
  type Candidates,
} from './completion.ts'

function offered(candidates: Candidates): string {
  return candidates.$case === 'words' ? quoted(candidates.words.join(' ')) : "''"
}

const namesOf = (options: readonly OptionSpec[]): string =>
  quoted(options.map(({ name }) => `--${name}`).join(' '))

function commandCase(command: CommandSpec): readonly string[] {
  const options = optionsOf(command)
  const values = options.flatMap((option) => {
    const value = valueOf(option)
    if (value === undefined) return []
    const spellings = [`--${option.name}`, ...(option.alias ? [`-${option.alias}`] : [])]
    return [`        ${spellings.join('|')}) words=${offered(value)} ;;`]
  })
  return [
    `    ${quoted(command.words.join(' '))})`,
    '      case $previous in',
    ...values,
    '        *)',
    `          if [[ $current == -* ]]; then words=${namesOf(options)}`,
    `          else words=${offered(argumentsOf(command))}; fi ;;`,
    '      esac ;;',
  ]
}

export function bashCompletion(program: string, commands: readonly CommandSpec[]): string {
  const identifier = `_${program.replaceAll('-', '_')}`
  const groups = secondWords(commands)
  const groupNames = [...groups].filter(([, members]) => members.length > 0).map(([name]) => name)
  return [
    `# bash completion for ${program}; load it with: source <(${program} completion bash)`,
    `${identifier}() {`,
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}',
    "  local words='' command='' word i",
    '  # bash makes a word of the sign in --option=value.',
    '  if [[ $current == = ]]; then current=; ',
    '  elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    word=${COMP_WORDS[i]}',
    '    [[ $word == -* ]] && continue',
    '    if [[ -z $command ]]; then command=$word',
    '    else command="$command $word"; break; fi',
    `    case $command in ${groupNames.map(quoted).join('|')}) ;; *) break ;; esac`,
    '  done',
    '  case $command in',
    `    '') words=${quoted([...groups.keys()].join(' '))} ;;`,
    ...groupNames.map((name) => {
      const members = groups.get(name)?.map(({ words }) => words[1] ?? '') ?? []
      return `    ${quoted(name)}) words=${quoted(members.join(' '))} ;;`
    }),
    ...commands.flatMap(commandCase),
    '  esac',
    '  case $command in',
    `    ''|${groupNames.map(quoted).join('|')})`,
    `      [[ $current != -* ]] || words=${namesOf(COMMON_OPTIONS)} ;;`,
    '  esac',
    '  COMPREPLY=()',
    '  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
    '}',
    `complete -o default -F ${identifier} ${program}`,
    '',
  ]
    .map((line) => line.trimEnd())
    .join('\n')
}
