/** Runs the built programs as a user does: as processes, in a directory of their own. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { afterAll } from 'vitest'
import { BUILD_FAILURE } from '../../support/run-environment.ts'
import { recordKeyFile, recordOutput, recordPassphrase } from './record.ts'

export const root = join(import.meta.dirname, '..', '..', '..')

export type ProgramName = 'cantosign' | 'cantosign-online'

export function programPath(program: ProgramName = 'cantosign'): string {
  const failure = process.env[BUILD_FAILURE]
  if (failure !== undefined) throw new Error(failure)
  return join(root, 'dist', `${program}.mjs`)
}

export interface RunResult {
  readonly status: number | null
  readonly stdout: string
  readonly stdoutBytes: Uint8Array
  readonly stderr: string
}

export interface RunOptions {
  /** Where the program runs; a new directory unless told. */
  readonly directory?: string
  readonly program?: ProgramName
  readonly input?: string | Uint8Array
  /** Files behind descriptors 3, 4, … */
  readonly descriptors?: readonly number[]
  readonly environment?: Readonly<Record<string, string>>
}

const scratchDirectories: string[] = []

/** A new empty directory, removed when the tests of the file have run. */
export function scratch(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'cantosign-run-')))
  scratchDirectories.push(directory)
  return directory
}

afterAll(() => {
  for (const directory of scratchDirectories) rmSync(directory, { recursive: true, force: true })
})

/** Nothing of the machine's own: a program that wants more has to be given it by a test. */
function environment(directory: string, more: RunOptions['environment'] = {}): NodeJS.ProcessEnv {
  const home = join(directory, '.home')
  mkdirSync(home, { recursive: true })
  return {
    PATH: process.env['PATH'],
    HOME: home,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    TMPDIR: directory,
    ...more,
  }
}

/** Passphrase files among the arguments, and every key they open, are kept for test/afterwards. */
function recordSecretsOf(
  args: readonly string[],
  directory: string,
  typed: readonly string[],
): void {
  const passphrases = [...typed]
  for (const [i, argument] of args.entries()) {
    const value = args[i + 1]
    if (value === undefined || !/^--(new-)?passphrase-file$/.test(argument)) continue
    const path = resolve(directory, value)
    // Neither a device nor a pipe is read once more.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue
    passphrases.push(readFileSync(path, 'utf8').replace(/\r?\n$/, ''))
  }
  passphrases.forEach(recordPassphrase)
  for (const argument of args) {
    const path = argument.replace(/^(--?[a-z-]+=)?(file:)?/, '')
    if (path !== '') recordKeyFile(isAbsolute(path) ? path : join(directory, path), passphrases)
  }
}

/** Runs a program to its end without a terminal. */
export function run(args: readonly string[], options: RunOptions = {}): RunResult {
  const directory = options.directory ?? scratch()
  const child = spawnSync(process.execPath, [programPath(options.program), ...args], {
    cwd: directory,
    env: environment(directory, options.environment),
    input: options.input ?? '',
    // A session of its own has no controlling terminal, wherever the tests are started.
    detached: true,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'pipe', ...(options.descriptors ?? [])],
  } as Parameters<typeof spawnSync>[2] & { detached: boolean })
  if (child.error !== undefined) throw child.error
  const stdout = Buffer.from(child.stdout)
  const stderr = Buffer.from(child.stderr)
  recordOutput(stdout, stderr)
  recordSecretsOf(args, directory, [])
  return {
    status: child.status,
    stdout: stdout.toString('utf8'),
    stdoutBytes: new Uint8Array(stdout),
    stderr: stderr.toString('utf8'),
  }
}

/** Runs with `--json` and gives the one document on standard output. */
export function runJson(
  args: readonly string[],
  options: RunOptions = {},
): { readonly status: number | null; readonly document: unknown } {
  const { status, stdout } = run([...args, '--json'], options)
  return { status, document: JSON.parse(stdout) }
}

/** One step at a terminal: once `prompt` has been shown, `answer` is typed. */
export interface TerminalStep {
  readonly prompt: string
  /** Typed as it is: end it with a return, `\r`; `\x03` is Ctrl-C. */
  readonly answer: string
  /** What is typed is a passphrase: it is never shown. */
  readonly secret?: true
  /** A signal sent in place of an answer. */
  readonly signal?: 'SIGINT' | 'SIGTERM'
}

export interface TerminalResult extends RunResult {
  /** All that the terminal showed. */
  readonly screen: string
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Runs a program at a pseudo-terminal made by script(1). Standard output and standard error go to
 * files, so that the screen holds the prompts and what was typed with echo.
 */
export async function runAtTerminal(
  args: readonly string[],
  steps: readonly TerminalStep[],
  options: RunOptions = {},
): Promise<TerminalResult> {
  const directory = options.directory ?? scratch()
  const files = scratch()
  const [out, err, status, mode, pid] = ['out', 'err', 'status', 'mode', 'pid'].map((name) =>
    join(files, name),
  ) as [string, string, string, string, string]
  const command = [process.execPath, programPath(options.program), ...args].map(quote).join(' ')
  // Ctrl-C reaches the shell as well; it has to live on to tell how the program ended.
  const line =
    `trap : INT; stty -a > ${mode}.before; sh -c 'echo $$ > ${pid}; exec "$@"' - ${command} >${out} 2>${err}; ` +
    `echo $? > ${status}; stty -a > ${mode}.after`
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: directory,
    env: environment(directory, { SHELL: '/bin/sh', ...options.environment }),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let screen = ''
  let seen = 0
  const waiting = [...steps]
  child.stdout.on('data', (bytes: Buffer) => {
    screen += bytes.toString('utf8')
    const [step] = waiting
    if (step === undefined) return
    const at = screen.indexOf(step.prompt, seen)
    if (at === -1) return
    seen = at + step.prompt.length
    waiting.shift()
    if (step.signal === undefined) child.stdin.write(step.answer)
    else process.kill(Number(readFileSync(pid, 'utf8')), step.signal)
  })
  await new Promise((resolve) => child.on('close', resolve))
  const [stdoutBytes, stderr] = [readFileSync(out), readFileSync(err)]
  recordOutput(stdoutBytes, stderr, Buffer.from(screen))
  const typed = steps.filter(({ secret }) => secret).map(({ answer }) => answer.replace(/\r$/, ''))
  recordSecretsOf(args, directory, typed)
  if (waiting[0] !== undefined) {
    throw new Error(
      `the prompt ${JSON.stringify(waiting[0].prompt)} was never shown: ${screen}${stderr.toString()}`,
    )
  }
  if (readFileSync(`${mode}.before`, 'utf8') !== readFileSync(`${mode}.after`, 'utf8')) {
    throw new Error('the program left the terminal in another mode than it found it')
  }
  return {
    status: Number(readFileSync(status, 'utf8')),
    stdout: stdoutBytes.toString('utf8'),
    stdoutBytes: new Uint8Array(stdoutBytes),
    stderr: stderr.toString('utf8'),
    screen,
  }
}
