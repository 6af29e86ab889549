/** A certificate authority for the time of a test file, and servers on loopback that it vouches for. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'

export interface Authority {
  readonly directory: string
  /** PEM files. */
  readonly ca: string
  readonly server: { readonly certificate: string; readonly key: string }
  readonly client: { readonly certificate: string; readonly key: string }
  remove(): void
}

/** Names that the server is vouched for, beside loopback. */
const NAMES = [
  ...['DNS:localhost', 'IP:127.0.0.1', 'DNS:*.vault.azure.net', 'DNS:login.microsoftonline.com'],
  ...['DNS:*.managedhsm.azure.net'],
]

export function makeAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-authority-'))
  const path = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const request = (name: string): void => {
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
    )
  }
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2'],
  )
  writeFileSync(path('server.ext'), `subjectAltName=${NAMES.join(',')}\n`)
  writeFileSync(path('client.ext'), 'extendedKeyUsage=clientAuth\n')
  for (const name of ['server', 'client']) {
    request(name)
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2'],
      ...['-CAcreateserial', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    )
  }
  return {
    directory,
    ca: path('ca.pem'),
    server: { certificate: path('server.pem'), key: path('server.key') },
    client: { certificate: path('client.pem'), key: path('client.key') },
    remove: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Has this process trust the authority, as NODE_EXTRA_CA_CERTS does for one that is started. */
export function trustHere(authority: Authority): void {
  const original = tls.createSecureContext
  const certificate = readFileSync(authority.ca)
  tls.createSecureContext = (options) => {
    const context = original(options)
    // What a CA of its own is given for stays so.
    if (options?.ca === undefined) {
      ;(context.context as { addCACert(pem: Buffer): void }).addCACert(certificate)
    }
    return context
  }
}

export interface LoopbackServer {
  readonly port: number
  readonly close: () => Promise<void>
}

/** An HTTPS server on loopback. */
export async function startHttps(
  authority: Authority,
  listener: RequestListener,
  options: { readonly wantsClient?: boolean } = {},
): Promise<LoopbackServer> {
  const server = createServer(
    {
      cert: readFileSync(authority.server.certificate),
      key: readFileSync(authority.server.key),
      ...(options.wantsClient === true
        ? { ca: readFileSync(authority.ca), requestCert: true, rejectUnauthorized: true }
        : {}),
    },
    listener,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
