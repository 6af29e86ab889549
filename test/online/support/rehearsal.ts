/** A sandbox over real sockets, and people beside it who build and sign as they would. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { readHostPort } from '../../../src/online/address.ts'
import { AdminApi } from '../../../src/online/admin.ts'
import { Routes } from '../../../src/online/connection.ts'
import { TopologyWrite } from '../../../src/online/wire/services.ts'
import {
  startSandbox,
  type ParticipantAddresses,
  type RunningSandbox,
  type SandboxServerOptions,
} from '../../../src/sandbox/server/start.ts'
import { online, place, type Run } from './cli.ts'
import { settingsFor } from './server.ts'

export async function sandbox(
  changes: Partial<SandboxServerOptions> = {},
): Promise<RunningSandbox> {
  return await startSandbox({
    participants: 2,
    protocolVersion: 34,
    effectDelay: 50_000n,
    clearanceDelay: 1_000_000n,
    port: 0,
    tls: undefined,
    tokens: { admin: undefined, reader: undefined },
    stateFile: undefined,
    seed: 0,
    ...changes,
  })
}

export const participant = (running: RunningSandbox, index: number): ParticipantAddresses => {
  const one = running.participants[index]
  if (one === undefined) throw new Error(`there is no participant ${index}`)
  return one
}

/** Runs and expects success. */
export async function done(...args: readonly string[]): Promise<Run> {
  const run = await online(...args)
  expect(run.status, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toBe(0)
  return run
}

/** Runs with --json and expects an exit status; gives the code of the error. */
export async function refused(status: number, ...args: readonly string[]): Promise<string> {
  const run = await online(...args, '--json')
  expect(run.status, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toBe(status)
  return (run.json as { error: { code: string } }).error.code
}

export interface Person {
  readonly key: string
  readonly publicKey: string
  readonly fingerprint: string
}

/** A desk with keys; file names below are of this directory. */
export class Desk {
  readonly directory = place()

  file(name: string): string {
    return join(this.directory, name)
  }

  async person(name: string, spec = 'ed25519'): Promise<Person> {
    const key = this.file(`${name}.key`)
    const publicKey = this.file(`${name}.pub`)
    await done('key', 'generate', '--key-spec', spec, '--no-encrypt', '-o', key)
    await done('key', 'convert', key, '--to', 'spki-der', '-o', publicKey)
    const { json } = await done('key', 'show', key, '--json')
    return { key, publicKey, fingerprint: (json as { fingerprint: string }).fingerprint }
  }

  /** Signs a package; the signed one is written beside it. */
  async sign(packageFile: string, { key }: Person, ...more: readonly string[]): Promise<string> {
    const signed = `${packageFile}.${Math.random().toString(36).slice(2)}`
    await done('sign', packageFile, '--key', key, '--yes', '-o', signed, ...more)
    return signed
  }
}

/** The operator of a node has it sign what is pending, as a console does. */
export async function authorize(
  { adminApi }: ParticipantAddresses,
  synchronizer: string,
  hash: string,
): Promise<void> {
  const admin = new AdminApi(new Routes(settingsFor()).grpc(readHostPort(adminApi, 'admin')))
  try {
    await admin.connection.unary(
      TopologyWrite.Authorize,
      {
        type: { $case: 'transactionHash', value: hash },
        store: {
          store: {
            $case: 'synchronizer',
            value: { kind: { $case: 'id', value: synchronizer } },
          },
        },
      },
      { effect: 'change' },
    )
  } finally {
    admin.close()
  }
}
