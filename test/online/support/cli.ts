/** Commands of the online half, run in the process of the test: a server beside them can answer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { ONLINE_COMMANDS } from '../../../cli/commands/online-table.ts'
import type { Io } from '../../../cli/io.ts'
import { runProgram } from '../../../cli/program.ts'
import type { Terminal } from '../../../src/host/terminal.ts'

const directories: string[] = []
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** A new empty directory that is removed at the end. */
export function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-online-'))
  directories.push(directory)
  return directory
}

export interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output as JSON. */
  readonly json: unknown
}

const noTerminal: Terminal = {
  interactive: false,
  ask: () => Promise.reject(new Error('a question was asked')),
  readSecret: () => Promise.reject(new Error('a secret was asked for')),
}

// Where a person may have a configuration, a test has none.
process.env['XDG_CONFIG_HOME'] = place()

/** Runs a command line; nothing of the machine's own configuration is read. */
export async function online(...args: readonly string[]): Promise<Run> {
  let stdout = ''
  let stderr = ''
  const text = (data: string | Uint8Array): string =>
    typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
  const io: Io = {
    stdout: {
      isTerminal: false,
      write: (data) => {
        stdout += text(data)
      },
    },
    stderr: {
      isTerminal: false,
      write: (data) => {
        stderr += text(data)
      },
    },
    terminal: noTerminal,
    program: { name: 'cantosign-online', version: 'test', path: '' },
  }
  const status = await runProgram(ONLINE_COMMANDS, args, io)
  return {
    status,
    stdout,
    stderr,
    get json(): unknown {
      return JSON.parse(stdout) as unknown
    },
  }
}
