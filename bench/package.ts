/** A signing package of our own making: many parties of one namespace, all asked of one key. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createPackage } from '../src/package/create.ts'
import { writePackage } from '../src/package/write.ts'
import { encodeMessage, wrap } from '../src/wire/codec.ts'
import { keyOf, signedRootDelegation } from './snapshot.ts'

/** Writes a package with so many first hostings of parties; the key at `keyPath` signs them all. */
export function writeParties(path: string, keyPath: string, transactions: number): void {
  const key = keyOf(readFileSync(keyPath))
  const { fingerprint, wire } = key
  const party = (i: number): Uint8Array =>
    wrap(
      encodeMessage('TopologyTransaction', {
        operation: 1,
        serial: 1,
        mapping: {
          mapping: {
            $case: 'partyToParticipant',
            value: {
              party: `party${i}::${fingerprint}`,
              threshold: 1,
              participants: [
                { participantUid: `host::${fingerprint}`, permission: 2, onboarding: undefined },
              ],
              partySigningKeys: { keys: [wire], threshold: 1 },
            },
          },
        },
      }),
    )
  const content = createPackage({
    transactions: Array.from({ length: transactions }, (_, i) => ({
      bytes: party(i),
      proposal: true,
    })),
    state: [{ bytes: signedRootDelegation(key) }],
  })
  writeFileSync(path, writePackage(content))
}
