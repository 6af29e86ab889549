/** What the completion scripts of all shells have in common. */
import { COMMON_OPTIONS, type CommandSpec, type OptionSpec } from '../command.ts'

/** What may stand for a value or an argument. */
export type Candidates =
  | { readonly $case: 'files' }
  | { readonly $case: 'words'; readonly words: readonly string[] }
  /** Nothing can be offered, such as for a number. */
  | { readonly $case: 'free' }

/** `undefined` for a flag, which takes no value. */
export function valueOf(option: OptionSpec): Candidates | undefined {
  if (option.kind === 'flag') return undefined
  if (option.choices !== undefined) return { $case: 'words', words: option.choices }
  return option.path ? { $case: 'files' } : { $case: 'free' }
}

/** Arguments that are not options; a program for files offers files wherever it can. */
export function argumentsOf({ positionals: [first] }: CommandSpec): Candidates {
  if (first === undefined) return { $case: 'free' }
  return first.choices === undefined ? { $case: 'files' } : { $case: 'words', words: first.choices }
}

export const optionsOf = (command: CommandSpec): readonly OptionSpec[] => [
  ...COMMON_OPTIONS,
  ...command.options,
]

/** First words with what they are followed by; a command of one word is followed by none. */
export function secondWords(
  commands: readonly CommandSpec[],
): ReadonlyMap<string, readonly CommandSpec[]> {
  const groups = new Map<string, CommandSpec[]>()
  for (const command of commands) {
    const [first = '', second] = command.words
    const members = groups.get(first) ?? []
    groups.set(first, second === undefined ? members : [...members, command])
  }
  return groups
}

/** Text in single quotes for a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
