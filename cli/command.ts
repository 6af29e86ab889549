/** What a command is to the program: a row of data, and a function loaded only when it is called. */
import type { ExitStatus } from '../src/base/error-codes.ts'
import type { Io } from './io.ts'

export interface OptionSpec {
  /** Without the leading dashes. */
  readonly name: string
  /** A flag takes no value; a `strings` option may be repeated, a `string` option may not. */
  readonly kind: 'flag' | 'string' | 'strings'
  readonly alias?: string
  /** The word that stands for the value in help, e.g. `FILE`. */
  readonly value?: string
  readonly choices?: readonly string[]
  readonly describe: string
  /** True if the value is a path: completion offers files. */
  readonly path?: true
}

export interface PositionalSpec {
  readonly name: string
  readonly describe: string
  readonly variadic?: true
  readonly optional?: true
  readonly choices?: readonly string[]
}

export interface CommandSpec {
  /** `['key', 'generate']` is called as `cantosign key generate`. */
  readonly words: readonly string[]
  readonly describe: string
  readonly positionals: readonly PositionalSpec[]
  readonly options: readonly OptionSpec[]
  /** Command lines as they are typed behind the name of the program; at least one. */
  readonly examples: readonly string[]
  /** Options that a choice of its first argument does not take; help of the choice leaves them out. */
  readonly foreignTo?: (choice: string) => readonly OptionSpec[]
  /** True if all that the command makes is printed: `-o FILE` then leads it to a file. */
  readonly prints?: true
  /** True if it changes something elsewhere and makes no file: `-o` is refused, not ignored. */
  readonly makesNoFile?: true
  readonly load: () => Promise<{ readonly run: CommandRun }>
}

/** @param commands the table of the program that runs, this command included */
export type CommandRun = (
  args: Arguments,
  io: Io,
  commands: readonly CommandSpec[],
) => Promise<ExitStatus>

/** The command line after parsing. An option that is not given is false, `undefined` or an empty list. */
export interface Arguments {
  readonly json: boolean
  readonly quiet: boolean
  readonly yes: boolean
  readonly force: boolean
  /** `-o`: a path, or `-` for standard output. */
  readonly output: string | undefined
  positional(name: string): string
  optionalPositional(name: string): string | undefined
  positionals(name: string): readonly string[]
  flag(name: string): boolean
  string(name: string): string | undefined
  strings(name: string): readonly string[]
}

/** Options that every command takes. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'json',
    kind: 'flag',
    describe: 'print one JSON document on standard output, nothing else',
  },
  { name: 'quiet', kind: 'flag', describe: 'leave out progress and remarks' },
  { name: 'no-color', kind: 'flag', describe: 'print without colours' },
  { name: 'yes', kind: 'flag', describe: 'skip the typed confirmation (never a refusal)' },
  {
    name: 'output',
    alias: 'o',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'write to FILE; - is standard output',
  },
  { name: 'force', kind: 'flag', describe: 'allow an existing output file to be replaced' },
]

/** What every command line may hold, those without a command included. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  ...GLOBAL_OPTIONS,
  { name: 'help', kind: 'flag', describe: 'show this help' },
  { name: 'version', kind: 'flag', describe: 'show the version and the SHA-256 of the program' },
]

/** The last word of a command with its arguments: `convert <file>`, `show [file]`, `hash <files..>`. */
export function pattern({ words, positionals }: CommandSpec): string {
  const names = positionals.map(({ name, variadic, optional }) => {
    const several = variadic ? `${name}..` : name
    return optional ? `[${several}]` : `<${several}>`
  })
  return [words.at(-1) ?? '', ...names].join(' ')
}
