/** docs/library.md: its example is a module of this folder, word for word, and does what it says. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CantosignError, type KeyFiles } from '../../src/index.ts'
import { run, runJson, scratch } from '../cli/support/program.ts'
import { certificates, makePackage, signAgreed } from './library-example.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/library.md'), 'utf8')

/** Of each entry point that package.json exports, the module in the source. */
const ENTRY_POINTS = {
  cantosign: '../../src/index.ts',
  'cantosign/signers/file': '../../src/signer/file.ts',
}

test('the page shows the example as it is tested', () => {
  const [, shown] = /```ts\n([^]*?)```/.exec(page) ?? []
  const example = readFileSync(join(import.meta.dirname, 'library-example.ts'), 'utf8')
  const published = Object.entries(ENTRY_POINTS).reduce(
    (text, [name, path]) => text.replaceAll(`'${path}'`, `'${name}'`),
    example,
  )
  expect(shown).toBe(published)
})

test('the page names every entry point', () => {
  const { exports } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as { readonly exports: Readonly<Record<string, unknown>> }
  for (const name of Object.keys(exports).filter((one) => !one.endsWith('.json'))) {
    expect(page).toContain(`\`cantosign${name.slice(1)}\``)
  }
})

/** A key in a directory of its own, the spec of its root delegation, and what the spec names. */
function namespace(): {
  readonly directory: string
  readonly key: string
  readonly spec: string
  readonly keyFiles: KeyFiles
} {
  const directory = scratch()
  const path = (name: string): string => join(directory, name)
  const generated = run(
    ['key', 'generate', '--key-spec', 'ed25519', '--no-encrypt', '-o', 'root.der'],
    { directory },
  )
  expect(generated.status).toBe(0)
  run(['key', 'convert', 'root.der', '--to', 'spki-der', '-o', 'root.pub.der'], { directory })
  const { document } = runJson(['key', 'show', 'root.pub.der'], { directory })
  const { fingerprint } = document as { readonly fingerprint: string }
  const spec = `
transactions:
  - namespaceDelegation:
      namespace: ${fingerprint}
      targetKey: { publicKey: file:root.pub.der, usage: [namespace] }
      restriction: all
`
  const keyFiles = new Map([['root.pub.der', readFileSync(path('root.pub.der'))]])
  return { directory, key: path('root.der'), spec, keyFiles }
}

test('the example builds, signs and exports what the program verifies', async () => {
  const { directory, key, spec, keyFiles } = namespace()
  const made = makePackage(spec, keyFiles)
  expect(() => certificates(made)).toThrow(/: incomplete$/)
  const signed = await signAgreed(made, key, spec, keyFiles)
  writeFileSync(join(directory, 'signed.cantosign.json'), signed)
  expect(runJson(['verify', 'signed.cantosign.json'], { directory })).toMatchObject({
    status: 0,
    document: { ok: true, signatures: { valid: 1, invalid: 0 } },
  })
  const [certificate] = certificates(signed)
  writeFileSync(join(directory, 'root.cert'), certificate?.bytes ?? '')
  expect(run(['verify', 'root.cert'], { directory }).status).toBe(0)
})

test('the example signs nothing but what was agreed', async () => {
  const { key, spec, keyFiles } = namespace()
  const made = makePackage(spec, keyFiles)
  const other = spec.replace('restriction: all', 'restriction: all-but-namespace-delegations')
  const refusal: unknown = await signAgreed(made, key, other, keyFiles).catch(
    (error: unknown) => error,
  )
  expect(refusal).toBeInstanceOf(CantosignError)
  expect(refusal).toMatchObject({ code: 'expectation-mismatch' })
})

test('the example signs nothing that does not ask for the key', async () => {
  const { spec, keyFiles } = namespace()
  const made = makePackage(spec, keyFiles)
  await expect(signAgreed(made, namespace().key, spec, keyFiles)).rejects.toThrow(
    'nothing asks for the key',
  )
})
