/** The part of AWS's package that is used; the package is installed only where such keys are. */
declare module '@aws-sdk/client-kms' {
  export interface KeyMetadata {
    readonly Arn?: string
    readonly KeySpec?: string
    readonly KeyUsage?: string
    readonly KeyState?: string
    readonly Description?: string
  }
  /** A request. The member is there for the compiler alone: it says what `send` answers. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- read by `send`
  export class Command<Answer> {
    readonly answerOf?: Answer
  }
  export class GetPublicKeyCommand extends Command<{
    readonly KeyId?: string
    readonly PublicKey?: Uint8Array
    readonly KeySpec?: string
    readonly KeyUsage?: string
    readonly SigningAlgorithms?: readonly string[]
  }> {
    constructor(input: { KeyId: string })
  }
  export class SignCommand extends Command<{
    readonly KeyId?: string
    readonly Signature?: Uint8Array
    readonly SigningAlgorithm?: string
  }> {
    constructor(input: {
      KeyId: string
      Message: Uint8Array
      MessageType: 'RAW' | 'DIGEST'
      SigningAlgorithm: string
    })
  }
  export class ListKeysCommand extends Command<{
    readonly Keys?: readonly { readonly KeyArn?: string }[]
    readonly NextMarker?: string
    readonly Truncated?: boolean
  }> {
    constructor(input: { Marker?: string; Limit?: number })
  }
  export class DescribeKeyCommand extends Command<{ readonly KeyMetadata?: KeyMetadata }> {
    constructor(input: { KeyId: string })
  }
  export class CreateKeyCommand extends Command<{ readonly KeyMetadata?: KeyMetadata }> {
    constructor(input: { KeySpec: string; KeyUsage: 'SIGN_VERIFY' })
  }
  export class CreateAliasCommand extends Command<object> {
    constructor(input: { AliasName: string; TargetKeyId: string })
  }
  export class KMSClient {
    constructor(options: {
      region?: string
      profile?: string
      endpoint?: string
      maxAttempts?: number
      requestHandler?: { connectionTimeout?: number; requestTimeout?: number }
    })
    send<Answer>(command: Command<Answer>, options: { abortSignal: AbortSignal }): Promise<Answer>
    destroy(): void
  }
}
