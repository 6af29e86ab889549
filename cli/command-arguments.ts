/** The values of a command line, as a command asks for them. */
import type { Arguments, CommandSpec } from './command.ts'

/** A command and what it is called with. */
export interface CommandCall {
  readonly command: CommandSpec
  readonly args: Arguments
}

export class CommandArguments implements Arguments {
  readonly #values: Readonly<Record<string, unknown>>
  readonly json: boolean
  readonly quiet: boolean
  readonly yes: boolean
  readonly force: boolean
  readonly output: string | undefined

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
    this.json = this.flag('json')
    this.quiet = this.flag('quiet')
    this.yes = this.flag('yes')
    this.force = this.flag('force')
    this.output = this.string('output')
  }

  positional(name: string): string {
    const value = this.string(name)
    if (value === undefined) throw new Error(`positional ${name} is not declared`)
    return value
  }

  optionalPositional(name: string): string | undefined {
    return this.string(name)
  }

  positionals(name: string): readonly string[] {
    return this.strings(name)
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  string(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  strings(name: string): readonly string[] {
    const value = this.#values[name]
    if (value === undefined) return []
    return (Array.isArray(value) ? value : [value]).map(String)
  }
}
