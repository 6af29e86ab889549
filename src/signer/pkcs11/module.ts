/**
 * PKCS#11 modules: shared libraries of a vendor, reached through the package pkcs11js, which is
 * installed by who needs it and loaded when a `pkcs11:` key is named and not before.
 */
import { statSync } from 'node:fs'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { reasonOf } from '../../host/reading.ts'
import { CKR, resultOf, type Cryptoki } from './cryptoki.ts'

/** CKF_OS_LOCKING_OK: some modules refuse to work without it. */
const OS_LOCKING_OK = 0x2

interface LoadedModule extends Cryptoki {
  C_Initialize(options: { flags: number }): void
  C_Finalize(): void
  close(): void
}

/** A module that several signers may share. */
export interface ModuleLease {
  readonly cryptoki: Cryptoki
  /** True if no other signer uses the module. */
  readonly isLast: () => boolean
  /**
   * Has the module look anew for its tokens: some find one that comes back in no other way.
   * @returns false if that would take it away from another user
   */
  readonly restart: () => boolean
  /** Finalizes and unloads it once nobody uses it. */
  readonly release: () => void
}

interface LoadedEntry {
  readonly module: LoadedModule
  /** False if somebody else in this process initialized it, who then finalizes it as well. */
  readonly isOurs: boolean
  users: number
}

const loaded = new Map<string, LoadedEntry>()

function unloadable(path: string, reason: string, cause: unknown): CantosignError {
  return new CantosignError(
    'token-module',
    `${escapeText(path)} cannot be loaded as a PKCS#11 module: ${reason}`,
    'give the shared library that the vendor of the token delivers, for this system',
    { cause, details: { file: path } },
  )
}

/** @throws CantosignError `pkcs11js-missing`, `token-module` */
async function newModule(path: string): Promise<LoadedModule> {
  try {
    // Some modules crash the process when something that is no file is loaded.
    if (!statSync(path).isFile()) throw unloadable(path, 'it is not a regular file', undefined)
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw unloadable(path, reasonOf(cause), cause)
  }
  let PKCS11: new () => LoadedModule & { load(path: string): void }
  try {
    // What its own declarations say of its calls is narrower than what they take.
    PKCS11 = (await import('pkcs11js')).default.PKCS11 as typeof PKCS11
  } catch (cause) {
    throw new CantosignError(
      'pkcs11js-missing',
      'keys on PKCS#11 tokens need the package pkcs11js, which is not there or not built for this Node.js',
      'install it beside this program: npm install pkcs11js@2 (it is compiled while it is installed)',
      { cause },
    )
  }
  const module = new PKCS11()
  try {
    module.load(path)
  } catch (cause) {
    const reason = cause instanceof Error ? escapeText(cause.message) : 'it is none'
    throw unloadable(path, reason, cause)
  }
  return module
}

/** @returns false if it was initialized already */
function initialize(module: LoadedModule, path: string): boolean {
  try {
    module.C_Initialize({ flags: OS_LOCKING_OK })
    return true
  } catch (cause) {
    if (resultOf(cause) === CKR.cryptokiAlreadyInitialized) return false
    const reason = cause instanceof Error ? escapeText(cause.message) : 'it fails'
    module.close()
    throw unloadable(path, `C_Initialize gives ${reason}`, cause)
  }
}

/**
 * Loads a module, or shares the one that is loaded.
 * @param path absolute
 * @throws CantosignError `pkcs11js-missing`, `token-module`
 */
export async function leaseModule(path: string): Promise<ModuleLease> {
  const fresh = loaded.has(path) ? undefined : await newModule(path)
  let entry = loaded.get(path)
  if (entry === undefined && fresh !== undefined) {
    entry = { module: fresh, isOurs: initialize(fresh, path), users: 0 }
    loaded.set(path, entry)
  }
  // Released by its last user while another waited for it.
  if (entry === undefined) return await leaseModule(path)
  const own = entry
  own.users++
  let released = false
  return {
    cryptoki: own.module,
    isLast: () => own.users === 1,
    restart: () => {
      if (!own.isOurs || own.users !== 1) return false
      attempt(() => {
        own.module.C_Finalize()
      })
      try {
        own.module.C_Initialize({ flags: OS_LOCKING_OK })
        return true
      } catch (error) {
        if (resultOf(error) === undefined) throw error
        return false
      }
    },
    release: () => {
      if (released) return
      released = true
      own.users--
      if (own.users > 0) return
      loaded.delete(path)
      // A token that is gone must not keep the program from its end.
      if (own.isOurs) {
        attempt(() => {
          own.module.C_Finalize()
        })
      }
      own.module.close()
    },
  }
}

/** Runs a call whose failure changes nothing any more. */
export function attempt(call: () => void): void {
  try {
    call()
  } catch (error) {
    if (resultOf(error) === undefined) throw error
  }
}
