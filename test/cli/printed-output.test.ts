/** `-o FILE` where a command only prints: nothing that is given is ignored. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { textOf } from '../package/support.ts'
import { delegation, desk, fingerprint, inForce, person, type Desk } from './support/desk.ts'
import { streamFile } from './support/streams.ts'

const laid = (): Desk => {
  const at = desk()
  at.write('in.bin', delegation('alice', 'alice'))
  at.write('signed.bin', inForce())
  return at
}

const temporaries = (at: Desk): readonly string[] =>
  readdirSync(at.directory).filter((name) => name.endsWith('.tmp'))

describe('what would be printed goes to the file', () => {
  test.each([
    'inspect in.bin',
    'inspect in.bin --json',
    'inspect in.bin signed.bin --json',
    'inspect in.bin --ndjson',
    'hash in.bin',
    'verify in.bin --json',
    'key show alice.pub',
    `namespace decentralized --owner ${fingerprint('alice')}`,
    'completion bash',
  ])('%s', (line) => {
    const at = laid()
    const printed = at.run(...line.split(' '))
    const { status, stdout, stderr } = at.run(...line.split(' '), '-o', 'out')
    expect([status, stdout, stderr]).toEqual([printed.status, '', printed.stderr])
    expect(textOf(at.read('out'))).toBe(printed.stdout)
    expect(printed.stdout).not.toBe('')
    expect(temporaries(at)).toEqual([])
  })

  test('a result that is not favourable is a result', () => {
    const at = laid()
    expect(at.run('verify', 'in.bin', '-o', 'out').status).toBe(6)
    expect(textOf(at.read('out'))).toContain('incomplete')
  })

  test('- is standard output', () => {
    const at = laid()
    expect(at.run('hash', 'in.bin', '-o', '-').stdout).toBe(at.run('hash', 'in.bin').stdout)
    expect(at.has('-')).toBe(false)
  })

  test('--force replaces an output, and never an input', () => {
    const at = laid()
    at.write('out', 'old')
    expect(at.run('hash', 'in.bin', '-o', 'out', '--force').status).toBe(0)
    expect(textOf(at.read('out'))).toBe(at.run('hash', 'in.bin').stdout)
    const before = at.read('in.bin')
    const { status, stderr } = at.run('hash', 'in.bin', '-o', 'in.bin', '--force')
    expect([status, stderr]).toEqual([2, expect.stringContaining('[output-is-input]')])
    expect(at.read('in.bin')).toEqual(before)
  })
})

describe('nothing is written', () => {
  test.each<[string, string, number, string]>([
    ['over an existing file', 'hash in.bin -o alice.pub', 2, 'output-exists'],
    ['into a directory that is not there', 'hash in.bin -o no/out', 2, 'output-unwritable'],
    ['beside JSON on standard output', 'hash in.bin --json -o -', 2, 'json-with-stdout'],
    ['about what cannot be read', 'hash gone -o out', 3, 'file-unreadable'],
    ['about a stream that breaks off', 'inspect cut --json -o out', 3, 'truncated'],
  ])('%s', (_what, line, status, code) => {
    const at = laid()
    const whole = streamFile('snapshot-v2', [inForce(), inForce()])
    at.write('cut', whole.subarray(0, -1))
    const result = at.run(...line.split(' '), ...(line.includes('--json') ? [] : ['--json']))
    const { error } = JSON.parse(result.stdout) as { readonly error: { readonly code: string } }
    expect([result.status, error.code]).toEqual([status, code])
    expect(at.has('out')).toBe(false)
    expect(at.read('alice.pub')).toEqual(new Uint8Array(person('alice').key.spki))
    expect(temporaries(at)).toEqual([])
  })

  test('by export, which names its files itself', () => {
    const at = laid()
    const args = ['export', 'in.bin', '--format', 'hash']
    const { status, stderr } = at.run(...args, '-d', 'out', '-o', 'one')
    expect([status, stderr]).toEqual([2, expect.stringContaining('-d DIR')])
    expect([at.has('out'), at.has('one')]).toEqual([false, false])
  })
})
