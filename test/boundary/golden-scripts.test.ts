/** The scripts of the documents and the demo, every call of the program in them seen by the kernel. */
import { spawnSync } from 'node:child_process'
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
import { desk, fingerprint } from '../cli/support/desk.ts'
import { programPath, root, scratch } from '../cli/support/program.ts'

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

interface Traced {
  readonly status: number | null
  readonly output: string
  /** Processes of Node.js that ran. */
  readonly processes: number
  /** Network calls of all of them, without process numbers. */
  readonly calls: readonly string[]
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
  const names = readdirSync(logs)
  const calls = names
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
    .filter((line) => /\b(socket|connect|bind|listen|sendto|sendmsg)\(/.test(line))
    .map((line) => line.replace(/^\d+\s+/, ''))
  return { status, output: readFileSync(outputPath, 'utf8'), processes: names.length, calls }
}

const ofBareNode = (): readonly string[] => runTraced(['node', '-e', '0'], scratch()).calls

/** @param least as many processes of the program, or more */
function expectSilent(traced: Traced, least: number): void {
  expect({ status: traced.status, output: traced.output }).toEqual({
    status: 0,
    output: traced.output,
  })
  expect(traced.processes).toBeGreaterThanOrEqual(least)
  const bare = new Set(ofBareNode())
  expect(traced.calls.filter((call) => !bare.has(call))).toEqual([])
}

/** Lines of a script that begin with a call of the program. */
const callsIn = (script: string): number => [...script.matchAll(/^(run )?cantosign /gm)].length

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
})
