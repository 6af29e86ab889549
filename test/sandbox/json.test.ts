/** The JSON Ledger API of the sandbox over HTTP. */
import { beforeAll, describe, expect, test } from 'vitest'
import { parseBase64, toBase64, toHex } from '../../src/base/bytes.ts'
import type { Signature } from '../../src/wire/generated/schema.ts'
import { newPerson, type Person } from './network.ts'
import { json, running } from './plain-client.ts'

let sandbox: Awaited<ReturnType<typeof running>>
let alice: Person
let party = ''

beforeAll(async () => {
  sandbox = await running()
  alice = await newPerson()
})

async function ask(path: string, body?: unknown): Promise<Record<string, unknown>> {
  const { status, text } = await json(`${sandbox.participant(1).jsonApi}${path}`, body)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

async function refused(path: string, body?: unknown) {
  const { status, text, type } = await json(`${sandbox.participant(1).jsonApi}${path}`, body)
  return { status, type, body: type === 'application/json' ? (JSON.parse(text) as object) : text }
}

const signatureJson = ({ signature, signedBy }: Signature) => ({
  format: 'SIGNATURE_FORMAT_CONCAT',
  signature: toBase64(signature),
  signedBy,
  signingAlgorithmSpec: 'SIGNING_ALGORITHM_SPEC_ED25519',
})

const topology = () => ({
  synchronizer: sandbox.synchronizer,
  partyHint: 'treasury',
  publicKey: {
    format: 'CRYPTO_KEY_FORMAT_DER_X509_SUBJECT_PUBLIC_KEY_INFO',
    keyData: toBase64(alice.key.publicKey.spki),
    keySpec: 'SIGNING_KEY_SPEC_EC_CURVE25519',
  },
  localParticipantObservationOnly: false,
  otherConfirmingParticipantUids: [],
  confirmationThreshold: 1,
  observingParticipantUids: [],
})

const preparation = (change: object = {}) => ({
  userId: '',
  commandId: 'c1',
  commands: [
    {
      CreateCommand: {
        templateId: '#cantosign-sandbox:Echo:Echo',
        createArguments: { owner: party, words: 'hello', count: 3, parts: [true, null] },
      },
    },
  ],
  actAs: [party],
  readAs: [],
  disclosedContracts: [],
  synchronizerId: '',
  packageIdSelectionPreference: [],
  verboseHashing: false,
  prefetchContractKeys: [],
  ...change,
})

const execution = (prepared: Record<string, unknown>, person: Person) => ({
  preparedTransaction: prepared['preparedTransaction'],
  partySignatures: {
    signatures: [
      {
        party,
        signatures: [
          signatureJson(person.sign(parseBase64(String(prepared['preparedTransactionHash'])))),
        ],
      },
    ],
  },
  deduplicationPeriod: { Empty: {} },
  submissionId: 'one',
  userId: '',
  hashingSchemeVersion: prepared['hashingSchemeVersion'],
})

describe('a party over JSON', { timeout: 60_000 }, () => {
  test('is generated, allocated and known', async () => {
    const generated = await ask('/v2/parties/external/generate-topology', topology())
    party = String(generated['partyId'])
    expect(party).toBe(`treasury::${alice.fingerprint}`)
    expect(String(generated['multiHash'])).toMatch(/^Ei[A-D]/)
    const transactions = generated['topologyTransactions'] as readonly string[]
    const allocated = await ask('/v2/parties/external/allocate', {
      synchronizer: sandbox.synchronizer,
      identityProviderId: '',
      onboardingTransactions: transactions.map((transaction) => ({ transaction, signatures: [] })),
      multiHashSignatures: [signatureJson(alice.sign(parseBase64(String(generated['multiHash']))))],
      waitForAllocation: true,
      userId: '',
    })
    expect(allocated).toEqual({ partyId: party })
    expect(await ask(`/v2/parties/${encodeURIComponent(party)}`)).toMatchObject({
      partyDetails: [{ party, isLocal: true }],
    })
    expect(await ask('/v2/parties/nobody')).toEqual({ partyDetails: [] })
    expect(await ask('/v2/parties?filter-party=treasury')).toMatchObject({
      partyDetails: [{ party }],
      nextPageToken: '',
    })
    const hosted = await ask(`/v2/state/connected-synchronizers?party=${encodeURIComponent(party)}`)
    expect(hosted).toMatchObject({
      connectedSynchronizers: [{ permission: 'PARTICIPANT_PERMISSION_CONFIRMATION' }],
    })
  })

  test('acts, and sees what it did', async () => {
    const { offset } = await ask('/v2/state/ledger-end')
    const wanted = preparation({ hashingSchemeVersion: 'HASHING_SCHEME_VERSION_V3' })
    const prepared = await ask('/v2/interactive-submission/prepare', wanted)
    expect(prepared['hashingSchemeVersion']).toBe('HASHING_SCHEME_VERSION_V3')
    const done = await ask('/v2/interactive-submission/executeAndWait', execution(prepared, alice))
    const [completion] = (await ask('/v2/commands/command-completions?stream_idle_timeout_ms=1', {
      parties: [party],
      beginExclusive: offset,
    })) as unknown as readonly object[]
    expect(completion).toMatchObject({
      completionResponse: {
        Completion: {
          value: {
            commandId: 'c1',
            status: { code: 0 },
            updateId: done['updateId'],
            offset: done['completionOffset'],
          },
        },
      },
    })
    const updates = (await ask('/v2/updates', {
      beginExclusive: 0,
      endInclusive: done['completionOffset'],
      updateFormat: {
        includeTransactions: {
          transactionShape: 'TRANSACTION_SHAPE_ACS_DELTA',
          eventFormat: { filtersByParty: { [party]: {} }, verbose: true },
        },
        includeTopologyEvents: { includeParticipantAuthorizationEvents: { parties: [party] } },
      },
    })) as unknown as readonly object[]
    const hash = toHex(parseBase64(String(prepared['preparedTransactionHash'])))
    expect(updates).toMatchObject([
      {
        update: {
          TopologyTransaction: {
            value: {
              events: [
                {
                  event: {
                    ParticipantAuthorizationAdded: {
                      value: {
                        partyId: party,
                        participantPermission: 'PARTICIPANT_PERMISSION_CONFIRMATION',
                      },
                    },
                  },
                },
              ],
            },
          },
        },
      },
      { update: { Transaction: { value: { externalTransactionHash: hash } } } },
    ])
  })

  test('refusals carry their code, and what is no request is plain text', async () => {
    const prepared = await ask('/v2/interactive-submission/prepare', preparation())
    const stranger = await newPerson()
    const execute = '/v2/interactive-submission/execute'
    expect(await refused(execute, execution(prepared, stranger))).toMatchObject({
      status: 400,
      body: { code: 'FAILED_TO_EXECUTE_TRANSACTION', errorCategory: 8, grpcCodeValue: 3 },
    })
    const withoutPeriod: Record<string, unknown> = execution(prepared, alice)
    delete withoutPeriod['deduplicationPeriod']
    const prepare = '/v2/interactive-submission/prepare'
    const rows: [string, unknown][] = [
      [prepare, '{'],
      [prepare, []],
      [prepare, preparation({ synchronizerId: undefined })],
      [prepare, preparation({ packageIdSelectionPreference: undefined })],
      [prepare, preparation({ commands: [{ CreateAndExerciseCommand: {} }] })],
      [prepare, preparation({ hashingSchemeVersion: 'V2' })],
      [prepare, preparation({ maxRecordTime: 'tomorrow' })],
      [execute, withoutPeriod],
      ['/v2/updates', { beginExclusive: 0.5, updateFormat: {} }],
      ['/v2/parties/external/generate-topology', { ...topology(), confirmationThreshold: '1' }],
    ]
    for (const [path, body] of rows) {
      expect(await refused(path, body)).toMatchObject({ status: 400, type: 'text/plain' })
    }
    expect((await refused('/v2/nothing')).status).toBe(404)
    expect(
      await refused('/v2/parties/external/generate-topology', { ...topology(), partyHint: '/' }),
    ).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } })
  })

  test('says who it is and what the token may do', async () => {
    expect(await ask('/v2/parties/participant-id')).toEqual({
      participantId: sandbox.participant(1).participant,
    })
    const { user } = await ask('/v2/authenticated-user')
    expect(user).toMatchObject({ id: 'participant_admin', isDeactivated: false })
    expect(await ask('/v2/users/participant_admin/rights')).toEqual({
      rights: [{ kind: { ParticipantAdmin: { value: {} } } }],
    })
    expect(await ask('/livez')).toEqual({})
  })

  test('more than a node gives at once', async () => {
    const many = await running({ seed: 250 })
    const url = `${many.participant(1).jsonApi}/v2/updates`
    const parties: readonly string[] = []
    const body = {
      beginExclusive: 0,
      updateFormat: {
        includeTopologyEvents: { includeParticipantAuthorizationEvents: { parties } },
      },
    }
    expect((await json(url, body)).status).toBe(413)
    const some = await json(`${url}?limit=10`, body)
    expect(JSON.parse(some.text)).toHaveLength(10)
    expect((await json(url, { ...body, endInclusive: 20 })).status).toBe(200)
  })
})
