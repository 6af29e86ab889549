/** openssl(1) as the other signer: it agrees with ours, and ours takes what it makes. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keyVector } from '../support/keys.ts'
import { desk, document, refusal, type Desk } from './support/desk.ts'
import { root } from './support/program.ts'

const EC_KEYS = [
  ['p256-a', 'sha256'],
  ['p384-a', 'sha384'],
  ['secp256k1-a', 'sha256'],
] as const
const KEYS = ['ed25519-a', ...EC_KEYS.map(([name]) => name)]

/** A root delegation of the key, as a package and as a bare transaction, with its exported hash. */
function laid(name: string): Desk {
  const at = desk()
  for (const ending of ['pkcs8.der', 'spki.der']) {
    copyFileSync(join(root, 'fixtures', 'keys', `${name}.${ending}`), join(at.directory, ending))
  }
  chmodSync(join(at.directory, 'pkcs8.der'), 0o600)
  document(at, ['build', 'root-delegation', '--namespace-key', 'spki.der', '-o', 'in.json'])
  const [transaction] = at.package('in.json').transactions
  at.write('in.prep', transaction?.transaction.bytes ?? '')
  mkdirSync(join(at.directory, 'out'))
  document(at, ['export', 'in.prep', '--format', 'hash', '-d', 'out'])
  return at
}

const HASH = 'out/01-namespace-delegation.hash'

function openssl(at: Desk, ...args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: at.directory, stdio: ['ignore', 'pipe', 'pipe'] })
    .toString('utf8')
    .trim()
}

/** The signature by openssl over the exported hash, in the file `signature`. */
function signWithOpenssl(at: Desk, ...digest: readonly string[]): void {
  const key = ['-inkey', 'pkcs8.der', '-keyform', 'DER']
  openssl(at, 'pkeyutl', '-sign', ...key, '-rawin', ...digest, '-in', HASH, '-out', 'signature')
}

const detached = (input: string): readonly string[] => [
  ...['sign', input, '--key', 'pkcs8.der', '--detached', '--yes', '-o', 'ours'],
]

test('the Ed25519 signature is that of openssl, byte for byte', () => {
  const at = laid('ed25519-a')
  signWithOpenssl(at)
  for (const input of ['in.json', 'in.prep']) {
    document(at, [...detached(input), '--force'])
    expect(at.read('ours')).toEqual(at.read('signature'))
  }
  document(at, [...detached(HASH), '--blind', '--force'])
  expect(at.read('ours')).toEqual(at.read('signature'))
})

describe.each(EC_KEYS)('%s', (name, digest) => {
  test('openssl verifies what we make, and nothing else', () => {
    const at = laid(name)
    document(at, detached('in.json'))
    const verify = (input: string): string =>
      openssl(
        at,
        ...['pkeyutl', '-verify', '-pubin', '-inkey', 'spki.der', '-keyform', 'DER', '-rawin'],
        ...['-digest', digest, '-in', input, '-sigfile', 'ours'],
      )
    expect(verify(HASH)).toBe('Signature Verified Successfully')
    expect(() => verify('in.prep')).toThrow()
  })
})

describe.each(KEYS)('attach takes from openssl what it signed with %s', (name) => {
  const digest = EC_KEYS.find(([own]) => own === name)?.[1]
  const attach = [
    ...['attach', 'in.json', '--signature', 'signature', '-o', 'out.json'],
    ...['--signed-by', keyVector(name).fingerprint],
  ]

  test('over the hash', () => {
    const at = laid(name)
    signWithOpenssl(at, ...(digest === undefined ? [] : ['-digest', digest]))
    expect(document(at, attach)).toMatchObject({
      signedBy: keyVector(name).fingerprint,
      transactions: [{ status: 'authorized', missing: [] }],
    })
  })

  test('and not over the hash in hex, nor with another digest', () => {
    const at = laid(name)
    const [transaction] = at.package('in.json').transactions
    const exact = at.read(HASH)
    at.write(HASH, transaction?.hash ?? '')
    signWithOpenssl(at, ...(digest === undefined ? [] : ['-digest', digest]))
    expect(refusal(at, 4, attach).code).toBe('signature-invalid')
    if (digest === undefined) return
    at.write(HASH, exact)
    signWithOpenssl(at, '-digest', digest === 'sha256' ? 'sha384' : 'sha256')
    expect(refusal(at, 4, attach).code).toBe('signature-invalid')
  })
})
