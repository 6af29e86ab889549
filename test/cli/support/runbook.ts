/**
 * Runs the commands of a document as it has them: each fenced block `sh` in the directories that it
 * names, and what a comment behind a command says of its end is what has to happen.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programPath, root } from './program.ts'
import { recordOutput } from './record.ts'

export interface Block {
  /** Directories, one for each participant of the procedure. */
  readonly names: readonly string[]
  /** Whole commands, continued lines joined. */
  readonly commands: readonly string[]
}

export interface Section {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** The blocks of a document by section. */
export function readRunbook(path: string): readonly Section[] {
  const text = readFileSync(join(root, path), 'utf8')
  return text.split(/^## /m).flatMap((part): readonly Section[] => {
    const blocks = [...part.matchAll(/^```sh (.+)\n([^]*?)^```$/gm)].map(
      ([, names = '', body = '']) => ({
        names: names.split(' '),
        commands: body
          .replaceAll(/\\\n\s*/g, '')
          .split('\n')
          .filter((line) => line !== ''),
      }),
    )
    const [title = ''] = part.split('\n')
    return blocks.length === 0 ? [] : [{ title, blocks }]
  })
}

/** A command and what the comment behind it says. */
export interface Step {
  readonly words: readonly string[]
  readonly comment: string
}

/** @param value gives the value of a name that stands behind `$` */
export function readStep(command: string, value: (name: string) => string): Step {
  const [line = '', comment = ''] = command.split(' # ')
  const expand = (text: string): string =>
    text.replaceAll(/\$([A-Z]+[0-9]*)/g, (_, name: string) => value(name))
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? expand(plain) : quoted,
  )
  return { words, comment }
}

export interface StepResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program in a directory of the procedure, without a terminal. */
export async function runWords(words: readonly string[], directory: string): Promise<StepResult> {
  mkdirSync(directory, { recursive: true })
  const [program, ...args] = words
  if (program === 'cp') {
    const [from = '', to = ''] = args
    copyFileSync(join(directory, from), join(directory, to))
    return { status: 0, stdout: '', stderr: '' }
  }
  if (program !== 'cantosign') throw new Error(`the document runs ${program ?? 'nothing'}`)
  const child = spawn(process.execPath, [programPath(), ...args], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const outputs = { stdout: '', stderr: '' }
  child.stdout.on('data', (bytes: Buffer) => (outputs.stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (outputs.stderr += bytes.toString()))
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  recordOutput(Buffer.from(outputs.stdout), Buffer.from(outputs.stderr))
  return { status, ...outputs }
}
