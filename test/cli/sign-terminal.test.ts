/** The typed confirmation of `sign`, at a pseudo-terminal. */
import { describe, expect, test } from 'vitest'
import { hashHex } from '../package/support.ts'
import {
  change,
  delegation,
  desk,
  fingerprint,
  hosting,
  packageFile,
  signedBy,
  type Desk,
} from './support/desk.ts'

const PROMPT = 'type the last 8 characters of the hash to sign: '
const END = hashHex(change()).slice(-8)
const asking = (...more: readonly string[]): readonly string[] => [
  ...['sign', 'in.json', '--key', 'alice.key', '-o', 'out.json'],
  ...more,
]

function offer(unsigned: readonly Uint8Array[] = [change()]): Desk {
  const at = desk()
  at.write('in.json', packageFile({ unsigned }))
  return at
}

describe('at the question', () => {
  test('the end of the hash signs', async () => {
    const at = offer()
    const { status, stderr, screen } = await at.atTerminal(asking(), [
      { prompt: PROMPT, answer: `${END}\r` },
    ])
    expect(status).toBe(0)
    expect(stderr).toContain('who has to sign')
    expect(screen).toContain(hashHex(change()))
    expect(screen).toContain(fingerprint('alice'))
    expect(at.package('out.json').transactions[0]?.signatures.length).toBe(1)
  })

  test.each([
    ['other characters', `${END.slice(0, 7)}${END.endsWith('0') ? '1' : '0'}\r`],
    ['too few', `${END.slice(1)}\r`],
    ['the whole hash', `${hashHex(change())}\r`],
    ['the beginning of the hash', `${hashHex(change()).slice(0, 8)}\r`],
    ['yes', 'yes\r'],
    ['nothing', '\r'],
    ['the end of the input', '\x04'],
  ])('%s sign nothing', async (_what, answer) => {
    const at = offer()
    const { status, stderr } = await at.atTerminal(asking(), [{ prompt: PROMPT, answer }])
    expect(status).toBe(8)
    expect(stderr).toContain('[declined]')
    expect(at.has('out.json')).toBe(false)
  })

  test('Ctrl-C stops, and nothing is written', async () => {
    const at = offer()
    const { status } = await at.atTerminal(asking(), [{ prompt: PROMPT, answer: '\x03' }])
    expect(status).toBe(130)
    expect(at.has('out.json')).toBe(false)
  })

  test('--quiet hides nothing from who is asked', async () => {
    const at = offer()
    const { status, stderr } = await at.atTerminal(asking('--quiet'), [
      { prompt: PROMPT, answer: `${END}\r` },
    ])
    expect(status).toBe(0)
    expect(stderr).toContain(`hash        ${hashHex(change())}`)
  })

  test('several transactions are confirmed by the combined hash of all', async () => {
    const at = offer([delegation('alice', 'alice'), change()])
    const asked = await at.atTerminal(asking(), [{ prompt: PROMPT, answer: `${END}\r` }])
    expect(asked.status).toBe(8)
    expect(asked.screen).toContain('sign 2 transactions, one by one')
    const [, hash = ''] = /the combined hash of all is\s+([0-9a-f]{68})/.exec(asked.screen) ?? []
    const { status } = await at.atTerminal(asking(), [
      { prompt: PROMPT, answer: `${hash.slice(-8)}\r` },
    ])
    expect(status).toBe(0)
    expect(asked.stderr).toContain(hash)
  })
})

describe('no question is asked', () => {
  test('with --yes', async () => {
    const at = offer()
    const { status, screen } = await at.atTerminal(asking('--yes'), [])
    expect({ status, screen }).toEqual({ status: 0, screen: '' })
  })

  test('where a grave danger is refused before', async () => {
    const at = desk()
    const known = [signedBy(hosting({ serial: 5 }), 'alice', 'host')]
    at.write('in.json', packageFile({ unsigned: [change()], known }))
    const { status, stderr, screen } = await at.atTerminal(asking(), [])
    expect({ status, screen }).toEqual({ status: 8, screen: '' })
    expect(stderr).toContain('grave danger serial-taken')
  })

  test('where a policy refuses', async () => {
    const at = offer()
    at.write('policy.yaml', 'version: 1\nallow:\n  - name: only removals\n    operation: remove\n')
    const { status, screen } = await at.atTerminal(asking('--policy', 'policy.yaml'), [])
    expect({ status, screen }).toEqual({ status: 8, screen: '' })
    expect(at.has('out.json')).toBe(false)
  })
})
