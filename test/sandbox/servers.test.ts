/** The servers over real sockets, with a client that is not this program's. */
import { readFileSync, statSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { credentials, type Client } from '@grpc/grpc-js'
import { beforeAll, describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import {
  Connectivity,
  Identity,
  InteractiveSubmission,
  LedgerCompletions,
  LedgerParties,
  LedgerState,
  LedgerUpdates,
  LedgerVersion,
  PartyReplication,
  Pruning,
  TopologyRead,
  TopologyWrite,
} from '../../src/online/wire/services.ts'
import { decodeApiMessage, encodeApiMessage } from '../../src/online/wire/codec.ts'
import { RecordSplitter } from '../../src/topology/record-splitter.ts'
import { readRecord } from '../../src/topology/snapshot.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/codec.ts'
import { makeAuthority, makeCertificate } from '../online/support/certificates.ts'
import { host, hosting, newPerson, root, transactionOf, type Person } from './network.ts'
import {
  call,
  clientOf,
  failure,
  json,
  running,
  stream,
  temporaryDirectory,
  upload,
} from './plain-client.ts'

const HEAD = { timeQuery: { $case: 'headState', value: {} } } as const

const signedMessage = (
  mapping: KnownMapping,
  signers: readonly Person[],
  { serial = 1, proposal = false } = {},
): Uint8Array => {
  const transaction = transactionOf({ mapping, serial })
  return encodeMessage('SignedTopologyTransaction', {
    transaction,
    signatures: signers.map(({ sign }) => sign(transactionHash(transaction))),
    proposal,
    multiTransactionSignatures: [],
  })
}

const synchronizerStore = (id: string) => ({
  store: {
    $case: 'synchronizer',
    value: { kind: { $case: 'id', value: id } },
  } as const,
})

describe('one sandbox', { timeout: 60_000 }, () => {
  let sandbox: Awaited<ReturnType<typeof running>>
  let admin: Client
  let ledger: Client
  let alice: Person
  const second = { admin: undefined as Client | undefined }

  beforeAll(async () => {
    sandbox = await running()
    admin = clientOf(sandbox.participant(1).adminApi)
    second.admin = clientOf(sandbox.participant(2).adminApi)
    ledger = clientOf(sandbox.participant(1).ledgerApi)
    alice = await newPerson()
  })

  const addTo = async (client: Client, transactions: readonly Uint8Array[]) =>
    await call(client, TopologyWrite.AddTransactions, {
      transactions,
      store: synchronizerStore(sandbox.synchronizer),
      waitToBecomeEffective: { seconds: 5n, nanos: 0 },
    })

  test('says who it is', async () => {
    expect(await call(admin, Identity.GetId, {})).toEqual({
      initialized: true,
      uniqueIdentifier: sandbox.participant(1).participant,
    })
    expect((await call(admin, Identity.CurrentTime, {})).currentTime).toBeGreaterThan(0n)
    expect(await call(ledger, LedgerVersion.GetLedgerApiVersion, {})).toEqual({
      version: '3.5.0-sandbox',
    })
    const failed = await failure(call(admin, Identity.InitId, { identifier: 'x' }))
    expect(failed).toMatchObject({ status: 9, reason: undefined })
  })

  test('a refusal comes with its code, a redacted one without', async () => {
    const bob = await newPerson()
    const mapping = hosting(bob, [host({ uid: `p::${bob.fingerprint}` })])
    const told = await failure(addTo(admin, [signedMessage(mapping, [bob])]))
    expect(told).toMatchObject({ status: 5, reason: 'TOPOLOGY_UNKNOWN_MEMBERS' })
    expect(told.text).toMatch(/^TOPOLOGY_UNKNOWN_MEMBERS\(11,[0-9a-f]{8}\): /)
    expect(told.details?.code).toBe(5)
    const stranger = await newPerson()
    const hidden = await failure(addTo(admin, [signedMessage(root(bob), [stranger])]))
    expect(hidden).toMatchObject({ status: 3, reason: undefined, details: undefined })
    expect(hidden.text).toMatch(/inquire about the request [0-9a-f]{8} with tid [0-9a-f]{32}$/)
    expect(hidden.text).not.toContain('TOPOLOGY')
  })

  test('what cannot be read', async () => {
    const store = synchronizerStore(sandbox.synchronizer)
    const malformed = { status: 3, reason: 'PROTO_DESERIALIZATION_FAILURE' }
    const transactions = [Uint8Array.of(0xff)]
    expect(
      await failure(call(admin, TopologyWrite.AddTransactions, { transactions, store })),
    ).toMatchObject(malformed)
    expect(
      await failure(call(admin, TopologyWrite.AddTransactions, { transactions: [] })),
    ).toMatchObject(malformed)
    expect(
      await failure(call(admin, TopologyWrite.AddTransactions, { store, forceChanges: [99] })),
    ).toMatchObject(malformed)
    expect(await failure(call(admin, TopologyRead.ListAllV2, {}))).toMatchObject(malformed)
    expect(
      await failure(
        call(admin, TopologyRead.ListAllV2, { baseQuery: HEAD, includeMappings: ['xyz'] }),
      ),
    ).toMatchObject(malformed)
    const unknown = synchronizerStore('x::1220')
    expect(
      await failure(
        call(admin, TopologyRead.ListAllV2, { baseQuery: { ...HEAD, store: unknown } }),
      ),
    ).toMatchObject({ status: 5, reason: 'TOPOLOGY_STORE_NOT_FOUND' })
    const snapshot = { $case: 'snapshot', value: { seconds: 9_999_999_999n, nanos: 0 } } as const
    expect(
      await failure(
        call(admin, TopologyRead.ListAllV2, {
          baseQuery: { timeQuery: snapshot, store: synchronizerStore(sandbox.synchronizer) },
        }),
      ),
    ).toMatchObject({ status: 9, reason: 'TOPOLOGY_INVALID_QUERY_TIME' })
  })

  test('a party: proposed by a host, found by its filter, signed by hash', async () => {
    const store = synchronizerStore(sandbox.synchronizer)
    const [one, two] = [sandbox.participant(1).participant, sandbox.participant(2).participant]
    const mapping = hosting(alice, [host({ uid: one }), host({ uid: two })], { threshold: 2 })
    await addTo(admin, [signedMessage(mapping, [alice], { proposal: true })])
    const proposals = await call(admin, TopologyRead.ListPartyToParticipant, {
      baseQuery: {
        ...HEAD,
        store,
        proposals: true,
        filterSignedKey: alice.fingerprint.slice(0, 20),
      },
      filterParty: `alice::${alice.fingerprint.slice(0, 10)}`,
      filterParticipant: two,
    })
    const [found] = proposals.results
    expect(proposals.results).toHaveLength(1)
    expect(found?.context).toMatchObject({ serial: 1, signedByFingerprints: [alice.fingerprint] })
    const hash = toHex(found?.context?.transactionHash ?? new Uint8Array())
    for (const client of [admin, second.admin]) {
      if (client === undefined) throw new Error('no client')
      await call(client, TopologyWrite.Authorize, {
        type: { $case: 'transactionHash', value: hash },
        store,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
    const { result } = await call(admin, TopologyRead.ListAllV2, {
      baseQuery: { ...HEAD, store },
      includeMappings: ['ptp'],
      filterNamespace: alice.fingerprint,
    })
    const { items } = decodeMessage('TopologyTransactions', result)
    expect(items).toHaveLength(1)
    expect(
      await call(ledger, LedgerState.GetConnectedSynchronizers, {
        party: `alice::${alice.fingerprint}`,
        participantId: two,
      }),
    ).toMatchObject({ connectedSynchronizers: [{ permission: 2 }] })
  })

  test('a proposal of the node itself, and the same again', async () => {
    const store = synchronizerStore(sandbox.synchronizer)
    const { participant } = sandbox.participant(1)
    const { results } = await call(admin, TopologyRead.ListVettedPackages, {
      baseQuery: { ...HEAD, store },
      filterParticipant: participant,
    })
    const [packages] = results
    const value = decodeMessage('VettedPackages', packages?.item ?? new Uint8Array())
    const mapping = encodeMessage('TopologyMapping', {
      mapping: { $case: 'vettedPackages', value },
    })
    const request = {
      type: { $case: 'proposal', value: { change: 1, serial: 0, mapping } },
      mustFullyAuthorize: true,
      store,
    } as const
    expect(await failure(call(admin, TopologyWrite.Authorize, request))).toMatchObject({
      status: 6,
      reason: 'TOPOLOGY_MAPPING_ALREADY_EXISTS',
    })
    const serial = {
      ...request,
      type: { ...request.type, value: { change: 1, serial: 7, mapping } },
    }
    expect(await failure(call(admin, TopologyWrite.Authorize, serial))).toMatchObject({
      status: 6,
      reason: 'TOPOLOGY_MAPPING_ALREADY_EXISTS',
    })
    const absent = { $case: 'transactionHash', value: `1220${'0'.repeat(64)}` } as const
    expect(
      await failure(call(admin, TopologyWrite.Authorize, { type: absent, store })),
    ).toMatchObject({ status: 5, reason: 'TOPOLOGY_TRANSACTION_NOT_FOUND' })
  })

  test('keys that a node does not have, and keys that do not fit', async () => {
    const store = synchronizerStore(sandbox.synchronizer)
    const transactions = [signedMessage(root(alice), [alice])]
    const sign = async (signedBy: readonly string[], forceFlags: readonly number[] = []) =>
      await failure(
        call(admin, TopologyWrite.SignTransactions, { transactions, store, signedBy, forceFlags }),
      )
    const own = sandbox.participant(1).participant.split('::')[1] ?? ''
    const unfit = { status: 5, reason: 'TOPOLOGY_NO_APPROPRIATE_SIGNING_KEY_IN_STORE' }
    expect(await sign([])).toMatchObject(unfit)
    expect(await sign([own])).toMatchObject(unfit)
    expect(await sign([alice.fingerprint])).toMatchObject({
      status: 9,
      reason: 'TOPOLOGY_SECRET_KEY_NOT_IN_STORE',
    })
    const { transactions: signed } = await call(admin, TopologyWrite.SignTransactions, {
      transactions,
      store,
      signedBy: [own],
      forceFlags: [7],
    })
    const [one] = signed
    expect(
      decodeMessage('SignedTopologyTransaction', one ?? new Uint8Array()).signatures,
    ).toHaveLength(2)
  })

  test('generating chooses the serial and writes nothing', async () => {
    const store = synchronizerStore(sandbox.synchronizer)
    const { participant } = sandbox.participant(1)
    const mapping = encodeMessage('TopologyMapping', {
      mapping: hosting(alice, [host({ uid: participant })]),
    })
    const proposal = { operation: 1, serial: 0, mapping, store }
    const { generatedTransactions } = await call(admin, TopologyWrite.GenerateTransactions, {
      proposals: [proposal],
    })
    const [generated] = generatedTransactions
    expect(generated?.transactionHash).toEqual(
      transactionHash(generated?.serializedTransaction ?? new Uint8Array()),
    )
    const wrong = { ...proposal, serial: 9 }
    expect(
      await failure(call(admin, TopologyWrite.GenerateTransactions, { proposals: [wrong] })),
    ).toMatchObject({ status: 9, reason: 'TOPOLOGY_SERIAL_MISMATCH' })
  })

  test('waiting longer than is asked for ends without a code', async () => {
    const slow = await running({ effectDelay: 60_000_000n })
    const client = clientOf(slow.participant(1).adminApi)
    const bob = await newPerson()
    const failed = await failure(
      call(client, TopologyWrite.AddTransactions, {
        transactions: [signedMessage(root(bob), [bob])],
        store: synchronizerStore(slow.synchronizer),
        waitToBecomeEffective: { seconds: 0n, nanos: 1_000_000 },
      }),
    )
    expect(failed).toMatchObject({ status: 2, reason: undefined })
    await slow.stop()
  })

  test.each(['ExportTopologySnapshot', 'ExportTopologySnapshotV2'] as const)(
    '%s: a stream that reads as a snapshot',
    async (name) => {
      const layout = name === 'ExportTopologySnapshot' ? 'snapshot-v1' : 'snapshot-v2'
      const splitter = new RecordSplitter(layout)
      const request = { baseQuery: { ...HEAD, store: synchronizerStore(sandbox.synchronizer) } }
      const records = []
      for await (const { chunk } of stream(admin, TopologyRead[name], request)) {
        records.push(...splitter.push(chunk))
      }
      records.push(...splitter.end())
      expect(splitter.findings).toEqual([])
      const read = records.map((record) => readRecord(layout, record))
      expect(read.length).toBeGreaterThan(10)
      expect(read.flatMap(({ findings }) => findings)).toEqual([])
    },
  )

  test('temporary stores', async () => {
    const made = await call(admin, TopologyWrite.CreateTemporaryTopologyStore, { name: 'scratch' })
    expect(made.storeId?.name).toBe('scratch')
    const { storeIds } = await call(admin, TopologyRead.ListAvailableStores, {})
    expect(storeIds.map(({ store }) => store?.$case)).toEqual([
      'authorized',
      'temporary',
      'synchronizer',
    ])
    await call(admin, TopologyWrite.DropTemporaryTopologyStore, { storeId: { name: 'scratch' } })
    expect(
      await failure(
        call(admin, TopologyWrite.DropTemporaryTopologyStore, { storeId: { name: 'scratch' } }),
      ),
    ).toMatchObject({ status: 5, reason: 'TOPOLOGY_STORE_NOT_FOUND' })
  })

  test('the pruning schedule', async () => {
    expect((await call(admin, Pruning.GetParticipantSchedule, {})).schedule).toBeUndefined()
    const schedule = {
      schedule: {
        cron: '0 0 20 * * ?',
        maxDuration: { seconds: 3600n, nanos: 0 },
        retention: { seconds: 86_400n, nanos: 0 },
      },
      pruneInternallyOnly: true,
    }
    await call(admin, Pruning.SetParticipantSchedule, { schedule })
    expect((await call(admin, Pruning.GetParticipantSchedule, {})).schedule).toEqual(schedule)
    await call(admin, Pruning.ClearSchedule, {})
    expect((await call(admin, Pruning.GetParticipantSchedule, {})).schedule).toBeUndefined()
  })

  test('a party over the Ledger API, a contract, its completion and its update', async () => {
    const person = await newPerson()
    const generated = await call(ledger, LedgerParties.GenerateExternalPartyTopology, {
      synchronizer: sandbox.synchronizer,
      partyHint: 'treasury',
      publicKey: { format: 3, keyData: person.key.publicKey.spki, keySpec: 1 },
    })
    const begin = (await call(ledger, LedgerState.GetLedgerEnd, {})).offset
    const multiHashSignatures = [person.sign(generated.multiHash)]
    const { partyId } = await call(ledger, LedgerParties.AllocateExternalParty, {
      synchronizer: sandbox.synchronizer,
      onboardingTransactions: generated.topologyTransactions.map((transaction) => ({
        transaction,
      })),
      multiHashSignatures,
    })
    const { partyDetails } = await call(ledger, LedgerParties.GetParties, { parties: [partyId] })
    expect(partyDetails).toMatchObject([{ party: partyId, isLocal: true }])
    const prepared = await call(ledger, InteractiveSubmission.PrepareSubmission, {
      commandId: 'c1',
      actAs: [partyId],
      commands: [
        {
          command: {
            $case: 'create',
            value: {
              templateId: encodeMessage('Identifier', {
                packageId: '#cantosign-sandbox',
                moduleName: 'Echo',
                entityName: 'Echo',
              }),
              createArguments: encodeMessage('Record', {
                recordId: undefined,
                fields: [{ label: 'a', value: { sum: { $case: 'bool', value: true } } }],
              }),
            },
          },
        },
      ],
    })
    const execution = {
      preparedTransaction: prepared.preparedTransaction,
      partySignatures: {
        signatures: [
          { party: partyId, signatures: [person.sign(prepared.preparedTransactionHash)] },
        ],
      },
      hashingSchemeVersion: prepared.hashingSchemeVersion,
    }
    const { completionOffset, updateId } = await call(
      ledger,
      InteractiveSubmission.ExecuteSubmissionAndWait,
      execution,
    )
    const request = {
      beginExclusive: begin,
      endInclusive: completionOffset,
      updateFormat: {
        includeTransactions: {
          eventFormat: { filtersByParty: [{ key: partyId, value: { cumulative: [] } }] },
          transactionShape: 1,
        },
        includeTopologyEvents: { includeParticipantAuthorizationEvents: { parties: [partyId] } },
      },
    }
    const updates = []
    for await (const { update } of stream(ledger, LedgerUpdates.GetUpdates, request)) {
      updates.push(update)
    }
    expect(updates.map((update) => update?.$case)).toEqual(['topologyTransaction', 'transaction'])
    expect(updates[1]?.value).toMatchObject({
      updateId,
      externalTransactionHash: prepared.preparedTransactionHash,
    })
    const completions = stream(ledger, LedgerCompletions.CompletionStream, {
      parties: [partyId],
      beginExclusive: begin,
    })
    for await (const { completionResponse } of completions) {
      expect(completionResponse?.value).toMatchObject({
        commandId: 'c1',
        updateId,
        offset: completionOffset,
      })
      break
    }
    const again = await failure(call(ledger, InteractiveSubmission.ExecuteSubmission, execution))
    expect(again).toMatchObject({ status: 6, reason: 'DUPLICATE_COMMAND' })
  })

  test('offsets behind the end', async () => {
    const request = { beginExclusive: 1_000_000n, updateFormat: {} }
    const updates = stream(ledger, LedgerUpdates.GetUpdates, request)
    expect(await failure(updates.next())).toMatchObject({ reason: 'OFFSET_AFTER_LEDGER_END' })
  })

  test('an external party that is not to be had', async () => {
    const wanted = { synchronizer: sandbox.synchronizer, partyHint: 'x' }
    const failed = await failure(call(ledger, LedgerParties.GenerateExternalPartyTopology, wanted))
    expect(failed).toMatchObject({ status: 3, reason: 'MISSING_FIELD' })
    const publicKey = { format: 2, keyData: new Uint8Array(32), keySpec: 1 }
    const raw = await failure(
      call(ledger, LedgerParties.GenerateExternalPartyTopology, { ...wanted, publicKey }),
    )
    expect(raw).toMatchObject({ status: 3, reason: 'INVALID_FIELD' })
  })

  test('replication of a party with its contracts', async () => {
    const target = second.admin
    if (target === undefined) throw new Error('no client')
    const person = await newPerson()
    const store = synchronizerStore(sandbox.synchronizer)
    const [one, two] = [sandbox.participant(1).participant, sandbox.participant(2).participant]
    const party = `alice::${person.fingerprint}`
    const first = hosting(person, [host({ uid: one })])
    await addTo(admin, [signedMessage(first, [person], { proposal: true })])
    const sign = { type: { $case: 'transactionHash', value: '' }, store }
    const hash = toHex(transactionHash(transactionOf({ mapping: first })))
    const type = { $case: 'transactionHash', value: hash } as const
    await call(admin, TopologyWrite.Authorize, { ...sign, type })
    const next = hosting(person, [host({ uid: one }), host({ uid: two }, 2, true)])
    const mapping = encodeMessage('TopologyMapping', { mapping: next })
    const proposed = await call(target, TopologyWrite.Authorize, {
      type: { $case: 'proposal', value: { change: 1, serial: 2, mapping } },
      store,
    })
    await call(target, Connectivity.DisconnectAllSynchronizers, {})
    const [registered] = (await call(target, Connectivity.ListRegisteredSynchronizers, {})).results
    const config = decodeApiMessage(
      'SynchronizerConnectionConfig',
      registered?.config ?? new Uint8Array(),
    )
    await call(target, Connectivity.ModifySynchronizer, {
      newConfig: encodeApiMessage('SynchronizerConnectionConfig', {
        ...config,
        manualConnect: true,
      }),
    })
    await call(target, Connectivity.ReconnectSynchronizers, {})
    expect(await call(target, Connectivity.ListConnectedSynchronizers, {})).toEqual({
      connectedSynchronizers: [],
    })
    const begin = (await call(ledger, LedgerState.GetLedgerEnd, {})).offset
    const message = decodeMessage('SignedTopologyTransaction', proposed.transaction)
    const complete = encodeMessage('SignedTopologyTransaction', {
      ...message,
      signatures: [...message.signatures, person.sign(transactionHash(message.transaction))],
    })
    await addTo(admin, [complete])
    const chunks = []
    for await (const { chunk } of stream(admin, PartyReplication.ExportPartyAcs, {
      partyId: party,
      synchronizerId: sandbox.synchronizer,
      targetParticipantUid: two,
      beginOffsetExclusive: begin,
    })) {
      chunks.push(chunk)
    }
    const file = concatBytes(...chunks)
    const parameters = {
      synchronizerId: sandbox.synchronizer,
      contractImportMode: 2,
      partyId: party,
    }
    expect(
      await failure(
        upload(target, PartyReplication.ImportPartyAcs, [
          { ...parameters, acsSnapshot: Uint8Array.of(1) },
        ]),
      ),
    ).toMatchObject({ reason: 'INVALID_ARGUMENT_PARTY_MANAGEMENT_ERROR' })
    await upload(target, PartyReplication.ImportPartyAcs, [
      { ...parameters, acsSnapshot: file.subarray(0, 5) },
      { acsSnapshot: file.subarray(5) },
    ])
    await call(target, Connectivity.ReconnectSynchronizer, { synchronizerAlias: 'sandbox' })
    const deadline = Date.now() + 20_000
    const clear = async () =>
      await call(target, PartyReplication.ClearPartyOnboardingFlag, {
        partyId: party,
        synchronizerId: sandbox.synchronizer,
      })
    while (!(await clear()).onboarded && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const { results } = await call(admin, TopologyRead.ListPartyToParticipant, {
      baseQuery: { ...HEAD, store },
      filterParty: party,
    })
    const [found] = results
    const now = decodeMessage('PartyToParticipant', found?.item ?? new Uint8Array())
    expect(now.participants.map(({ onboarding }) => onboarding)).toEqual([undefined, undefined])
    expect(found?.context?.serial).toBe(3)
  })

  test('an export for a host that was never added', async () => {
    const asked = stream(admin, PartyReplication.ExportPartyAcs, {
      partyId: `alice::${alice.fingerprint}`,
      synchronizerId: sandbox.synchronizer,
      targetParticipantUid: `p::${alice.fingerprint}`,
      waitForActivationTimeout: { seconds: 0n, nanos: 1000 },
    })
    expect(await failure(asked.next())).toMatchObject({
      status: 9,
      reason: 'PARTY_ACS_EXPORT_MISSING_TARGET_ONBOARDING_MAPPING',
    })
  })
})

test('two sandboxes do not share a port', async () => {
  const first = await running()
  const port = Number(first.participant(1).adminApi.split(':')[1])
  const code = await running({ port }).then(
    () => 'started',
    (error: unknown) => (error instanceof CantosignError ? error.code : String(error)),
  )
  expect(code).toBe('sandbox-port')
})

describe('tokens', { timeout: 60_000 }, () => {
  const expired = `e30.${Buffer.from(JSON.stringify({ exp: 1 })).toString('base64url')}.x`

  test('of an administrator, of a reader, none, and one that has expired', async () => {
    const sandbox = await running({ tokens: { admin: 'all', reader: 'some' } })
    const client = clientOf(sandbox.participant(1).adminApi)
    const drop = async (token?: string) =>
      await call(client, Connectivity.DisconnectAllSynchronizers, {}, token)
    expect((await call(client, Identity.GetId, {}, 'some')).initialized).toBe(true)
    expect(await failure(call(client, Identity.GetId, {}))).toMatchObject({ status: 16 })
    expect(await failure(drop('other'))).toMatchObject({ status: 16, details: undefined })
    expect(await failure(drop('some'))).toMatchObject({ status: 7, details: undefined })
    await drop('all')
    const old = await running({ tokens: { admin: expired, reader: undefined } })
    const late = clientOf(old.participant(1).adminApi)
    expect(await failure(call(late, Identity.GetId, {}, expired))).toMatchObject({ status: 16 })
  })

  test('over JSON', async () => {
    const sandbox = await running({ tokens: { admin: 'all', reader: 'some' } })
    const { jsonApi } = sandbox.participant(1)
    const status = async (path: string, token?: string, body?: unknown) =>
      (await json(`${jsonApi}${path}`, body, token)).status
    expect(await status('/v2/version')).toBe(401)
    expect(await status('/v2/version', 'some')).toBe(200)
    expect(await status('/v2/parties/external/allocate', 'some', {})).toBe(403)
    expect(await status('/v2/parties/external/allocate', 'all', {})).toBe(400)
  })
})

describe('TLS', { timeout: 60_000 }, () => {
  test('with and without certificates of clients', async () => {
    const authority = makeAuthority('sandbox-authority')
    const server = makeCertificate('sandbox-server', authority)
    const client = makeCertificate('sandbox-client', authority)
    const stranger = makeAuthority('sandbox-stranger')
    const ca = readFileSync(authority.cert)
    const tls = {
      certificate: readFileSync(server.cert),
      key: readFileSync(server.key),
      clientCa: ca,
    }
    const plain = await running({ tls: { ...tls, clientCa: undefined } })
    const mutual = await running({ tls })
    // gRPC's own client names the host in the handshake, where an address is not allowed.
    const id = async (address: string, channel: ReturnType<typeof credentials.createSsl>) =>
      await call(clientOf(address.replace('127.0.0.1', 'localhost'), channel), Identity.GetId, {})
    const own = credentials.createSsl(ca, readFileSync(client.key), readFileSync(client.cert))
    expect((await id(plain.participant(1).adminApi, credentials.createSsl(ca))).initialized).toBe(
      true,
    )
    expect((await id(mutual.participant(1).adminApi, own)).initialized).toBe(true)
    const unavailable = { status: 14 }
    expect(
      await failure(id(mutual.participant(1).adminApi, credentials.createSsl(ca))),
    ).toMatchObject(unavailable)
    expect(
      await failure(
        id(plain.participant(1).adminApi, credentials.createSsl(readFileSync(stranger.cert))),
      ),
    ).toMatchObject(unavailable)
    const version = async (url: string, more: object) =>
      await new Promise<number | undefined>((resolve) => {
        const request = httpsRequest(`${url}/v2/version`, { ca, ...more }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        request.on('error', () => {
          resolve(undefined)
        })
        request.end()
      })
    expect(await version(plain.participant(1).jsonApi, {})).toBe(200)
    expect(await version(mutual.participant(1).jsonApi, {})).toBeUndefined()
    const pair = { key: readFileSync(client.key), cert: readFileSync(client.cert) }
    expect(await version(mutual.participant(1).jsonApi, pair)).toBe(200)
  })
})

test('goes on from its file', { timeout: 60_000 }, async () => {
  const stateFile = join(temporaryDirectory(), 'state.json')
  const first = await running({ stateFile, participants: 1 })
  const person = await newPerson()
  const client = clientOf(first.participant(1).adminApi)
  await call(client, TopologyWrite.AddTransactions, {
    transactions: [signedMessage(root(person), [person])],
    store: synchronizerStore(first.synchronizer),
  })
  await first.stop()
  expect(statSync(stateFile).mode & 0o777).toBe(0o600)
  const second = await running({ stateFile, participants: 3 })
  expect(second.synchronizer).toBe(first.synchronizer)
  expect(second.participants.map(({ participant }) => participant)).toEqual(
    first.participants.map(({ participant }) => participant),
  )
  const { results } = await call(
    clientOf(second.participant(1).adminApi),
    TopologyRead.ListNamespaceDelegation,
    {
      baseQuery: { ...HEAD, store: synchronizerStore(second.synchronizer) },
      filterNamespace: person.fingerprint,
      filterTargetKeyFingerprint: person.fingerprint,
    },
  )
  expect(results).toHaveLength(1)
})
