/** Limits on what is read, and raising them. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/package/model.ts'
import { assembleSignedTransaction } from '../../src/topology/assemble.ts'
import { hashHex } from '../package/support.ts'
import { delegation, offer, refusal } from './support/desk.ts'

const ROOT = delegation('alice', 'alice')

/** A package whose reason has one character more than is read. */
function tooLong() {
  const at = offer([ROOT], [])
  const document = JSON.parse(Buffer.from(at.read('in.json')).toString()) as {
    text: Record<string, string>
  }
  document.text = { reason: 'a'.repeat(DEFAULT_LIMITS.textBytes + 1) }
  at.write('in.json', JSON.stringify(document))
  return at
}

const RAISED = ['--limit', 'text-bytes=70000']
const SIGN = ['sign', 'in.json', '--key', 'alice.key', '--yes', '-o', 'out.json']

describe('a package beyond a limit', () => {
  test.each([
    ['inspect', ['inspect', 'in.json']],
    ['hash', ['hash', 'in.json']],
    ['verify', ['verify', 'in.json']],
    ['sign', SIGN],
  ] as const)('is refused by %s, which names the limit and the way to raise it', (_name, args) => {
    const error = refusal(tooLong(), 3, args)
    expect(error.code).toBe('limit-exceeded')
    expect(error.message).toContain('65536')
    expect(error.hint).toContain('--limit')
  })

  test('is read, signed and combined under a higher one', () => {
    const at = tooLong()
    const hash = at.run('hash', 'in.json', ...RAISED)
    expect({ status: hash.status, stdout: hash.stdout }).toEqual({
      status: 0,
      stdout: `${hashHex(ROOT)}\n`,
    })
    expect(at.run(...SIGN, ...RAISED).status).toBe(0)
    expect(at.run('verify', 'out.json').status).toBe(3)
    expect(at.run('verify', 'out.json', ...RAISED).status).toBe(0)
    const combined = ['combine', 'in.json', 'out.json', '-o', 'all.json']
    expect(at.run(...combined).status).toBe(3)
    expect(at.has('all.json')).toBe(false)
    expect(at.run(...combined, ...RAISED).status).toBe(0)
    expect(at.read('all.json')).toEqual(at.read('out.json'))
  })
})

/** One transaction with signatures by keys that nobody has. */
function signedBySome(count: number) {
  const at = offer([ROOT], [])
  const signatures = Array.from({ length: count }, (_, i) => ({
    format: 3, // CONCAT
    signature: new Uint8Array(64),
    signedBy: `1220${i.toString(16).padStart(64, '0')}`,
    signingAlgorithmSpec: 1, // ED25519
    signatureDelegation: undefined,
  }))
  at.write(
    'signed',
    assembleSignedTransaction({
      transaction: ROOT,
      signatures,
      proposal: true,
      multiTransactionSignatures: [],
    }),
  )
  return at
}

describe('a signed transaction beyond the limit of signatures', () => {
  const { signatures: limit } = DEFAULT_LIMITS
  const more = ['--limit', `signatures=${limit + 1}`]

  test.each([
    ['inspect', ['inspect', 'signed'], 0],
    ['hash', ['hash', 'signed'], 0],
    ['verify', ['verify', 'signed'], 6],
    ['verify --state', ['verify', 'in.json', '--state', 'signed'], 6],
    ['sign', ['sign', 'signed', '--key', 'alice.key', '--yes', '-o', 'out.json'], 0],
    ['export', ['export', 'signed', '--format', 'hash', '-d', 'out'], 0],
    ['build', ['build', 'revoke', '--previous', 'signed', '-o', 'out.json'], 0],
  ] as const)('is refused by %s unless it is raised', (_name, args, status) => {
    const at = signedBySome(limit + 1)
    const error = refusal(at, 3, args)
    expect(error.code).toBe('limit-exceeded')
    expect(error.message).toContain(`${limit + 1} signatures`)
    expect(error.hint).toContain('--limit')
    expect(at.run(...args, ...more).status).toBe(status)
    expect(signedBySome(limit).run(...args).status).toBe(status)
  })
})

test.each([
  ['names', 'names=5'],
  ['no name', '=70000'],
  ['no number', 'text-bytes='],
  ['a word', 'text-bytes=many'],
  ['a negative number', 'text-bytes=-1'],
  ['a fraction', 'text-bytes=70000.5'],
  ['a number too large to be exact', `text-bytes=${'9'.repeat(16)}`],
  ['less than the limit', 'text-bytes=65535'],
  ['a name that every object has', 'constructor=70000'],
])('--limit with %s is a mistake', (_what, value) => {
  const at = offer([ROOT], [])
  expect(refusal(at, 2, ['hash', 'in.json', '--limit', value])).toMatchObject({ code: 'usage' })
})
