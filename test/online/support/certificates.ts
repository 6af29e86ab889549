/** Certificates for TLS, made by openssl(1): good ones, and one of every kind that is refused. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-tls-'))
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

const file = (name: string): string => join(directory, name)
const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** Paths of a certificate and its key. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

function newKey(name: string): string {
  const key = file(`${name}.key`)
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key)
  return key
}

export function makeAuthority(name: string): Certificate {
  const key = newKey(name)
  const cert = file(`${name}.pem`)
  openssl('req', '-x509', '-new', '-key', key, '-subj', `/CN=${name}`, '-days', '30', '-out', cert)
  return { cert, key }
}

/** @param days negative: it has ended already */
export function makeCertificate(
  name: string,
  authority: Certificate,
  names = 'DNS:localhost,IP:127.0.0.1',
  days = 30,
): Certificate {
  const key = newKey(name)
  const request = file(`${name}.csr`)
  const cert = file(`${name}.pem`)
  const extensions = file(`${name}.ext`)
  writeFileSync(extensions, `subjectAltName=${names}\n`)
  openssl('req', '-new', '-key', key, '-subj', `/CN=${name}`, '-out', request)
  openssl(
    ...['x509', '-req', '-in', request, '-CA', authority.cert, '-CAkey', authority.key],
    ...['-CAcreateserial', '-days', String(days), '-extfile', extensions, '-out', cert],
  )
  return { cert, key }
}
