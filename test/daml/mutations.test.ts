/** Every field of the schema, changed by itself, changes the hash, leaves none, or is listed. */
import { describe, expect, test } from 'vitest'
import { judgePreparedTransaction } from '../../src/daml/judge.ts'
import { readPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { PreparedTransaction } from '../../src/wire/generated/schema.ts'
import {
  addMutations,
  allFields,
  ALWAYS_UNDETERMINED,
  hashOf,
  NEVER_HASHED,
  nothing,
} from './mutations.ts'
import { bytesOf, createTransaction, exerciseTransaction, keyTransaction } from './transactions.ts'

describe('every field of the schema', () => {
  const own = nothing()
  addMutations(createTransaction({}, { maxRecordTime: 1_759_131_828_000_000n }), 'V2', own)
  addMutations(createTransaction({}, { maxRecordTime: 1_759_131_828_000_000n }), 'V3', own)
  addMutations(exerciseTransaction(), 'V2', own)
  addMutations(exerciseTransaction(), 'V3', own)
  addMutations(keyTransaction(), 'V3', own)

  test('is changed, by itself, somewhere', () => {
    const below = (message: string): boolean =>
      /^(?:Metadata\.GlobalKeyMappingEntry|ExternalCallResult)\./.test(message)
    const missing = [...allFields()].filter((field) => !own.touched.has(field) && !below(field))
    expect(missing).toEqual([])
    expect(own.count).toBeGreaterThan(2_000)
    expect(allFields().size).toBeGreaterThan(90)
  })

  test('makes another hash, or is listed as one that does not', () => {
    expect([...own.hidden]).toEqual([])
    const unhashed = [...allFields()].filter((field) => !own.changed.has(field))
    const listed = (field: string): boolean =>
      NEVER_HASHED.includes(field) ||
      ALWAYS_UNDETERMINED.includes(field) ||
      /^(?:Metadata\.GlobalKeyMappingEntry|ExternalCallResult)\./.test(field)
    expect(unhashed.filter((field) => !listed(field))).toEqual([])
  })

  test('that is listed is really left out, and a soundly made transaction with it is refused or named', () => {
    const base = keyTransaction()
    if (base.metadata === undefined) throw new Error('no metadata')
    const metadata = base.metadata
    const changes: readonly (readonly [PreparedTransaction, string])[] = [
      [
        {
          ...base,
          metadata: { ...metadata, globalKeyMapping: [{ key: undefined, value: undefined }] },
        },
        'global-key-mapping-not-signed',
      ],
      [
        {
          ...base,
          metadata: {
            ...metadata,
            inputContracts: metadata.inputContracts.map((one) => ({
              ...one,
              eventBlob: Uint8Array.of(9),
            })),
          },
        },
        'event-blob-not-signed',
      ],
    ]
    for (const [changed, code] of changes) {
      expect(hashOf(changed, 'V3')).toBe(hashOf(base, 'V3'))
      const { refusals, warnings } = judgePreparedTransaction(
        readPreparedTransaction(bytesOf(changed)),
        'V3',
      )
      expect([...refusals, ...warnings].map((one) => one.code)).toContain(code)
    }
  })
})
