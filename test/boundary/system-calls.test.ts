/** The air gap as the kernel sees it: the sockets of every command, against those of an empty program. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../cli/commands/table.ts'
import { programPath, root, scratch } from '../cli/support/program.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: system calls (there is no strace)\n')

/** Fingerprint of the test key ed25519-a. */
const KEY = '1220f8a149405df3d61a89f54dee4459e5aff2b1d34b3ce37e527fb038390292ca32'

interface Traced {
  readonly status: number | null
  readonly calls: readonly string[]
}

/** The network system calls of a program that writes to files, without process numbers and addresses. */
function trace(args: readonly string[], directory: string): Traced {
  const log = join(directory, 'trace.log')
  const out = openSync(join(directory, 'out'), 'w')
  try {
    const { status } = spawnSync(
      'strace',
      [
        '-f',
        '-qq',
        '-o',
        log,
        '-e',
        'trace=socket,connect,bind,listen,sendto,sendmsg',
        process.execPath,
        ...args,
      ],
      { cwd: directory, stdio: ['ignore', out, out] },
    )
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => /\b(socket|connect|bind|listen|sendto|sendmsg)\(/.test(line))
      .map((line) => line.replace(/^\d+\s+/, ''))
    return { status, calls }
  } finally {
    closeSync(out)
  }
}

/** One run of each command that goes as far as the command goes, in order, and its exit status. */
const RUNS: readonly (readonly [words: string, status: number, ...args: string[]])[] = [
  ['inspect', 0, 'root.prep', '--json'],
  ['hash', 0, 'root.prep'],
  ['key convert', 0, 'key.der', '--to', 'spki-der', '-o', 'key.pub.der'],
  ['key generate', 0, '--key-spec', 'p256', '--no-encrypt', '-o', 'new.der'],
  ['key show', 0, 'key.der', '--json'],
  ['key list', 2],
  ['build', 0, 'root-delegation', '--namespace-key', 'key.pub.der', '-o', 'package.json'],
  ['sign', 0, 'package.json', '--key', 'key.der', '--yes', '-o', 'signed.json'],
  ['sign', 0, 'root.prep', '--key', 'key.der', '--yes', '-o', 'root.cert'],
  ['sign', 0, 'root.prep', '--key', 'key.der', '--yes', '--detached', '-o', 'root.sig'],
  ['combine', 0, 'package.json', 'signed.json', '-o', 'combined.json'],
  ['sign', 0, 'package.json', '--key', 'key.der', '--yes', '--detached', '-o', 'package.sig'],
  [
    'attach',
    0,
    'package.json',
    '--signature',
    'package.sig',
    '--signed-by',
    KEY,
    '-o',
    'attached.json',
  ],
  ['verify', 0, 'root.cert', '--signatures-only'],
  ['export', 0, 'root.cert', '--format', 'hash', '-d', 'exported'],
  ['namespace decentralized', 0, '--owner', KEY],
  ['transaction inspect', 0, 'daml.bin', '--hashing-scheme', 'v2'],
  ['transaction package', 8, 'daml.bin', '--hashing-scheme', 'v2', '-o', 'daml.json'],
  [
    'transaction sign',
    8,
    'daml.bin',
    '--hashing-scheme',
    'v2',
    '--key',
    'key.der',
    '--yes',
    '-o',
    'daml.sig',
  ],
  [
    'transaction verify',
    4,
    'daml.bin',
    '--hashing-scheme',
    'v2',
    '--signature',
    'root.sig',
    '--public-key',
    'key.pub.der',
  ],
  [
    'sign',
    0,
    'package.json',
    '--key',
    'key.der',
    '--yes',
    '--audit-log',
    'audit.log',
    '-o',
    'audited.json',
  ],
  ['audit verify', 0, 'audit.log'],
  ['doctor', 6, '--expect-sha256', '0'.repeat(64)],
  ['completion', 0, 'zsh'],
]

function prepared(): string {
  const directory = scratch()
  const { cases } = JSON.parse(
    readFileSync(
      join(root, 'fixtures/namespace-delegations/reference-script-certificates.json'),
      'utf8',
    ),
  ) as { cases: readonly { root_key: string; prepared_transaction_hex: string }[] }
  const first = cases[0]
  if (first?.root_key !== 'ed25519-a') throw new Error('the first certificate is by another key')
  writeFileSync(join(directory, 'root.prep'), Buffer.from(first.prepared_transaction_hex, 'hex'))
  const { vectors } = JSON.parse(
    readFileSync(join(root, 'fixtures/prepared-transactions/oracle-vectors.json'), 'utf8'),
  ) as { vectors: readonly { prepared_transaction_base64: string }[] }
  const prepared = Buffer.from(vectors[0]?.prepared_transaction_base64 ?? '', 'base64')
  writeFileSync(join(directory, 'daml.bin'), prepared)
  writeFileSync(
    join(directory, 'key.der'),
    readFileSync(join(root, 'fixtures/keys/ed25519-a.pkcs8.der')),
    { mode: 0o600 },
  )
  return directory
}

describe.runIf(hasStrace)('under strace', () => {
  test('every command of the table is run', () => {
    const run = new Set(RUNS.map(([words]) => words))
    expect([...run].sort()).toEqual(COMMANDS.map(({ words }) => words.join(' ')).sort())
  })

  test('a program that does connect is noticed', () => {
    const script = "require('net').connect(9, '127.0.0.1').on('error', () => 0)"
    const { calls } = trace(['-e', script], scratch())
    expect(calls.some((call) => call.startsWith('connect('))).toBe(true)
  })

  test(
    'no command makes a socket that an empty program does not make',
    { timeout: 300_000 },
    () => {
      const directory = prepared()
      const empty = trace(['-e', '0'], directory).calls
      for (const [words, status, ...more] of RUNS) {
        const args = [...words.split(' '), ...more]
        const traced = trace([programPath(), ...args], directory)
        const name = args.join(' ')
        const output = readFileSync(join(directory, 'out'), 'utf8')
        expect({
          name,
          status: traced.status,
          ...(traced.status === status ? {} : { output }),
        }).toEqual({ name, status })
        expect({ name, calls: traced.calls.filter((call) => !empty.includes(call)) }).toEqual({
          name,
          calls: [],
        })
      }
    },
  )
})
