/** A sandbox that listens: its servers, its clock, its state file. */
import { existsSync } from 'node:fs'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import {
  logVerbosity,
  ServerCredentials,
  setLogVerbosity,
  type Server as GrpcServer,
} from '@grpc/grpc-js'
import { utf8Bytes, decodeUtf8 } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { readRegularFile } from '../../host/files.ts'
import { writeWholeFile } from '../../host/writing.ts'
import { systemTimeMicros } from '../../host/clock.ts'
import { Rehearsal, type RehearsalNode } from '../core/rehearsal.ts'
import { createSandbox } from '../core/sandbox.ts'
import { restoreState, saveState } from '../core/saved-state.ts'
import { seedParties } from '../core/seed.ts'
import { Context } from './context.ts'
import { Gate, type Tokens } from './gate.ts'
import { grpcServer } from './grpc-services.ts'
import { jsonListener } from './json-service.ts'
import { ledgerEndpoints } from './ledger-service.ts'
import { participantEndpoints } from './participant-service.ts'
import { topologyEndpoints } from './topology-service.ts'

const HOST = '127.0.0.1'
const MAX_STATE_BYTES = 1024 * 1024 * 1024
/** What has changed is in the file after this time. */
const SAVE_MILLIS = 100

/** PEM. */
export interface ServerTls {
  readonly certificate: Uint8Array
  readonly key: Uint8Array
  /** Clients have to bring a certificate of this authority. */
  readonly clientCa: Uint8Array | undefined
}

export interface SandboxServerOptions {
  readonly participants: number
  readonly protocolVersion: number
  /** Microseconds. */
  readonly effectDelay: bigint
  readonly clearanceDelay: bigint
  /** The first of the ports; the others follow. 0 takes whichever are free. */
  readonly port: number
  readonly tls: ServerTls | undefined
  readonly tokens: Tokens
  /** Where the state is kept; if the file is there, it is what the sandbox begins with. */
  readonly stateFile: string | undefined
  /** How many parties to begin with. */
  readonly seed: number
  /** Called if the state file cannot be written any more. */
  readonly onFault?: (error: unknown) => void
}

/** Where a participant listens: `host:port` and a URL. */
export interface ParticipantAddresses {
  /** Without `PAR::`. */
  readonly participant: string
  readonly adminApi: string
  readonly ledgerApi: string
  readonly jsonApi: string
  readonly ports: {
    readonly adminApi: number
    readonly ledgerApi: number
    readonly jsonApi: number
  }
}

export interface RunningSandbox {
  readonly synchronizer: string
  readonly physicalSynchronizer: string
  readonly protocolVersion: number
  readonly participants: readonly ParticipantAddresses[]
  /** Ends every connection and writes the state. */
  readonly stop: () => Promise<void>
}

/** What is due happens at least so often. */
const TICK_MILLIS = 200

/** Lets happen what is due, and keeps the state file up to date. */
class StateKeeper {
  readonly #rehearsal: Rehearsal
  readonly #path: string | undefined
  readonly #onFault: (error: unknown) => void
  readonly #interval: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined

  constructor(rehearsal: Rehearsal, path: string | undefined, onFault: (error: unknown) => void) {
    this.#rehearsal = rehearsal
    this.#path = path
    this.#onFault = onFault
    this.#interval = setInterval(this.tick, TICK_MILLIS)
  }

  readonly tick = (): bigint => {
    const now = systemTimeMicros()
    const { records } = this.#rehearsal.sandbox.synchronizer.store
    const before = records.length
    this.#rehearsal.advance(now)
    if (records.length > before) this.changed()
    return now
  }

  stop(): void {
    clearInterval(this.#interval)
    clearTimeout(this.#timer)
  }

  /** Something is to be kept. */
  readonly changed = (): void => {
    if (this.#path === undefined) return
    this.#timer ??= setTimeout(() => {
      try {
        this.save()
      } catch (error) {
        this.#onFault(error)
      }
    }, SAVE_MILLIS)
  }

  save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#path === undefined) return
    // It holds private keys, if only of the rehearsal.
    const bytes = utf8Bytes(saveState(this.#rehearsal))
    writeWholeFile(this.#path, bytes, { force: true, mode: 0o600 })
  }
}

async function begin(options: SandboxServerOptions): Promise<Rehearsal> {
  const { stateFile, participants, protocolVersion, effectDelay, clearanceDelay } = options
  if (stateFile !== undefined && existsSync(stateFile)) {
    return await restoreState(decodeUtf8(readRegularFile(stateFile, MAX_STATE_BYTES)) ?? '')
  }
  const now = systemTimeMicros()
  const sandbox = await createSandbox({ participants, protocolVersion, effectDelay, now })
  const rehearsal = new Rehearsal(sandbox, clearanceDelay)
  seedParties(rehearsal, options.seed, now)
  return rehearsal
}

/** @throws CantosignError `tls-file-invalid` */
function checkTls({ certificate, key, clientCa }: ServerTls): void {
  try {
    createSecureContext({
      cert: Buffer.from(certificate),
      key: Buffer.from(key),
      ...(clientCa === undefined ? {} : { ca: Buffer.from(clientCa) }),
    })
  } catch (cause) {
    throw new CantosignError(
      'tls-file-invalid',
      `the sandbox cannot serve TLS: ${cause instanceof Error ? cause.message : String(cause)}`,
      'certificates and keys are PEM; the key has no passphrase and belongs to the certificate',
      { cause },
    )
  }
}

function portTaken(port: number, reason: string): CantosignError {
  return new CantosignError(
    'sandbox-port',
    `the sandbox cannot listen on port ${port} of ${HOST}: ${reason}`,
    'give another --port, or leave it out for ports that are free',
  )
}

async function listenGrpc(
  server: GrpcServer,
  port: number,
  tls: ServerTls | undefined,
): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.clientCa === undefined ? null : Buffer.from(tls.clientCa),
          [{ cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) }],
          tls.clientCa !== undefined,
        )
  return await new Promise((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(portTaken(port, error.message))
    })
  })
}

async function listenHttp(server: HttpServer, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(portTaken(port, error.message))
    })
    server.listen(port, HOST, () => {
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** The servers of one participant. */
class ParticipantServers {
  readonly #admin: GrpcServer
  readonly #ledger: GrpcServer
  readonly #json: HttpServer
  readonly #tls: ServerTls | undefined

  constructor(context: Context, gate: Gate, tls: ServerTls | undefined) {
    this.#tls = tls
    this.#admin = grpcServer(
      [...topologyEndpoints(context), ...participantEndpoints(context)],
      gate,
    )
    this.#ledger = grpcServer(ledgerEndpoints(context), gate)
    const listener = jsonListener(context, gate)
    this.#json =
      tls === undefined
        ? createHttpServer(listener)
        : createHttpsServer(
            {
              cert: Buffer.from(tls.certificate),
              key: Buffer.from(tls.key),
              ...(tls.clientCa === undefined
                ? {}
                : { ca: Buffer.from(tls.clientCa), requestCert: true }),
            },
            listener,
          )
  }

  /** @param first port of three that follow each other; 0 takes whichever are free */
  async listen({ uid }: RehearsalNode, first: number): Promise<ParticipantAddresses> {
    const at = (index: number): number => (first === 0 ? 0 : first + index)
    const admin = await listenGrpc(this.#admin, at(0), this.#tls)
    const ledger = await listenGrpc(this.#ledger, at(1), this.#tls)
    const json = await listenHttp(this.#json, at(2))
    return {
      participant: uid,
      adminApi: `${HOST}:${admin}`,
      ledgerApi: `${HOST}:${ledger}`,
      jsonApi: `${this.#tls === undefined ? 'http' : 'https'}://${HOST}:${json}`,
      ports: { adminApi: admin, ledgerApi: ledger, jsonApi: json },
    }
  }

  async close(): Promise<void> {
    this.#admin.forceShutdown()
    this.#ledger.forceShutdown()
    await new Promise<void>((resolve) => {
      this.#json.close(() => {
        resolve()
      })
      this.#json.closeAllConnections()
    })
  }
}

const PORTS_EACH = 3

/**
 * @throws CantosignError `sandbox-state`, `sandbox-port`, `tls-file-invalid`, or what reading and writing of the state
 * file gives
 */
export async function startSandbox(options: SandboxServerOptions): Promise<RunningSandbox> {
  // What its messages say is in the errors.
  setLogVerbosity(logVerbosity.NONE)
  if (options.tls !== undefined) checkTls(options.tls)
  const rehearsal = await begin(options)
  const keeper = new StateKeeper(rehearsal, options.stateFile, options.onFault ?? (() => undefined))
  const stopping = new AbortController()
  const gate = new Gate(options.tokens, systemTimeMicros)
  const servers = rehearsal.nodes.map((node) => {
    const { tick, changed } = keeper
    const context = new Context(rehearsal, node, tick, changed, stopping.signal)
    return { node, servers: new ParticipantServers(context, gate, options.tls) }
  })
  const close = async (): Promise<void> => {
    stopping.abort()
    await Promise.all(
      servers.map(async ({ servers: one }) => {
        await one.close()
      }),
    )
    keeper.stop()
  }
  const participants: ParticipantAddresses[] = []
  try {
    for (const [i, { node, servers: own }] of servers.entries()) {
      const first = options.port === 0 ? 0 : options.port + i * PORTS_EACH
      participants.push(await own.listen(node, first))
    }
    keeper.save()
  } catch (error) {
    await close()
    rehearsal.wipe()
    throw error
  }
  const { logical, physical, protocolVersion } = rehearsal.sandbox.synchronizer
  return {
    synchronizer: logical,
    physicalSynchronizer: physical,
    protocolVersion,
    participants,
    stop: async () => {
      await close()
      keeper.save()
      rehearsal.wipe()
    },
  }
}
