/** A sandbox of one participant behind mTLS, with a token for those who may change something. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { RunningSandbox } from '../../../src/sandbox/server/start.ts'
import { makeAuthority, makeCertificate, type Certificate } from './certificates.ts'
import { sandbox, type Desk } from './rehearsal.ts'

/** Certificates of both sides, and of the authority that both trust. */
export interface MutualTls {
  readonly authority: Certificate
  readonly server: Certificate
  readonly client: Certificate
}

export function mutualTls(): MutualTls {
  const authority = makeAuthority('authority')
  return {
    authority,
    server: makeCertificate('server', authority),
    client: makeCertificate('client', authority, 'DNS:client'),
  }
}

const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path))
const tokenFile = (desk: Desk): string => desk.file('token')

/** @param desk its directory gets the file with the token */
export async function securedSandbox(
  desk: Desk,
  { authority, server }: MutualTls,
): Promise<RunningSandbox> {
  writeFileSync(tokenFile(desk), 'full')
  return await sandbox({
    participants: 1,
    tls: {
      certificate: bytes(server.cert),
      key: bytes(server.key),
      clientCa: bytes(authority.cert),
    },
    tokens: { admin: 'full', reader: 'look' },
  })
}

/** The options with which a client gets in. */
export const securedOptions = (desk: Desk, { authority, client }: MutualTls): readonly string[] => [
  ...['--tls-ca', authority.cert, '--tls-cert', client.cert, '--tls-key', client.key],
  ...['--token-file', tokenFile(desk)],
]
