/** Throw-away SoftHSM2 tokens, made with the tools that people make them with. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cryptoki } from '../../src/signer/pkcs11/cryptoki.ts'
import type { ModuleLease } from '../../src/signer/pkcs11/module.ts'

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
]

/** Why there is no SoftHSM to test with, `undefined` if there is one. */
async function missing(): Promise<string | undefined> {
  if (!MODULES.some((path) => existsSync(path))) return 'there is no SoftHSM2 (softhsm2)'
  for (const [tool, ...args] of [
    ['softhsm2-util', '--version'],
    ['pkcs11-tool', '--help'],
  ] as const) {
    if (spawnSync(tool, args).error !== undefined) return `there is no ${tool}`
  }
  try {
    await import('pkcs11js')
    return undefined
  } catch {
    return 'pkcs11js is not installed or not built'
  }
}

const reason = await missing()
export const hasSoftHsm = reason === undefined
if (reason !== undefined) process.stderr.write(`skipped: PKCS#11 tokens (${reason})\n`)

export const softHsmModule = MODULES.find((path) => existsSync(path)) ?? '/nonexistent'

/** Long enough that it is looked for in all output of the test run. */
export const TOKEN_PIN = '2718281828459045'
const SO_PIN = '3141592653589793'

export interface SoftHsm {
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  /** A URI on its module, with this path before the question mark. */
  uri(path: string, query?: string): string
  initToken(label: string): void
  /** Runs pkcs11-tool on a token, logged in. */
  tool(token: string, ...args: readonly string[]): Buffer
  /** Makes a key pair that signs. */
  generate(token: string, label: string, id: string, curve: string): void
  /** Puts a PKCS#8 file in PEM onto a token. */
  importKey(token: string, label: string, id: string, file: string): void
  use(): void
  remove(): void
}

/** A place of its own for tokens; `use` has the modules of this process look there. */
export function makeSoftHsm(): SoftHsm {
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-softhsm-'))
  mkdirSync(join(directory, 'tokens'))
  const configuration = join(directory, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(directory, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  const environment = { SOFTHSM2_CONF: configuration }
  const util = (...args: readonly string[]): void => {
    execFileSync('softhsm2-util', args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
  const tool = (token: string, ...args: readonly string[]): Buffer =>
    execFileSync(
      'pkcs11-tool',
      [
        ...['--module', softHsmModule, '--token-label', token, '--login', '--pin', TOKEN_PIN],
        ...args,
      ],
      { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
  return {
    directory,
    environment,
    use: () => {
      Object.assign(process.env, environment)
    },
    uri: (path, query = '') => `pkcs11:${path}?module-path=${softHsmModule}${query}`,
    initToken: (label) => {
      util('--init-token', '--free', '--label', label, '--so-pin', SO_PIN, '--pin', TOKEN_PIN)
    },
    tool,
    generate: (token, label, id, curve) => {
      const key = ['--keypairgen', '--key-type', `EC:${curve}`, '--label', label, '--id', id]
      tool(token, ...key, '--usage-sign')
    },
    importKey: (token, label, id, file) => {
      const key = ['--token', token, '--pin', TOKEN_PIN, '--label', label, '--id', id]
      util('--import', file, ...key)
    },
    remove: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The lease with some calls of its module in other hands; the others go to the module. */
export function changing(lease: ModuleLease, change: Partial<Cryptoki>): ModuleLease {
  const cryptoki = new Proxy(lease.cryptoki, {
    get: (module, name: keyof Cryptoki): unknown => {
      const changed = change[name]
      if (changed !== undefined) return changed
      // pkcs11js finds its native half by `this`.
      return (module[name] as (...args: unknown[]) => unknown).bind(module)
    },
  })
  return { ...lease, cryptoki }
}

/** Counts the calls of a module by name. */
export function counting(lease: ModuleLease): ModuleLease & { calls: Map<string, number> } {
  const calls = new Map<string, number>()
  const cryptoki = new Proxy(lease.cryptoki, {
    get: (module, name: keyof Cryptoki): unknown => {
      const method = (module[name] as (...args: unknown[]) => unknown).bind(module)
      return (...args: unknown[]): unknown => {
        calls.set(name, (calls.get(name) ?? 0) + 1)
        return method(...args)
      }
    },
  })
  return { ...lease, cryptoki, calls }
}

/** What pkcs11js throws for a result of a module. */
export function cryptokiError(name: string, code: number): Error {
  return Object.assign(new Error(name), { name: 'Pkcs11Error', code })
}
