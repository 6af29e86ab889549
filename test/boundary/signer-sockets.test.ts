/** What the kernel sees of keys that are no files: one local socket, one process, and nothing else. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programPath, scratch } from '../cli/support/program.ts'
import { keyVector } from '../support/keys.ts'
import { hasSoftHsm, makeSoftHsm, TOKEN_PIN } from '../support/softhsm.ts'
import { addSshKey, hasSshAgent, startSshAgent, type Agent } from '../support/ssh-agents.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: sockets of signers (there is no strace)\n')

interface Traced {
  readonly status: number | null
  readonly output: string
  /** System calls of the program itself that make or use sockets, or start another program. */
  readonly calls: readonly string[]
}

function trace(
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Traced {
  const log = join(directory, 'trace.log')
  const calls = 'trace=socket,socketpair,connect,bind,listen,accept4,sendto,execve'
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-qq', '-s', '200', '-o', log, '-e', calls, process.execPath, ...args],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...environment },
      // Files and not pipes: Node.js asks the kernel about pipes with calls for sockets.
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    },
  )
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /^\d+\s+\w+\(/.test(line))
    .map((line) => line.replace(/^\d+\s+/, ''))
  return { status, output: stderr, calls: lines }
}

const named = (calls: readonly string[], name: string): readonly string[] =>
  calls.filter((call) => call.startsWith(`${name}(`))

function prepared(): string {
  const directory = scratch()
  writeFileSync(join(directory, 'hash'), fromHex(`1220${'c3'.repeat(32)}`))
  writeFileSync(join(directory, 'key.der'), fixtureBytes('keys/ed25519-a.pkcs8.der'), {
    mode: 0o600,
  })
  writeFileSync(join(directory, 'key.pub'), fromHex(keyVector('ed25519-a').spki_hex))
  return directory
}

const sign = (key: string, ...more: readonly string[]): readonly string[] => [
  programPath(),
  ...['sign', 'hash', '--blind', '--detached', '--yes', '-o', 'signature', '--key', key, ...more],
]

describe.runIf(hasStrace)('under strace', () => {
  test('a key file: no connection, no other program', () => {
    const directory = prepared()
    const { status, calls } = trace(sign('key.der'), directory, { SSH_AUTH_SOCK: '/nonexistent' })
    expect(status).toBe(0)
    expect(named(calls, 'connect')).toEqual([])
    expect(named(calls, 'execve')).toHaveLength(1) // node itself
  })

  test('exec: one program and no connection', () => {
    const directory = prepared()
    const command = 'exec:openssl pkeyutl -sign -rawin -keyform DER -inkey key.der -in {msgfile}'
    const { status, calls } = trace(sign(command, '--public-key', 'key.pub'), directory)
    expect(status).toBe(0)
    expect(named(calls, 'connect')).toEqual([])
    expect(named(calls, 'socket')).toEqual([])
    const started = named(calls, 'execve').filter((call) => call.endsWith('= 0'))
    expect(started.map((call) => /"([^"]*)"/.exec(call)?.[1]?.split('/').at(-1))).toEqual([
      'node',
      'openssl',
    ])
  })

  describe.runIf(hasSshAgent)('ssh-agent:', () => {
    let agent: Agent
    beforeAll(async () => {
      agent = await startSshAgent()
      addSshKey(agent, 'key', '-t', 'ed25519')
    })
    afterAll(() => {
      agent.stop()
    })

    test('exactly one connection, to the Unix socket that is named', () => {
      const list = ['key', 'list', 'ssh-agent:', '--json']
      const environment = { SSH_AUTH_SOCK: agent.socket }
      const listed = spawnSync(process.execPath, [programPath(), ...list], {
        env: environment,
        encoding: 'utf8',
      })
      const { keys } = JSON.parse(listed.stdout) as { keys: { uri: string }[] }
      const traced = trace(sign(keys[0]?.uri ?? ''), prepared(), environment)
      expect({ status: traced.status, output: traced.output.includes('signed') }).toEqual({
        status: 0,
        output: true,
      })
      const connections = named(traced.calls, 'connect')
      expect(connections).toHaveLength(1)
      expect(connections[0]).toContain('AF_UNIX')
      expect(connections[0]).toContain(`sun_path="${agent.socket}"`)
      const sockets = named(traced.calls, 'socket')
      expect(sockets).toHaveLength(1)
      expect(sockets[0]).toContain('AF_UNIX')
      expect(named(traced.calls, 'execve')).toHaveLength(1)
    })
  })

  describe.runIf(hasSoftHsm)('pkcs11:', () => {
    const hsm = hasSoftHsm ? makeSoftHsm() : undefined
    afterAll(() => {
      hsm?.remove()
    })

    test('no connection and no other program', () => {
      if (hsm === undefined) throw new Error('there is no SoftHSM2')
      hsm.initToken('desk')
      hsm.generate('desk', 'p256', '02', 'prime256v1')
      const directory = prepared()
      writeFileSync(join(directory, 'pin'), TOKEN_PIN)
      const key = hsm.uri('token=desk;object=p256', '&pin-source=file:pin')
      const { status, calls } = trace(sign(key), directory, hsm.environment)
      expect(status).toBe(0)
      expect(named(calls, 'connect')).toEqual([])
      expect(named(calls, 'execve')).toHaveLength(1)
    })
  })
})
