/** Names and order of the properties of the file (docs/format.md section 2): reader and writer share them. */
import { enumName } from '../wire/schema.ts'
import { ENUM_NAMES } from '../wire/generated/schema.ts'

export const PACKAGE_PROPERTIES = [
  'format',
  'version',
  'network',
  'text',
  'transactions',
  'combined',
  'preparedTransactions',
  'publicKeys',
  'state',
] as const
export const NETWORK_PROPERTIES = ['synchronizerId', 'protocolVersion'] as const
export const TEXT_PROPERTIES = ['requestedBy', 'reason', 'validUntil'] as const
export const TRANSACTION_PROPERTIES = [
  'hash',
  'summary',
  'proposal',
  'transaction',
  'signatures',
] as const
export const SUMMARY_PROPERTIES = ['operation', 'serial', 'mapping', 'subject'] as const
export const PREPARED_PROPERTIES = [
  'hash',
  'hashingScheme',
  'summary',
  'preparedTransaction',
  'signatures',
] as const
export const PREPARED_SUMMARY_PROPERTIES = [
  'actAs',
  'commandId',
  'synchronizerId',
  'action',
  'template',
  'choice',
] as const
export const PREPARED_SIGNATURE_PROPERTIES = [
  'party',
  'signedBy',
  'format',
  'algorithm',
  'signature',
] as const
export const SIGNATURE_PROPERTIES = ['signedBy', 'format', 'algorithm', 'signature'] as const
export const COMBINED_PROPERTIES = ['hash', 'transactions', 'elsewhere', 'signatures'] as const
export const PUBLIC_KEY_PROPERTIES = ['fingerprint', 'keySpec', 'publicKey'] as const
export const STATE_PROPERTIES = ['hash', 'sources', 'signedTransaction'] as const
export const SOURCE_PROPERTIES = ['from', 'at'] as const

export type SignatureEnum = 'SignatureFormat' | 'SigningAlgorithmSpec'

/** An enum of a signature as its name without the common prefix; `null` for one that is absent. */
export function enumText(type: SignatureEnum, value: number): string | null {
  if (value === 0) return null
  const name = enumName(type, value)
  if (name === undefined) throw new Error(`a package holds the unknown ${type} ${value}`)
  return name
}

/** The number of a name; `undefined` for a name that is none, `UNSPECIFIED` included. */
export function enumNumber(type: SignatureEnum, text: string | null): number | undefined {
  if (text === null) return 0
  const [found] = Object.entries(ENUM_NAMES[type] ?? {}).filter(([, name]) => name === text)
  const number = found === undefined ? 0 : Number(found[0])
  return number === 0 ? undefined : number
}
