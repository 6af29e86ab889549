/** What a command may touch of the world beside files: two outputs and a terminal. */
import type { Terminal } from '../src/host/terminal.ts'

export interface Output {
  readonly isTerminal: boolean
  write(data: string | Uint8Array): void
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly terminal: Terminal
  /** Path and SHA-256 (64 hex characters) of the running program file. */
  readonly program: { readonly path: string; readonly name: string; readonly version: string }
}
