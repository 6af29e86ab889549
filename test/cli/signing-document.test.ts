/** The commands of docs/signing.md, run one block after the other as they stand there. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { desk, fingerprint, type Desk } from './support/desk.ts'
import { programPath, root } from './support/program.ts'

const page = readFileSync(join(root, 'docs', 'signing.md'), 'utf8')
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, script = '']) => script)

let at: Desk

beforeAll(() => {
  at = desk()
  const bin = join(at.directory, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'cantosign'), `#!/bin/sh\nexec "$NODE" "$PROGRAM" "$@"\n`)
  chmodSync(join(bin, 'cantosign'), 0o755)
  for (const name of ['alice', 'host'] as const) {
    at.write(`${name}.der`, at.read(`${name}.key`))
    chmodSync(join(at.directory, `${name}.der`), 0o600)
  }
  // The page makes the public keys itself.
  spawnSync('rm', ['alice.pub', 'host.pub'], { cwd: at.directory })
})

test.each(blocks.map((script, i) => [i + 1, script] as const))('block %i', (_number, script) => {
  const { status, stderr } = spawnSync('sh', ['-euc', script], {
    cwd: at.directory,
    encoding: 'utf8',
    detached: true,
    env: {
      PATH: `${join(at.directory, 'bin')}:${process.env['PATH'] ?? ''}`,
      NODE: process.execPath,
      PROGRAM: programPath(),
      ALICE: fingerprint('alice'),
      HOST: fingerprint('host'),
    },
  } as Parameters<typeof spawnSync>[2] & { detached: boolean; encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr })
})

test('the page has blocks, and they end in what it says', () => {
  expect(blocks.length).toBe(6)
  const [own] = at.package('both.cantosign.json').transactions
  expect(own?.signatures.map((one) => one.signedBy)).toEqual(
    [fingerprint('alice'), fingerprint('host')].sort(),
  )
  expect(at.has('x.json')).toBe(false)
  expect(at.read('agreed.cantosign.json')).toEqual(at.read('alice.cantosign.json'))
  expect(at.read('decided.cantosign.json')).toEqual(at.read('alice.cantosign.json'))
})
