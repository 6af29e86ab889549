/** Real agents that speak the protocol of ssh-agent, and one that says what a test wants. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const found = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined

export const hasSshAgent = ['ssh-agent', 'ssh-add', 'ssh-keygen'].every(
  (tool) => spawnSync(tool, ['-?']).error === undefined,
)
export const hasGpgAgent = ['gpg', 'gpg-agent', 'gpgconf', 'gpg-connect-agent'].every(found)
if (!hasSshAgent) process.stderr.write('skipped: ssh-agent (there is no openssh-client)\n')
if (!hasGpgAgent)
  process.stderr.write('skipped: gpg-agent (there is no gpg, gpg-agent or gpgconf)\n')

export interface Agent {
  readonly socket: string
  readonly directory: string
  stop(): void
}

async function waitFor(path: string): Promise<void> {
  for (let i = 0; i < 200 && !existsSync(path); i++) await pause(50)
  if (!existsSync(path)) throw new Error(`${path} did not appear`)
}

/** An OpenSSH agent without keys. */
export async function startSshAgent(): Promise<Agent> {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-agent-'))
  const socket = join(directory, 'agent.sock')
  const child: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  await waitFor(socket)
  return {
    socket,
    directory,
    stop: () => {
      child.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Makes a key with ssh-keygen, gives it to the agent, and returns its line of `authorized_keys`. */
export function addSshKey(agent: Agent, name: string, ...type: readonly string[]): string {
  const path = join(agent.directory, name)
  execFileSync('ssh-keygen', ['-q', ...type, '-N', '', '-C', name, '-f', path])
  execFileSync('ssh-add', ['-q', path], {
    env: { ...process.env, SSH_AUTH_SOCK: agent.socket },
    stdio: 'ignore',
  })
  return execFileSync('ssh-keygen', ['-y', '-f', path]).toString()
}

/** A gpg-agent with an Ed25519 key for authentication that SSH may use. */
export async function startGpgAgent(): Promise<Agent> {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-gpg-'))
  const env = { ...process.env, GNUPGHOME: directory }
  const gpg = (...args: readonly string[]): string =>
    execFileSync('gpg', ['--batch', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  const conf = (...args: readonly string[]): string =>
    execFileSync('gpgconf', args, { env, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  writeFileSync(join(directory, 'gpg-agent.conf'), 'enable-ssh-support\n')
  gpg(
    ...['--pinentry-mode', 'loopback', '--passphrase', ''],
    ...['--quick-generate-key', 'test <test@localhost>', 'ed25519', 'auth', 'never'],
  )
  const grip = /^grp:+([0-9A-F]{40}):/m.exec(
    gpg('--list-secret-keys', '--with-colons', '--with-keygrip'),
  )?.[1]
  if (grip === undefined) throw new Error('gpg made no key')
  writeFileSync(join(directory, 'sshcontrol'), `${grip} 0\n`)
  conf('--kill', 'gpg-agent')
  conf('--launch', 'gpg-agent')
  const socket = conf('--list-dirs', 'agent-ssh-socket').trim()
  await waitFor(socket)
  return {
    socket,
    directory,
    stop: () => {
      conf('--kill', 'gpg-agent')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export interface FalseAgent extends Agent {
  /** Connections that were made. */
  readonly connections: () => number
}

/** An agent that answers each request by what `answer` writes to the socket. */
export async function startFalseAgent(
  answer: (request: Buffer, socket: Socket) => void,
): Promise<FalseAgent> {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-false-'))
  const path = join(directory, 'agent.sock')
  let connections = 0
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    connections++
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (request: Buffer) => {
      answer(request.subarray(4), socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    socket: path,
    directory,
    connections: () => connections,
    stop: () => {
      server.close()
      for (const socket of open) socket.destroy()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A `string` of RFC 4251. */
export const sshString = (content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([u32(bytes.length), bytes])
}

/** A message with its length before it. */
export const sshMessage = (...parts: readonly (Uint8Array | number)[]): Buffer =>
  sshString(Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part))))

/** An answer that lists keys. */
export const sshIdentities = (
  ...keys: readonly (readonly [blob: Buffer, comment: string])[]
): Buffer =>
  sshMessage(
    12,
    u32(keys.length),
    ...keys.flatMap(([blob, comment]) => [sshString(blob), sshString(comment)]),
  )

/** An answer that holds a signature. */
export const sshSignature = (type: string, content: Uint8Array): Buffer =>
  sshMessage(14, sshString(Buffer.concat([sshString(type), sshString(content)])))
