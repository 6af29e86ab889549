/** `build` from the command line to the package. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../cli/arguments.ts'
import { run } from '../../cli/commands/build.ts'
import { BUILD_KINDS, BUILD_OPTIONS } from '../../cli/commands/build-options.ts'
import type { CommandSpec } from '../../cli/command.ts'
import type { Io } from '../../cli/io.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { readPackage } from '../../src/package/read.ts'
import { signedTransactionFile, signatureMessage } from '../../src/topology/assemble.ts'
import { key, uid } from './support.ts'

const COMMAND: CommandSpec = {
  words: ['build'],
  describe: 'build',
  positionals: [{ name: 'kind', optional: true, choices: BUILD_KINDS, describe: 'kind' }],
  options: BUILD_OPTIONS,
  examples: [],
  load: () => Promise.resolve({ run }),
}

let directory = ''
const at = (name: string): string => join(directory, name)
const keyFiles = ['root', 'second', 'third']

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cantosign-build-'))
  keyFiles.forEach((name, i) => {
    writeFileSync(at(name), key(2 * i).spki)
  })
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

interface Outcome {
  readonly code: string
  readonly stdout: string
  readonly stderr: string
  /** Of the error, if there is one. */
  readonly message?: string
}

async function build(...argv: readonly string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const output = (write: (text: string) => void): Io['stdout'] => ({
    isTerminal: false,
    write: (data) => {
      write(typeof data === 'string' ? data : Buffer.from(data).toString('utf8'))
    },
  })
  const io = {
    stdout: output((text) => (stdout += text)),
    stderr: output((text) => (stderr += text)),
    terminal: { interactive: false },
    program: { path: '', name: 'cantosign', version: '0' },
  } as unknown as Io // build asks nothing
  try {
    const parsed = await parseCommandLine('cantosign', '0', [COMMAND], ['build', ...argv])
    if (parsed.$case === 'help') throw new Error('help')
    await run(parsed.args, io, [COMMAND])
    return { code: 'done', stdout, stderr }
  } catch (error) {
    if (!(error instanceof CantosignError)) throw error
    return { code: error.code, stdout, stderr, message: error.message }
  }
}

const packageAt = (name: string): ReturnType<typeof readPackage>['package'] =>
  readPackage(new Uint8Array(readFileSync(at(name)))).package

const party = (...more: readonly string[]): readonly string[] => [
  'external-party',
  '--party',
  'alice',
  '--namespace-key',
  at('root'),
  '--host',
  `${uid('p1', key(1))}=confirmation`,
  ...more,
]

describe('build', () => {
  test('writes a package with the transaction, its text and its network', async () => {
    const { code, stdout } = await build(
      ...party('-o', at('party.json'), '--json', '--reason', 'a new party'),
      '--synchronizer',
      uid('global', key(3)),
    )
    expect(code).toBe('done')
    const made = packageAt('party.json')
    expect(made.text.reason).toBe('a new party')
    expect(made.network.synchronizerId).toBe(uid('global', key(3)))
    expect(made.transactions).toMatchObject([{ proposal: true, signatures: [] }])
    expect(JSON.parse(stdout)).toMatchObject({
      output: at('party.json'),
      transactions: [
        {
          hash: made.transactions[0]?.hash,
          operation: 'replace',
          serial: 1,
          mapping: 'PartyToParticipant',
        },
      ],
      remarks: [],
    })
  })

  test('follows a signed transaction, which goes into the state', async () => {
    await build(...party('-o', at('first.json'), '--quiet'))
    const bytes = packageAt('first.json').transactions[0]?.transaction.bytes ?? new Uint8Array()
    const signature = signatureMessage('EC_CURVE25519', key(0).fingerprint, new Uint8Array(64))
    const signed = signedTransactionFile(bytes, signature, false)
    writeFileSync(at('first.bin'), signed)
    const { code, stdout } = await build(
      ...['hosting', '--previous', at('first.bin'), '-o', at('second.json'), '--json'],
      ...['--add-host', `${uid('p2', key(3))}=observation`, '--onboarding', uid('p2', key(3))],
      ...['--threshold', '2'],
    )
    expect(code).toBe('done')
    const made = packageAt('second.json')
    expect(made.transactions[0]?.transaction.value.serial).toBe(2)
    expect(made.state.map((one) => Buffer.from(one.signed.bytes))).toEqual([Buffer.from(signed)])
    const { remarks } = JSON.parse(stdout) as { readonly remarks: readonly string[] }
    expect(remarks).toHaveLength(1)
  })

  test('says why release line 3.3 needs three transactions, and nothing of the kind otherwise', async () => {
    const { stdout } = await build(...party('-o', at('old.json'), '--for-release', '3.3', '--json'))
    const { remarks } = JSON.parse(stdout) as { readonly remarks: readonly string[] }
    expect(packageAt('old.json').transactions).toHaveLength(3)
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toMatch(/in partyToKeyMapping alone.*does not authorize itself there/)
    const now = await build(...party('-o', at('now.json'), '--json'))
    expect(JSON.parse(now.stdout)).toMatchObject({ remarks: [] })
  })

  test('reads key files relative to the spec', async () => {
    writeFileSync(
      at('spec.yaml'),
      `transactions: [{ namespaceDelegation: { namespace: "${key(0).fingerprint}", targetKey: { publicKey: file:second, usage: [namespace] }, restriction: all } }]`,
    )
    expect((await build('-f', at('spec.yaml'), '-o', at('spec.json'))).code).toBe('done')
    expect(packageAt('spec.json').transactions).toMatchObject([{ proposal: false }])
  })

  test('shows what it built, escaped', async () => {
    const { stderr } = await build(
      'root-delegation',
      '--namespace-key',
      at('root'),
      '-o',
      at('root.json'),
    )
    expect(stderr).toContain(key(0).fingerprint)
    expect(stderr).toContain(packageAt('root.json').transactions[0]?.hash ?? 'no hash')
  })

  test.each([
    ['no kind and no spec', []],
    ['a kind and a spec', ['hosting', '-f', 'x']],
    ['an unknown kind', ['party']],
    ['an unknown option', ['root-delegation', '--root-key', 'x']],
    ['an option of another kind', ['root-delegation', '--owner', key(0).fingerprint]],
    ['an option of a kind beside a spec', ['-f', 'x', '--party', 'alice']],
    ['no key', ['root-delegation']],
    ['no previous transaction', ['hosting', '--threshold', '2']],
    ['nothing to revoke', ['revoke']],
    ['no threshold', ['decentralized-namespace', '--owner', key(0).fingerprint]],
    [
      'a change without what is changed',
      ['decentralized-namespace', '--add-owner', key(0).fingerprint],
    ],
    ['neither namespace nor its key', ['delegation', '--target-key', 'x']],
    [
      'both namespace and its key',
      [
        'delegation',
        '--namespace',
        key(0).fingerprint,
        '--namespace-key',
        'x',
        '--target-key',
        'x',
      ],
    ],
    ['a flag twice', ['root-delegation', '--namespace-key', 'a', '--namespace-key', 'b']],
  ])('refuses as usage: %s', async (_what, argv) => {
    expect((await build(...argv, '-o', at('none.json'))).code).toBe('usage')
  })

  test.each([
    ['a host without a permission', ['--host', uid('p2', key(3))]],
    ['a host with an unknown permission', ['--host', `${uid('p2', key(3))}=admin`]],
    ['a threshold that is no number', ['--threshold', 'two']],
    ['a threshold of nothing', ['--threshold', '0']],
    ['an unknown release line', ['--for-release', '2.9']],
  ])('refuses as usage: %s', async (_what, more) => {
    expect((await build(...party(...more, '-o', at('none.json')))).code).toBe('usage')
  })

  test('refuses an unknown restriction, and one beside all', async () => {
    const asked = ['delegation', '--namespace-key', at('root'), '--target-key', at('second')]
    for (const words of [
      ['nothing'],
      ['all', 'vettedPackages'],
      ['vettedPackages', 'all'],
      ['vettedPackages', 'vetted-packages'],
    ]) {
      const more = words.flatMap((word) => ['--restriction', word])
      expect((await build(...asked, ...more, '-o', at('none.json'))).code).toBe('usage')
    }
  })

  test.each(['global', 'global::1220', `${uid('global', key(3))}::x`])(
    'names the option whose synchronizer is none: %s',
    async (id) => {
      const { code, message } = await build(...party('--synchronizer', id, '-o', at('none.json')))
      expect(code).toBe('identifier-invalid')
      expect(message).toContain(`--synchronizer "${id}" is not valid`)
    },
  )

  test('takes a physical synchronizer id', async () => {
    const id = `${uid('global', key(3))}::34-0`
    await build(...party('--synchronizer', id, '-o', at('physical.json')))
    expect(packageAt('physical.json').network.synchronizerId).toBe(id)
  })

  test('names the key file that it does not take', async () => {
    writeFileSync(at('noise'), 'no key at all')
    const spec = `transactions: [{ namespaceDelegation: { namespace: "${key(0).fingerprint}", targetKey: { publicKey: file:noise, usage: [namespace] }, restriction: all } }]`
    writeFileSync(at('noise.yaml'), spec)
    for (const argv of [
      ['delegation', '--namespace-key', at('root'), '--target-key', at('noise')],
      ['delegation', '--namespace-key', at('noise'), '--target-key', at('root')],
      ['-f', at('noise.yaml')],
    ]) {
      const { code, message } = await build(...argv, '-o', at('none.json'))
      expect({ code, message }).toMatchObject({
        code: 'key-not-a-key',
        message: expect.stringContaining(`${at('noise')}: `) as string,
      })
    }
  })

  test('writes nothing where it refuses, and never over what it read', async () => {
    expect((await build(...party())).code).toBe('output-missing')
    expect((await build(...party('-o', at('root')))).code).toBe('output-exists')
    expect((await build(...party('-o', at('root'), '--force'))).code).toBe('output-is-input')
    expect((await build(...party('-o', at('none.json'), '--threshold', '3'))).code).toBe(
      'build-rule',
    )
    expect(() => readFileSync(at('none.json'))).toThrow('ENOENT')
    expect(readFileSync(at('root'))).toEqual(Buffer.from(key(0).spki))
  })
})
