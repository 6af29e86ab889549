/** docs/building.md, command by command: every kind is built, and what is built can be signed. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BUILD_KINDS } from '../../cli/commands/build-options.ts'
import { readPackage } from '../../src/package/read.ts'
import { keyVector } from '../support/keys.ts'
import { fixtureBytes } from '../support/vectors.ts'
import { scratch } from './support/program.ts'
import { answered, expectedStatus, fingerprintsMissing, missingIn } from './support/ceremony.ts'
import { readRunbook, readStep, runWords } from './support/runbook.ts'

const sections = readRunbook('docs/building.md')
const KEYS = { root: 'ed25519-a', host: 'ed25519-b', next: 'p256-a', other: 'p256-b' } as const

const place = scratch()
const desk = join(place, 'desk')
mkdirSync(desk)
for (const [name, key] of Object.entries(KEYS)) {
  writeFileSync(join(desk, `${name}.der`), fixtureBytes(`keys/${key}.pkcs8.der`), { mode: 0o600 })
  writeFileSync(join(desk, `${name}.pub.der`), fixtureBytes(`keys/${key}.spki.der`))
}
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
writeFileSync(join(desk, 'encryption.pub.der'), publicKey.export({ format: 'der', type: 'spki' }))
writeFileSync(
  join(desk, 'spec.yaml'),
  `transactions:
  - synchronizerTrustCertificate:
      participantUid: participant1::${valueOf('HOST')}
      synchronizerId: global::${valueOf('ROOT')}
`,
)

/** The fingerprint that the vectors record for the key of this name. */
function valueOf(name: string): string {
  const key = KEYS[name.toLowerCase() as keyof typeof KEYS]
  return keyVector(key).fingerprint
}

describe('docs/building.md', () => {
  test('has an example of every kind, and of a spec', () => {
    const commands = sections.flatMap(({ blocks }) => blocks).flatMap((block) => block.commands)
    const built = new Set(
      commands.flatMap((command) => /^cantosign build (\S+)/.exec(command)?.[1] ?? []),
    )
    expect(built).toEqual(new Set([...BUILD_KINDS, '-f']))
  })

  for (const { title, blocks } of sections) {
    test(title, { timeout: 120_000 }, async () => {
      for (const command of blocks.flatMap((block) => block.commands)) {
        const { words, comment } = readStep(command, valueOf)
        const isVerify = words[1] === 'verify'
        const { status, stdout, stderr } = await runWords(
          [...answered(words), ...(isVerify ? ['--json'] : [])],
          desk,
        )
        const what = `${words.join(' ')}\n${stdout}${stderr}`
        expect(status, what).toBe(expectedStatus(comment))
        if (isVerify) {
          expect(missingIn(stdout), what).toEqual(fingerprintsMissing(comment, valueOf))
        }
        if (words[1] === 'build') {
          const bytes = readFileSync(join(desk, words.at(-1) ?? ''))
          const { transactions } = readPackage(new Uint8Array(bytes)).package
          expect(transactions.flatMap(({ transaction }) => transaction.findings)).toEqual([])
        }
      }
    })
  }
})
