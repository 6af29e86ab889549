/** Several signatures in one run, and which implementation verified them. */
import { describe, expect, test } from 'vitest'
import { definitionMapping } from '../authorization/signed.ts'
import { hashHex, transactionBytes } from '../package/support.ts'
import {
  delegation,
  document,
  offer,
  person,
  refusal,
  signArgs,
  verifies,
  type Desk,
} from './support/desk.ts'

const ROOT = delegation('alice', 'alice')
const DEFINITIONS = [1, 2, 3].map((serial) =>
  transactionBytes(definitionMapping([person('alice'), person('bob')], 2), serial),
)
const ALL = [ROOT, ...DEFINITIONS]

describe('several transactions of a package', () => {
  test.each([
    [[], { nodeCrypto: 0, noble: 4 }],
    [['--fast'], { nodeCrypto: 4, noble: 4 }],
  ] as const)('are signed with %j, each once', (options, verified) => {
    const at: Desk = offer(ALL, [])
    const said = document(at, signArgs('alice', [...options]))
    expect(said).toMatchObject({ verified })
    const signed = at.package('out.json')
    for (const transaction of ALL) {
      const hash = hashHex(transaction)
      const entry = signed.transactions.find((one) => one.hash === hash)
      const [signature, ...more] = entry?.signatures ?? []
      expect(more).toEqual([])
      const message = Buffer.from(hash, 'hex')
      expect(verifies('alice', signature?.signature ?? new Uint8Array(), message)).toBe(true)
    }
  })

  test('and one alone is verified by node:crypto, whatever is asked', () => {
    const at: Desk = offer([ROOT], [])
    expect(document(at, signArgs('alice', ['--fast']))).toMatchObject({
      verified: { nodeCrypto: 1, noble: 0 },
    })
  })

  test('--fast says nothing of a bare hash', () => {
    const at: Desk = offer([ROOT], [])
    at.write('in.json', Buffer.from(hashHex(ROOT), 'hex'))
    const args = signArgs('alice', ['--blind', '--detached', '--fast'])
    expect(refusal(at, 2, args)).toMatchObject({ code: 'usage' })
  })
})
