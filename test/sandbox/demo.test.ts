/** The first command of the README, from end to end over real sockets. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../cli/support/program.ts'

test('the demo ends with two hosts and no flag', { timeout: 300_000 }, () => {
  const { status, stdout, stderr } = spawnSync('bash', [join(root, 'scripts', 'demo.sh')], {
    encoding: 'utf8',
    timeout: 200_000,
  })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('It is listed, but has not yet imported the contracts')
  const end = stdout.slice(stdout.lastIndexOf('serial 3'))
  expect(end).toMatch(
    /^serial 3\n {2}participant1::1220[0-9a-f]{64} CONFIRMATION\n {2}participant2::1220[0-9a-f]{64} CONFIRMATION\n$/,
  )
})
