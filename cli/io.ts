/** What a command may touch of the world beside files: two outputs and a terminal. */
import type { Terminal } from '../src/host/terminal.ts'
import type { Program } from './version.ts'

export interface Output {
  readonly isTerminal: boolean
  write(data: string | Uint8Array): void
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly terminal: Terminal
  readonly program: Program
}
