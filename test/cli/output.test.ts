/** No output takes the place of a file that was read, whichever option named it. */
import { describe, expect, test } from 'vitest'
import { ONLINE_COMMANDS } from '../../cli/commands/online-table.ts'
import { GLOBAL_OPTIONS } from '../../cli/command.ts'
import { INPUT_OPTIONS } from '../../cli/commands/output.ts'
import { toHex } from '../../src/base/bytes.ts'
import { online } from '../online/support/cli.ts'
import {
  change,
  changeSpec,
  desk,
  fingerprint,
  packageFile,
  person,
  proved,
} from './support/desk.ts'
import { transactionHash } from '../../src/topology/transaction.ts'

/** Options with a path that is written to. */
const WRITTEN = ['output', 'directory', 'record']

test('every option that names a file to read is known as an input', () => {
  const paths = [...GLOBAL_OPTIONS, ...ONLINE_COMMANDS.flatMap(({ options }) => options)]
    .filter(({ path }) => path === true)
    .map(({ name }) => name)
    .filter((name) => !WRITTEN.includes(name))
  expect(new Set(INPUT_OPTIONS)).toEqual(new Set(paths))
})

test('JSON has no raw control, format or bidirectional characters, and says the same', () => {
  const at = desk()
  const reason =
    'a\u202eb\u009b31mc\u200bd\u2028e\u{e0041}f\u001b[2Jg\u007fh \u00e9\u4e2d "\\u{1b}"'
  at.write('in.json', packageFile({ unsigned: [change()], text: { reason } }))
  const { status, stdout } = at.run('inspect', 'in.json', '--json')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u)
  expect(JSON.parse(stdout)).toMatchObject({ text: { reason } })
})

describe('a command that makes no file does not ignore -o', () => {
  test.each([
    ['submit', 'in.json'],
    ['party', 'allocate', 'in.json'],
    ['transaction', 'execute', 'in.json'],
    ['reassign', '--record', 'in.json'],
    ['replicate', '-d', 'in'],
  ])('%s %s', async (...args) => {
    for (const output of ['out', '-']) {
      const { status, stderr } = await online(...args, '-o', output)
      expect([status, stderr]).toEqual([2, expect.stringContaining('makes no file')])
    }
  })
})

const POLICY = `version: 1
allow:
  - name: hosting
    mapping: partyToParticipant
`

describe('with --force, nothing is written over', () => {
  test.each([
    ['the key', 'alice.key', ['sign', 'in.json', '--key', 'alice.key', '--yes']],
    ['the key as a URI', 'alice.key', ['sign', 'in.json', '--key', 'file:alice.key', '--yes']],
    [
      'the key of a blind signature',
      'alice.key',
      ['sign', 'hash.bin', '--blind', '--detached', '--key', 'alice.key', '--yes'],
    ],
    [
      'the state',
      'state.bin',
      ['sign', 'in.json', '--key', 'alice.key', '--state', 'state.bin', '--yes'],
    ],
    [
      'the expectation',
      'spec.yaml',
      ['sign', 'in.json', '--key', 'alice.key', '--expect', 'spec.yaml', '--yes'],
    ],
    [
      'the policy',
      'policy.yaml',
      ['sign', 'in.json', '--key', 'alice.key', '--policy', 'policy.yaml'],
    ],
    [
      'a passphrase',
      'passphrase.txt',
      ['key', 'generate', '--key-spec', 'ed25519', '--passphrase-file', 'passphrase.txt'],
    ],
    [
      'the new passphrase',
      'passphrase.txt',
      [
        'key',
        'convert',
        'alice.key',
        '--to',
        'pkcs8-pem',
        '--new-passphrase-file',
        'passphrase.txt',
      ],
    ],
    [
      'a public key',
      'alice.pub',
      [
        ...['attach', 'in.json', '--signature', 'signature.bin', '--public-key', 'alice.pub'],
        ...['--signed-by', fingerprint('alice')],
      ],
    ],
  ])('%s', (_what, name, args) => {
    const at = desk()
    at.write('in.json', packageFile({ unsigned: [change()], known: proved() }))
    at.write('hash.bin', transactionHash(change()))
    at.write('state.bin', proved()[0] ?? new Uint8Array())
    at.write('spec.yaml', changeSpec())
    at.write('policy.yaml', POLICY)
    at.write('passphrase.txt', 'correct horse battery')
    at.write('signature.bin', person('alice').signBytes(transactionHash(change())))
    const before = toHex(at.read(name))
    const { status, stdout } = at.run(...args, '-o', name, '--force', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'output-is-input' } })
    expect(status).toBe(2)
    expect(toHex(at.read(name))).toBe(before)
  })
})
