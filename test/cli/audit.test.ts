/** `--audit-log` and `audit verify` through the executable: no signature without its entry. */
import { createHash } from 'node:crypto'
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { hashHex } from '../package/support.ts'
import { ownBytes, files, pkcs8, STRANGER_KEY } from './support/prepared.ts'
import {
  change,
  delegation,
  document,
  fingerprint,
  offer,
  refusal,
  signArgs,
  verifies,
  type Desk,
} from './support/desk.ts'
import { programPath, run } from './support/program.ts'

const AUDIT = ['--audit-log', 'audit.log'] as const

type Entry = Readonly<Record<string, unknown>>
const entries = (at: { readonly directory: string }): readonly Entry[] =>
  readFileSync(join(at.directory, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)

const verified = (at: Desk, ...more: readonly string[]): Entry =>
  document(at, ['audit', 'verify', 'audit.log', ...more])

const policy = `version: 1
allow:
  - name: observers of the party
    mapping: partyToParticipant
    operation: replace
    party: party::${fingerprint('alice')}
    participant: any
    permission: [confirmation, observation]
    onboarding: any
    key: ${fingerprint('alice')}
    keyUsage: any
    serial: any
    threshold: 1
    signingThreshold: 1
`

describe('an entry', () => {
  test('says who, when, what, by which key and which rule', () => {
    const at = offer()
    at.write('policy.yaml', policy)
    const before = Date.now()
    document(at, [
      ...['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json'],
      ...['--policy', 'policy.yaml', ...AUDIT],
    ])
    const [entry, ...more] = entries(at)
    expect(more).toEqual([])
    const [signature] = at.package('out.json').transactions[0]?.signatures ?? []
    expect(entry).toMatchObject({
      version: 1,
      sequence: 0,
      previous: '0'.repeat(64),
      event: 'signed',
      user: String(process.getuid?.()),
      command: 'sign',
      file: 'in.json',
      key: fingerprint('alice'),
      signer: 'file',
      approval: 'policy',
      policy: createHash('sha256').update(policy).digest('hex'),
      transactions: [{ hash: hashHex(change()), rule: 'observers of the party' }],
      combined: null,
      signatures: [
        createHash('sha256')
          .update(signature?.signature ?? '')
          .digest('hex'),
      ],
      error: null,
    })
    expect(Date.parse(String(entry?.['time']))).toBeGreaterThanOrEqual(before)
    expect(Date.parse(String(entry?.['time']))).toBeLessThanOrEqual(Date.now())
  })

  test('names the policy that decided, whatever its file says a moment later', () => {
    const at = offer()
    at.write('first.yaml', policy)
    at.write('second.yaml', policy.replace('observers of', 'somebody else at'))
    execFileSync('mkfifo', [join(at.directory, 'policy.yaml')])
    const script = 'cat first.yaml > policy.yaml; sleep 0.3; cat second.yaml > policy.yaml'
    const writer = spawn('sh', ['-c', script], {
      cwd: at.directory,
      detached: true,
      stdio: 'ignore',
    })
    document(at, [
      ...['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json'],
      ...['--policy', 'policy.yaml', ...AUDIT],
    ])
    process.kill(-Number(writer.pid), 'SIGKILL')
    expect(entries(at)).toMatchObject([
      {
        policy: createHash('sha256').update(policy).digest('hex'),
        transactions: [{ rule: 'observers of the party' }],
      },
    ])
  })

  test('is made for what a policy refuses, for a wrong answer and for a key that nothing asks for', () => {
    const at = offer([change({ threshold: 2 })])
    at.write('policy.yaml', policy)
    const args = ['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json', ...AUDIT]
    expect(refusal(at, 8, [...args, '--policy', 'policy.yaml']).code).toBe('policy-refused')
    expect(refusal(at, 8, signArgs('mallory', AUDIT)).code).toBe('key-unneeded')
    expect(entries(at)).toMatchObject([
      {
        event: 'refused',
        key: fingerprint('alice'),
        transactions: [{ hash: hashHex(change({ threshold: 2 })), rule: null }],
        signatures: [],
        error: { code: 'policy-refused' },
      },
      { event: 'refused', key: fingerprint('mallory'), error: { code: 'key-unneeded' } },
    ])
    expect(verified(at)).toMatchObject({ entries: 2, refused: 2, ok: true })
  })

  test('is made for a person who declines', async () => {
    const at = offer()
    const args = ['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json', ...AUDIT]
    const { status } = await at.atTerminal(args, [{ prompt: 'to sign: ', answer: 'no\r' }])
    expect(status).toBe(8)
    expect(entries(at)).toMatchObject([
      { event: 'refused', approval: 'person', error: { code: 'declined' } },
    ])
  })

  test('is made for a key that cannot be opened, and not for a command line', () => {
    const at = offer()
    expect(refusal(at, 5, signArgs('alice', [...AUDIT, '--public-key', 'bob.pub'])).code).toBe(
      'signer-key-mismatch',
    )
    expect(refusal(at, 2, signArgs('alice', [...AUDIT, '--timeout', '5'])).code).toBe('usage')
    expect(entries(at)).toMatchObject([{ event: 'failed', error: { code: 'signer-key-mismatch' } }])
  })

  test('has the combined hash of what one signature is over', () => {
    const all = [delegation('alice', 'alice'), change()]
    const at = offer(all)
    const combined = document(at, signArgs('alice', ['--combined', ...AUDIT]))['combined']
    expect(entries(at)).toMatchObject([
      { combined, transactions: all.map((one) => ({ hash: hashHex(one), rule: null })) },
    ])
    expect((entries(at)[0]?.['signatures'] as unknown[]).length).toBe(1)
  })

  test('is made for a bare hash and for a Daml transaction', () => {
    const at = offer()
    at.write('hash', Buffer.concat([Buffer.from('1220', 'hex'), Buffer.alloc(32, 7)]))
    const blind = ['--blind', '--detached', '--yes', '-o', 'signature', '--key', 'alice.key']
    expect(at.run('sign', 'hash', ...blind, ...AUDIT).status).toBe(0)
    expect(entries(at)).toMatchObject([
      { transactions: [{ hash: `1220${'07'.repeat(32)}`, rule: null }], combined: null },
    ])

    const other = files()
    other.write('prepared.bin', ownBytes())
    other.write('key.der', pkcs8(11))
    const args = ['transaction', 'sign', 'prepared.bin', '--key', 'key.der', '--yes', '-o', 'out']
    const result = run([...args, '--hashing-scheme', 'v2', '--json', ...AUDIT], {
      directory: other.directory,
    })
    expect(result.status).toBe(0)
    const { hash } = JSON.parse(result.stdout) as { readonly hash: string }
    expect(entries(other)).toMatchObject([
      { command: 'transaction sign', transactions: [{ hash, rule: null }], event: 'signed' },
    ])
    other.write('stranger.der', pkcs8(66))
    const strange = run(
      [
        ...args.map((one) => (one === 'key.der' ? 'stranger.der' : one === 'out' ? 'out2' : one)),
        '--hashing-scheme',
        'v2',
        ...AUDIT,
      ],
      { directory: other.directory },
    )
    expect(entries(other)).toHaveLength(2)
    expect(entries(other)[1]).toMatchObject({ key: STRANGER_KEY.fingerprint })
    expect(strange.stdout).toBe('')
  })
})

describe('no signature without an entry', () => {
  const openssl = 'openssl pkeyutl -sign -rawin -keyform DER -inkey alice.key -in {msgfile}'
  const through = (script: string): readonly string[] => [
    ...['--key', `exec:bash ${script} {msgfile} {sigfile}`, '--public-key', 'alice.pub'],
  ]
  const args = (script: string): readonly string[] => [
    ...['sign', 'in.json', '-o', 'out.json', '--yes', ...through(script), ...AUDIT],
  ]
  const sign = openssl.replace('{msgfile}', '"$1"')

  test('a log that cannot be written any more when the signature is there', () => {
    const at = offer()
    at.write('sign.sh', `rm audit.log; mkdir audit.log; ${sign} -out "$2"\n`)
    const error = refusal(at, 2, args('sign.sh'))
    expect(error.code).toBe('audit-log-unwritable')
    expect(at.has('out.json')).toBe(false)
  })

  test('a log that was damaged meanwhile', () => {
    const at = offer()
    at.write('sign.sh', `printf '{' >> audit.log; ${sign} -out "$2"\n`)
    expect(refusal(at, 6, args('sign.sh')).code).toBe('audit-log-torn')
    expect(readFileSync(join(at.directory, 'audit.log'), 'utf8')).toBe('{')
  })

  test('a log that is damaged from the beginning: the key is not asked', () => {
    const at = offer()
    at.write('audit.log', 'hello\n')
    at.write('sign.sh', `touch asked; ${sign} -out "$2"\n`)
    expect(refusal(at, 4, args('sign.sh')).code).toBe('audit-log-broken')
    expect(at.has('asked')).toBe(false)
  })

  test('an output that cannot be written leaves an entry that says so', () => {
    const at = offer()
    at.write('sign.sh', `mkdir out.json; ${sign} -out "$2"\n`)
    expect(at.run(...args('sign.sh')).status).toBe(2)
    expect(entries(at)).toMatchObject([
      { event: 'signed', signer: 'exec', error: null },
      { event: 'failed', error: { code: 'output-unwritable' } },
    ])
    expect(entries(at)[1]?.['signatures']).toEqual(entries(at)[0]?.['signatures'])
  })

  test('the log is no output, and holds no signature and no key', () => {
    const at = offer()
    document(at, signArgs('alice', AUDIT))
    const text = readFileSync(join(at.directory, 'audit.log'), 'utf8')
    const [signature] = at.package('out.json').transactions[0]?.signatures ?? []
    expect(
      verifies(
        'alice',
        signature?.signature ?? new Uint8Array(),
        Buffer.from(hashHex(change()), 'hex'),
      ),
    ).toBe(true)
    expect(text).not.toContain(toHex(signature?.signature ?? new Uint8Array()))
    expect(text).not.toContain(Buffer.from(signature?.signature ?? '').toString('base64'))
    const over = ['sign', 'in.json', '--key', 'alice.key', '--yes', '-o', 'audit.log', '--force']
    expect(at.run(...over, ...AUDIT, '--json').stdout).toContain('output-is-input')
    expect(readFileSync(join(at.directory, 'audit.log'), 'utf8')).toContain(text)
  })
})

describe('several programs at once', () => {
  test('sign into one log, in which every entry has its place', async () => {
    const at = offer()
    // All of them find the lock of a process that was killed.
    const ended = {
      host: hostname(),
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
      pidNamespace: readlinkSync('/proc/self/ns/pid'),
      pid: 2 ** 22 - 1,
      started: '1',
    }
    at.write('audit.log.lock', JSON.stringify(ended))
    const one = async (i: number): Promise<number | null> => {
      const args = [
        'sign',
        'in.json',
        '--key',
        'alice.key',
        '--yes',
        '--quiet',
        '-o',
        `out-${i}.json`,
      ]
      const child = spawn(process.execPath, [programPath(), ...args, ...AUDIT], {
        cwd: at.directory,
        stdio: 'ignore',
      })
      return await new Promise((resolve) => child.on('close', resolve))
    }
    const statuses = await Promise.all(Array.from({ length: 12 }, (_, i) => one(i)))
    expect(statuses).toEqual(Array(12).fill(0))
    expect(verified(at)).toMatchObject({ entries: 12, signed: 12 })
    expect(existsSync(join(at.directory, 'audit.log.lock'))).toBe(false)
  })
})

describe('audit verify', () => {
  const signedTwice = (): Desk => {
    const at = offer()
    document(at, signArgs('alice', AUDIT))
    document(at, signArgs('alice', [...AUDIT, '--force']))
    return at
  }

  test('the hash that signing tells is the one to ask for', () => {
    const at = offer()
    const [command = '', ...rest] = signArgs('alice', AUDIT)
    const { stderr } = at.run(command, ...rest)
    const [, sequence, hash = ''] = /entry (\d+) of audit\.log: ([0-9a-f]{64})$/m.exec(stderr) ?? []
    expect(sequence).toBe('0')
    expect(verified(at)['head']).toBe(hash)
    expect(at.run(command, ...rest, '--force', '--quiet').stderr).toBe('')
    expect(verified(at, '--head', hash)).toMatchObject({ entries: 2 })
  })

  test('tells the head, by which a log that was shortened is known later', () => {
    const at = signedTwice()
    const { head } = verified(at)
    const text = readFileSync(join(at.directory, 'audit.log'), 'utf8')
    expect(head).toBe(
      createHash('sha256')
        .update(text.split('\n')[1] ?? '')
        .digest('hex'),
    )
    expect(verified(at, '--head', String(head))).toMatchObject({ ok: true })
    at.write('audit.log', `${text.split('\n')[0] ?? ''}\n`)
    expect(verified(at)).toMatchObject({ entries: 1 })
    const args = ['audit', 'verify', 'audit.log', '--head', String(head)]
    expect(at.run(...args, '--json').status).toBe(4)
    expect(at.run(...args, '--json').stdout).toContain('audit-log-shortened')
  })

  test.each([
    [
      'a changed entry',
      (text: string) => text.replace('"user":"', '"user":"1'),
      4,
      'audit-log-broken',
    ],
    ['a torn line', (text: string) => text.slice(0, -3), 6, 'audit-log-torn'],
    ['no log', () => 'hello\n', 4, 'audit-log-broken'],
    ['a log cut within its first word', (text: string) => text.slice(0, 4), 6, 'audit-log-torn'],
    ['a file named by mistake', () => 'hello', 4, 'audit-log-broken'],
    ['such a file behind a log', (text: string) => `${text}hello`, 4, 'audit-log-broken'],
  ])('%s', (_what, damage, status, code) => {
    const at = signedTwice()
    at.write('audit.log', damage(readFileSync(join(at.directory, 'audit.log'), 'utf8')))
    const result = at.run('audit', 'verify', 'audit.log', '--json')
    expect(result.status).toBe(status)
    expect(result.stdout).toContain(code)
  })

  test('what is no hash, no file or a directory', () => {
    const at = signedTwice()
    expect(at.run('audit', 'verify', 'audit.log', '--head', 'ABC').status).toBe(2)
    expect(at.run('audit', 'verify', 'none').status).toBe(3)
    mkdirSync(join(at.directory, 'directory'))
    expect(at.run('audit', 'verify', 'directory').status).toBe(3)
    appendFileSync(join(at.directory, 'audit.log'), '')
    expect(statSync(join(at.directory, 'audit.log')).size).toBeGreaterThan(0)
    expect(at.run('audit', 'verify', 'audit.log').stdout).toMatch(/2 in all: [12] signed/)
  })
})
