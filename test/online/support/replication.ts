/** Two participants of a sandbox and a party with contracts, ready to be replicated. */
import { createPrivateKey, sign } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { readHostPort } from '../../../src/online/address.ts'
import { AdminApi } from '../../../src/online/admin.ts'
import { Routes } from '../../../src/online/connection.ts'
import { GrpcConnection } from '../../../src/online/grpc.ts'
import { decodeApiMessage } from '../../../src/online/wire/codec.ts'
import {
  Connectivity,
  InteractiveSubmission,
  ParticipantRepair,
} from '../../../src/online/wire/services.ts'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { encodeMessage } from '../../../src/wire/codec.ts'
import { online, type Run } from './cli.ts'
import { authorize, Desk, done, participant, type Person } from './rehearsal.ts'
import { settingsFor } from './server.ts'

export interface Stage {
  readonly desk: Desk
  readonly alice: Person
  readonly party: string
  /** The configuration with the profiles `source` and `target`. */
  readonly config: string
}

/** Writes a configuration in which two participants are `source` and `target`. */
export function profiles(
  desk: Desk,
  running: RunningSandbox,
  [source, target]: readonly [number, number] = [0, 1],
): string {
  const config = desk.file('config.yaml')
  const profile = (name: string, index: number): string => {
    const { adminApi, ledgerApi } = participant(running, index)
    return `  ${name}:\n    adminApi: ${adminApi}\n    ledgerApi: ${ledgerApi}\n    plaintext: true\n`
  }
  writeFileSync(config, `profiles:\n${profile('source', source)}${profile('target', target)}`)
  return config
}

/** A party on the first participant, in effect, with a contract. */
export async function stage(running: RunningSandbox): Promise<Stage> {
  const desk = new Desk()
  const alice = await desk.person('alice')
  const file = desk.file('alice.cantosign.json')
  const { participant: uid, adminApi } = participant(running, 0)
  await done(
    ...['build', 'external-party', '--party', 'alice', '--namespace-key', alice.publicKey],
    ...['--host', `${uid}=confirmation`, '--synchronizer', running.synchronizer, '-o', file],
  )
  const signed = await desk.sign(file, alice)
  const { json } = await done('submit', signed, '--admin-api', adminApi, '--json')
  const [first] = (json as { transactions: { hash: string }[] }).transactions
  await authorize(participant(running, 0), running.synchronizer, first?.hash ?? '')
  await done('submit', signed, '--admin-api', adminApi, '--wait')
  const party = `alice::${alice.fingerprint}`
  await createContract(running, { alice, party })
  return { desk, alice, party, config: profiles(desk, running) }
}

/** Runs `replicate` with both participants. */
export async function replicate(
  { config }: Pick<Stage, 'config'>,
  directory: string,
  ...args: readonly string[]
): Promise<Run> {
  return await online(
    ...['replicate', '-d', directory, '--config', config, '--yes', '--json'],
    ...(args.includes('--source') || args.includes('--target') || args.includes('--alone')
      ? []
      : ['--source', 'source', '--target', 'target']),
    ...args.filter((one) => one !== '--alone'),
  )
}

/** Options with which a replication begins. */
export const beginning = ({ party }: Pick<Stage, 'party'>): readonly string[] => [
  ...['--party', party, '--permission', 'confirmation'],
]

export interface Answer {
  readonly error?: { readonly code: string; readonly message: string; readonly details: unknown }
  readonly done: readonly { readonly step: string }[]
  readonly next: { readonly step: string } | null
  readonly complete: boolean
  readonly begun: string | null
}

export const answerOf = ({ json }: Run): Answer => json as Answer

/** The state file, parsed. */
export interface StateFile {
  readonly done: readonly Readonly<Record<string, unknown>>[]
  readonly begun: Readonly<Record<string, unknown>> | null
}

export function stateFile(directory: string): StateFile | undefined {
  const path = `${directory}/replication.json`
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StateFile) : undefined
}

/** Calls the Admin API of a participant. */
export async function withAdminApi<T>(
  running: RunningSandbox,
  index: number,
  use: (admin: AdminApi) => Promise<T>,
): Promise<T> {
  const { adminApi } = participant(running, index)
  const admin = new AdminApi(new Routes(settingsFor()).grpc(readHostPort(adminApi, 'admin')))
  try {
    return await use(admin)
  } finally {
    admin.close()
  }
}

async function withGrpc<T>(
  address: string,
  use: (connection: GrpcConnection) => Promise<T>,
): Promise<T> {
  const connection = new GrpcConnection(
    new Routes(settingsFor()).grpc(readHostPort(address, 'api')),
  )
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}

const CHANGE = { effect: 'change' } as const

/** Has the party create a contract on the first participant, and waits for its commit. */
export async function createContract(
  running: RunningSandbox,
  { alice, party }: Pick<Stage, 'alice' | 'party'>,
): Promise<void> {
  await withGrpc(participant(running, 0).ledgerApi, async (connection) => {
    const templateId = encodeMessage('Identifier', {
      packageId: '#cantosign-sandbox',
      moduleName: 'Echo',
      entityName: 'Echo',
    })
    const createArguments = encodeMessage('Record', {
      recordId: undefined,
      fields: [{ label: 'text', value: { sum: { $case: 'text', value: 'what is carried over' } } }],
    })
    const prepared = await connection.unary(
      InteractiveSubmission.PrepareSubmission,
      {
        commandId: 'contract',
        actAs: [party],
        commands: [{ command: { $case: 'create', value: { templateId, createArguments } } }],
      },
      CHANGE,
    )
    const key = createPrivateKey({ key: readFileSync(alice.key), format: 'der', type: 'pkcs8' })
    const signature = {
      format: 3,
      signature: new Uint8Array(sign(null, prepared.preparedTransactionHash, key)),
      signedBy: alice.fingerprint,
      signingAlgorithmSpec: 1,
    }
    await connection.unary(
      InteractiveSubmission.ExecuteSubmissionAndWait,
      {
        preparedTransaction: prepared.preparedTransaction,
        partySignatures: { signatures: [{ party, signatures: [signature] }] },
        hashingSchemeVersion: prepared.hashingSchemeVersion,
      },
      CHANGE,
    )
  })
}

/** The active contracts of a party on a participant, as it exports them. */
export async function contractsOf(
  running: RunningSandbox,
  index: number,
  party: string,
): Promise<Buffer> {
  return await withGrpc(participant(running, index).adminApi, async (connection) => {
    const chunks: Uint8Array[] = []
    const stream = connection.stream(
      ParticipantRepair.ExportAcs,
      { partyIds: [party] },
      { effect: 'read' },
    )
    for await (const { chunk } of stream) chunks.push(chunk)
    return gunzipSync(Buffer.concat(chunks))
  })
}

/** How a participant is registered with its synchronizers. */
export async function registrationsOf(
  running: RunningSandbox,
  index: number,
): Promise<readonly { readonly connected: boolean; readonly manualConnect: boolean }[]> {
  return await withAdminApi(running, index, async ({ connection }) => {
    const { results } = await connection.unary(
      Connectivity.ListRegisteredSynchronizers,
      {},
      { effect: 'read' },
    )
    return results.map(({ config, connected }) => ({
      connected,
      manualConnect: decodeApiMessage('SynchronizerConnectionConfig', config).manualConnect,
    }))
  })
}
