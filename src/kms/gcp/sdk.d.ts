/** The part of Google's package that is used; the package is installed only where such keys are. */
declare module '@google-cloud/kms' {
  /** 64-bit numbers come as text or as objects that turn into it. */
  interface Int64Value {
    readonly value?: { toString(): string } | null
  }
  export interface CallOptions {
    /** Milliseconds. */
    timeout: number
    /** None. */
    retry: null
  }
  interface Version {
    readonly name?: string | null
    readonly state?: string | number | null
    readonly algorithm?: string | number | null
  }
  export class KeyManagementServiceClient {
    constructor(options: { apiEndpoint?: string; port?: number })
    getPublicKey(
      request: { name: string },
      options: CallOptions,
    ): Promise<
      [
        {
          readonly name?: string | null
          readonly algorithm?: string | number | null
          readonly pem?: string | null
          readonly pemCrc32c?: Int64Value | null
        },
        ...unknown[],
      ]
    >
    asymmetricSign(
      request: {
        name: string
        data?: Uint8Array
        dataCrc32c?: { value: number }
        digest?: { sha256: Uint8Array } | { sha384: Uint8Array }
        digestCrc32c?: { value: number }
      },
      options: CallOptions,
    ): Promise<
      [
        {
          readonly name?: string | null
          readonly signature?: Uint8Array | string | null
          readonly signatureCrc32c?: Int64Value | null
          readonly verifiedDataCrc32c?: boolean | null
          readonly verifiedDigestCrc32c?: boolean | null
        },
        ...unknown[],
      ]
    >
    listCryptoKeys(
      request: { parent: string },
      options: CallOptions,
    ): Promise<
      [
        readonly { readonly name?: string | null; readonly purpose?: string | number | null }[],
        ...unknown[],
      ]
    >
    listCryptoKeyVersions(
      request: { parent: string },
      options: CallOptions,
    ): Promise<[readonly Version[], ...unknown[]]>
    createCryptoKey(
      request: {
        parent: string
        cryptoKeyId: string
        cryptoKey: {
          purpose: 'ASYMMETRIC_SIGN'
          versionTemplate: { algorithm: string; protectionLevel: 'HSM' | 'SOFTWARE' }
        }
      },
      options: CallOptions,
    ): Promise<[{ readonly name?: string | null }, ...unknown[]]>
    initialize(): Promise<unknown>
    close(): Promise<void>
  }
}
