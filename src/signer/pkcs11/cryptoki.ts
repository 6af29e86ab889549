/** What this tool uses of a PKCS#11 module (OASIS PKCS#11 v2.40 and v3.0), as pkcs11js offers it. */

/** Slots, sessions and objects: bytes that mean something to the module alone. */
export type Handle = Buffer

export interface Attribute {
  readonly type: number
  readonly value?: number | boolean | string | Buffer
}

export interface Mechanism {
  readonly mechanism: number
}

/** Texts are padded with spaces. */
export interface TokenInfo {
  readonly label: string
  readonly manufacturerID: string
  readonly model: string
  readonly serialNumber: string
  readonly flags: number
}

/** A module that was loaded and initialized. Its methods throw errors with a `code`: a CKR number. */
export interface Cryptoki {
  C_GetSlotList(tokenPresent: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): TokenInfo
  C_GetMechanismList(slot: Handle): number[]
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  /** @param pin a text: the runtime keeps it until it is collected, and it cannot be wiped */
  C_Login(session: Handle, userType: number, pin?: string): void
  C_Logout(session: Handle): void
  C_FindObjectsInit(session: Handle, template: Attribute[]): void
  C_FindObjects(session: Handle, count: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(session: Handle, object: Handle, template: Attribute[]): { value: Buffer }[]
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_SignAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>
  C_GenerateKeyPairAsync(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: Attribute[],
    privateTemplate: Attribute[],
  ): Promise<{ publicKey: Handle; privateKey: Handle }>
  C_GenerateRandom(session: Handle, output: Buffer): Buffer
}

export const CKA = {
  class: 0x000,
  token: 0x001,
  private: 0x002,
  label: 0x003,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  verify: 0x10a,
  sign: 0x108,
  publicKeyInfo: 0x129,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const

/** Key types of the keys that Canton signs with: CKK_EC and CKK_EC_EDWARDS (v3.0). */
export const CKK = { ec: 0x3n, ecEdwards: 0x40n } as const

export const CKO = { publicKey: 2, privateKey: 3 } as const

/** CKM_EDDSA and its key generation are numbers of v3.0, which pkcs11js does not name. */
export const CKM = {
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  ecEdwardsKeyPairGen: 0x1055,
  eddsa: 0x1057,
} as const

/** User types of C_Login. */
export const CKU = { user: 1, contextSpecific: 2 } as const

/** Flags of a token and of a session. */
export const CKF = {
  loginRequired: 0x4,
  protectedAuthenticationPath: 0x100,
  tokenInitialized: 0x400,
  userPinFinalTry: 0x20000,
  userPinLocked: 0x40000,
  rwSession: 0x2,
  serialSession: 0x4,
} as const

/** Results (CKR) that this tool tells apart. */
export const CKR = {
  attributeTypeInvalid: 0x12,
  attributeValueInvalid: 0x13,
  attributeSensitive: 0x11,
  deviceRemoved: 0x32,
  keyFunctionNotPermitted: 0x68,
  keyHandleInvalid: 0x60,
  mechanismInvalid: 0x70,
  objectHandleInvalid: 0x82,
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLenRange: 0xa2,
  pinExpired: 0xa3,
  pinLocked: 0xa4,
  sessionClosed: 0xb0,
  sessionHandleInvalid: 0xb3,
  templateInconsistent: 0xd1,
  tokenNotPresent: 0xe0,
  tokenNotRecognized: 0xe1,
  userAlreadyLoggedIn: 0x100,
  userNotLoggedIn: 0x101,
  domainParamsInvalid: 0x130,
  curveNotSupported: 0x140,
  cryptokiNotInitialized: 0x190,
  cryptokiAlreadyInitialized: 0x191,
} as const

/** The CKR number of an error that a module gave, `undefined` for any other error. */
export function resultOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'number' && error.code > 0) return error.code
  // Some calls of pkcs11js leave the number in the text.
  const number = /\bCKR_[A-Z0-9_]+:(\d+)/.exec(error.message)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** True where the lowest byte of a number comes first in memory. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** A number of the module (CK_ULONG) in the byte order of this machine. */
export function ulong(bytes: Uint8Array): bigint {
  const ordered = LITTLE_ENDIAN ? bytes.toReversed() : bytes
  return ordered.reduce((value, byte) => value * 256n + BigInt(byte), 0n)
}
