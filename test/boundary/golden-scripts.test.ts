/** The scripts of the documents and the demo, every call of the program in them seen by the kernel. */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  damlCeremony,
  decentralizedCeremony,
  runSection,
  type Ceremony,
} from '../cli/support/ceremonies.ts'
import { answered, expectedStatus } from '../cli/support/ceremony.ts'
import { desk, fingerprint } from '../cli/support/desk.ts'
import { programPath, root, scratch } from '../cli/support/program.ts'
import { runWords, type Step } from '../cli/support/runbook.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: sockets of golden scripts (there is no strace)\n')

const CALLS = 'socket,connect,bind,listen,sendto,sendmsg'

/** A directory of programs: `node` and `cantosign` are traced, each process into a log of its own. */
function tracedPrograms(directory: string): { readonly path: string; readonly logs: string } {
  const [path, logs] = [join(directory, 'traced-bin'), join(directory, 'traced-logs')]
  mkdirSync(path)
  mkdirSync(logs)
  const strace = `exec strace -f -qq -o "${logs}/$$" -e trace=${CALLS} "${process.execPath}"`
  writeFileSync(join(path, 'node'), `#!/bin/sh\n${strace} "$@"\n`)
  writeFileSync(join(path, 'cantosign'), `#!/bin/sh\n${strace} "${programPath()}" "$@"\n`)
  for (const name of ['node', 'cantosign']) chmodSync(join(path, name), 0o755)
  return { path, logs }
}

interface Processes {
  /** Processes of Node.js that ran. */
  readonly processes: number
  /** Network calls of all of them, without process numbers. */
  readonly calls: readonly string[]
}

function readLogs(logs: string): Processes {
  const names = readdirSync(logs)
  const calls = names
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
    .filter((line) => /\b(socket|connect|bind|listen|sendto|sendmsg)\(/.test(line))
    .map((line) => line.replace(/^\d+\s+/, ''))
  return { processes: names.length, calls }
}

interface Traced extends Processes {
  readonly status: number | null
  readonly output: string
}

/** Runs a command with the traced programs in front; its output goes to a file, as pipes are sockets. */
function runTraced(
  command: readonly [string, ...string[]],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Traced {
  const { path, logs } = tracedPrograms(directory)
  const outputPath = join(directory, 'traced-output')
  const output = openSync(outputPath, 'w')
  const [program, ...args] = command
  const { status } = spawnSync(program, args, {
    cwd: directory,
    env: { HOME: directory, PATH: `${path}:${process.env['PATH'] ?? ''}`, ...environment },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  return { status, output: readFileSync(outputPath, 'utf8'), ...readLogs(logs) }
}

const ofBareNode = (): readonly string[] => runTraced(['node', '-e', '0'], scratch()).calls

/** @param least as many processes of the program, or more */
function expectNoSocket({ processes, calls }: Processes, least: number): void {
  expect(processes).toBeGreaterThanOrEqual(least)
  const bare = new Set(ofBareNode())
  expect(calls.filter((call) => !bare.has(call))).toEqual([])
}

function expectSilent(traced: Traced, least: number): void {
  expect({ status: traced.status, output: traced.output }).toEqual({
    status: 0,
    output: traced.output,
  })
  expectNoSocket(traced, least)
}

/** Lines of a script that begin with a call of the program. */
const callsIn = (script: string): number => [...script.matchAll(/^(run )?cantosign /gm)].length

/** Runs a ceremony to its end, each step in the directory of its company and to the end that the page says. */
async function runTracedCeremony(ceremony: Ceremony): Promise<Processes> {
  const { path, logs } = tracedPrograms(ceremony.place)
  const runStep = async ({ words, comment }: Step, number: string): Promise<void> => {
    const directory = join(ceremony.place, `owner${number}`)
    mkdirSync(directory, { recursive: true })
    const [program, ...args] = answered(words)
    if (program !== 'cantosign') {
      // A copy; anything else is refused.
      await runWords(words, directory)
      return
    }
    const outputPath = join(directory, 'traced-output')
    const output = openSync(outputPath, 'w')
    const child = spawn(join(path, 'cantosign'), args, {
      cwd: directory,
      env: { HOME: directory, PATH: process.env['PATH'] },
      detached: true,
      stdio: ['ignore', output, output],
    })
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
    closeSync(output)
    const what = `owner${number}: ${words.join(' ')}\n${readFileSync(outputPath, 'utf8')}`
    expect(status, what).toBe(expectedStatus(comment))
  }
  for (const section of ceremony.sections) await runSection(ceremony, section, runStep)
  return readLogs(logs)
}

/** By their page, and with how many runs of the program at least. */
const CEREMONIES = [
  ['daml-transaction.md', damlCeremony, 50],
  ['decentralized-namespace.md', decentralizedCeremony, 150],
] as const

/** How often a ceremony runs the program: each command once for each company. */
const runsOf = ({ sections }: Ceremony): number =>
  sections
    .flatMap(({ blocks }) => blocks)
    .map(({ names, commands }) => names.length * callsIn(commands.join('\n')))
    .reduce((sum, count) => sum + count, 0)

describe.skipIf(!hasStrace)('golden scripts under strace', { timeout: 300_000 }, () => {
  test('what connects is seen', () => {
    const script = "require('net').connect(9, '127.0.0.1').on('error', () => 0)"
    const { calls } = runTraced(['node', '-e', script], scratch())
    expect(calls.some((call) => call.startsWith('connect('))).toBe(true)
  })

  test('the commands of docs/signing.md make no socket', () => {
    const page = readFileSync(join(root, 'docs', 'signing.md'), 'utf8')
    const script = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text).join('')
    const at = desk()
    for (const name of ['alice', 'host'] as const) {
      at.write(`${name}.der`, at.read(`${name}.key`))
      chmodSync(join(at.directory, `${name}.der`), 0o600)
    }
    spawnSync('rm', ['alice.pub', 'host.pub'], { cwd: at.directory })
    const traced = runTraced(['setsid', '-w', 'sh', '-euc', script], at.directory, {
      ALICE: fingerprint('alice'),
      HOST: fingerprint('host'),
    })
    expectSilent(traced, callsIn(script))
  })

  test('nor do those of the offline demo', () => {
    const script = readFileSync(join(root, 'scripts', 'demo-offline.sh'), 'utf8')
    const traced = runTraced(['bash', join(root, 'scripts', 'demo-offline.sh')], scratch())
    expectSilent(traced, callsIn(script))
  })

  test('those of the ceremonies are run, of all pages', () => {
    expect(readdirSync(join(root, 'docs', 'ceremony')).sort()).toEqual(
      CEREMONIES.map(([page]) => page),
    )
  })

  test.each(CEREMONIES)('make none either: %s', async (_page, begin, least) => {
    const ceremony = begin()
    const runs = runsOf(ceremony)
    expect(runs).toBeGreaterThan(least)
    expectNoSocket(await runTracedCeremony(ceremony), runs)
  })
})
