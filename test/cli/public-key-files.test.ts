/** Files of public keys that are none: the refusal says which of the files it is. */
import { expect, test } from 'vitest'
import { desk, HASH, signWith, transfer } from './support/prepared-desk.ts'
import { ALICE_KEY } from './support/prepared.ts'
import { runJson, type ProgramName } from './support/program.ts'

const prepared = ['prepared.bin', '--hashing-scheme', 'v2'] as const
const signedBy = ['--signature', '0.sig', '--signed-by', ALICE_KEY.fingerprint] as const

test.each<[string, readonly string[], ProgramName?]>([
  ['attach', ['attach', 'in.json', ...signedBy, '-o', 'out.json']],
  ['transaction verify', ['transaction', 'verify', ...prepared, '--signature', '0.sig']],
  ['transaction package', ['transaction', 'package', ...prepared, '-o', 'out.json']],
  [
    'party generate',
    ['party', 'generate', '--hint', 'alice', '-o', 'out.json'],
    'cantosign-online',
  ],
])('%s names the file of --public-key', (_what, words, program) => {
  const at = files()
  const keys = program === undefined ? ['good.pub', 'bad.pub'] : ['bad.pub']
  expect(refusal(at, [...words, ...keys.flatMap((key) => ['--public-key', key])], program)).toEqual(
    naming('bad.pub'),
  )
})

test('a key among the state is named', () => {
  const at = files()
  expect(refusal(at, [...signWith('alice'), '--state', 'bad.pub'])).toEqual(naming('bad.pub'))
})

const naming = (file: string): unknown =>
  expect.objectContaining({
    code: 'key-der',
    message: expect.stringMatching(`^${file}: `) as unknown,
    details: expect.objectContaining({ file }) as unknown,
  })

function files(): ReturnType<typeof desk> {
  const at = desk({ transactions: [], preparedTransactions: [{ bytes: transfer, scheme: 'V2' }] })
  at.write('prepared.bin', transfer)
  at.write('0.sig', ALICE_KEY.signBytes(Buffer.from(HASH, 'hex')))
  at.write('good.pub', ALICE_KEY.key.spki)
  at.write('bad.pub', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')
  return at
}

function refusal(
  at: ReturnType<typeof desk>,
  words: readonly string[],
  program: ProgramName = 'cantosign',
): unknown {
  const { document } = runJson(words, { directory: at.directory, program })
  return (document as { readonly error: unknown }).error
}
