import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import protobuf from 'protobufjs'
import { CantosignError } from '../../src/base/errors.ts'
import { decodeApiMessage, encodeApiMessage } from '../../src/online/wire/codec.ts'
import { MESSAGE_SCHEMAS, SERVICES } from '../../src/online/wire/generated/schema.ts'
import type { ApiMethod } from '../../src/online/wire/services.ts'
import type { ApiMessageName } from '../../src/online/wire/schema.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'none'
}

describe('messages of the APIs', () => {
  it('are written with the field numbers of the protocol notes', () => {
    const request = encodeApiMessage('AddTransactionsRequest', {
      transactions: [bytes('0a01ff')],
      forceChanges: [1, 14],
      store: {
        store: {
          $case: 'synchronizer',
          value: { kind: { $case: 'physicalId', value: 's::1220::35-0' } },
        },
      },
      waitToBecomeEffective: { seconds: 5n, nanos: 0 },
    })
    expect(Buffer.from(request).toString('hex')).toBe(
      '0a030a01ff' + // 1 transactions
        '1202010e' + // 2 force_changes, packed
        '1a11120f120d' + // 3 store, 2 synchronizer, 2 physical_id
        Buffer.from('s::1220::35-0').toString('hex') +
        '3a020805', // 7 wait_to_become_effective
    )
  })

  it('answer to ListPartyToParticipant in field 2, all other lists in field 1', () => {
    const item = bytes('0a0470617274')
    const list = encodeApiMessage('ListPartyToParticipantResponse', { results: [{ item }] })
    expect(list[0]).toBe(0x12)
    expect(encodeApiMessage('ListNamespaceDelegationResponse', { results: [{ item }] })[0]).toBe(
      0x0a,
    )
    expect(decodeApiMessage('ListPartyToParticipantResponse', list).results[0]?.item).toEqual(item)
  })

  it('keep what is signed as the bytes that came', () => {
    // A length in two bytes where one is enough: legal, and part of the hash.
    const transaction = bytes('8a0001')
    const encoded = encodeApiMessage('AuthorizeResponse', { transaction })
    expect(decodeApiMessage('AuthorizeResponse', encoded).transaction).toEqual(transaction)
  })

  it('overlook a field that is not known', () => {
    expect(decodeApiMessage('GetIdResponse', bytes('0801' + 'fa0103616263' + '120161'))).toEqual({
      initialized: true,
      uniqueIdentifier: 'a',
    })
  })

  it('overlook a field that another release uses with another wire type', () => {
    // Release line 3.3 has `healthy` where later ones have the physical id.
    const connected = bytes('0a0c' + '0a0161' + '12057379' + '6e633a' + '1801')
    expect(
      decodeApiMessage('ListConnectedSynchronizersResponse', connected).connectedSynchronizers,
    ).toEqual([
      {
        synchronizerAlias: 'a',
        synchronizerId: 'sync:',
        physicalSynchronizerId: '',
        healthy: false,
      },
    ])
  })

  it('read a negative time: genesis lies before 1970', () => {
    const context = { validFrom: { seconds: -62135596800n, nanos: 1000 } }
    const encoded = encodeApiMessage('ListResult', { context })
    expect(decodeApiMessage('ListResult', encoded).context?.validFrom).toEqual(context.validFrom)
  })

  it.each([
    ['a length beyond the end', '12ff'],
    ['a length beyond the end of the message it is in', '0a020a05'],
    ['a varint without its end', '0880'],
    ['a group', '0b0c'],
    ['field number 0', '0001'],
    ['text that is not UTF-8', '1201ff'],
    ['a wire type that does not exist', '0e'],
  ])('are refused with %s', (_what, hex) => {
    const name: ApiMessageName =
      hex === '0a020a05' ? 'ListAvailableStoresResponse' : 'GetIdResponse'
    expect(codeOf(() => decodeApiMessage(name, bytes(hex)))).toBe('response-malformed')
  })

  test.prop([
    fc.constantFrom(...(Object.keys(MESSAGE_SCHEMAS) as ApiMessageName[])),
    fc.uint8Array({ maxLength: 200 }),
  ])('either are read or are refused by name, whatever the bytes', (name, content) => {
    expect(['none', 'response-malformed']).toContain(codeOf(() => decodeApiMessage(name, content)))
  })
})

describe('the schema of the APIs', () => {
  it('is what a second reader takes from the same files', () => {
    const root = new protobuf.Root()
    root.resolvePath = (_origin, target) =>
      target.startsWith('google/') || target.startsWith('src/')
        ? target
        : `src/online/wire/proto/${target}`
    root.loadSync(
      ['topology-admin', 'participant-admin', 'ledger-admin', 'interactive-submission'].map(
        (name) => `src/online/wire/proto/${name}.proto`,
      ),
    )
    const Request = root.lookupType('com.daml.ledger.api.v2.admin.AllocateExternalPartyRequest')
    const ours = encodeApiMessage('AllocateExternalPartyRequest', {
      synchronizer: 'sync::1220',
      onboardingTransactions: [{ transaction: bytes('0a00101e') }],
      multiHashSignatures: [
        { format: 3, signature: bytes('aa'), signedBy: '1220', signingAlgorithmSpec: 1 },
      ],
      waitForAllocation: false,
    })
    const theirs: unknown = Request.toObject(Request.decode(ours), { bytes: String })
    expect(theirs).toEqual({
      synchronizer: 'sync::1220',
      onboardingTransactions: [{ transaction: 'CgAQHg==' }],
      multiHashSignatures: [
        { format: 3, signature: 'qg==', signedBy: '1220', signingAlgorithmSpec: 1 },
      ],
      waitForAllocation: false,
    })
  })

  it('names every call by the path of its service', () => {
    const services: Readonly<Record<string, Readonly<Record<string, ApiMethod>>>> = SERVICES
    for (const [service, methods] of Object.entries(services)) {
      for (const [name, method] of Object.entries(methods)) {
        expect(method.path).toBe(`/${service}/${name}`)
        expect(MESSAGE_SCHEMAS).toHaveProperty(method.request)
        expect(MESSAGE_SCHEMAS).toHaveProperty(method.response)
      }
    }
  })
})
