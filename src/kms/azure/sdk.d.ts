/** The part of Microsoft's packages that is used; they are installed only where such keys are. */
declare module '@azure/identity' {
  export class DefaultAzureCredential {
    // Whatever finds a token; only handed on.
    getToken(scopes: string | string[]): Promise<unknown>
  }
}

declare module '@azure/keyvault-keys' {
  import type { DefaultAzureCredential as Credential } from '@azure/identity'

  interface ClientOptions {
    retryOptions?: { maxRetries: number; retryDelayInMs?: number; maxRetryDelayInMs?: number }
  }
  interface Properties {
    readonly name: string
    readonly version?: string
    readonly enabled?: boolean
    readonly notBefore?: Date
    readonly expiresOn?: Date
  }
  interface Abort {
    abortSignal: AbortSignal
  }
  export interface KeyVaultKey {
    readonly key?: {
      readonly kty?: string
      readonly crv?: string
      readonly x?: Uint8Array
      readonly y?: Uint8Array
      readonly keyOps?: readonly string[]
    }
    readonly id?: string
    readonly keyOperations?: readonly string[]
    readonly properties: Properties
  }
  export class KeyClient {
    constructor(vaultUrl: string, credential: Credential, options: ClientOptions)
    getKey(name: string, options: Abort & { version?: string }): Promise<KeyVaultKey>
    createEcKey(
      name: string,
      options: Abort & { curve: string; keyOps: string[]; hsm: boolean },
    ): Promise<KeyVaultKey>
    listPropertiesOfKeys(options: Abort): AsyncIterable<Properties>
    listPropertiesOfKeyVersions(name: string, options: Abort): AsyncIterable<Properties>
  }
  export class CryptographyClient {
    constructor(key: KeyVaultKey, credential: Credential, options: ClientOptions)
    sign(
      algorithm: string,
      digest: Uint8Array,
      options: Abort,
    ): Promise<{ readonly result: Uint8Array }>
  }
}
