/** The main job as the README shows it, run line by line, with openssl as the witness at its end. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programPath, root, scratch } from '../cli/support/program.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const [, block = ''] = /^## The main job[^]*?^```sh\n([^]*?)^```$/m.exec(readme) ?? []

/** Where a person would type a passphrase or the end of the hash. */
const ANSWERS = `
cantosign() {
  case "$1 $2" in
    'key generate') "$NODE" "$PROGRAM" "$@" --no-encrypt ;;
    sign\\ *) "$NODE" "$PROGRAM" "$@" --yes ;;
    *) "$NODE" "$PROGRAM" "$@" ;;
  esac
}
`

test('the ten lines of the main job do what they say', () => {
  expect(block.trim().split('\n')).toHaveLength(10)
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', `${ANSWERS}\n${block}`], {
    cwd: scratch(),
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, PROGRAM: programPath() },
  })
  expect(status, stderr).toBe(0)
  expect(stdout).toContain('every signature is valid and every transaction is authorized')
  expect(stdout).toContain('Signature Verified Successfully')
})
