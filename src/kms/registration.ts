/** What a Canton node has to be told to use a key of AWS or Google Cloud KMS (docs/keys.md section 7). */
import { CantosignError } from '../base/errors.ts'
import { utf8Bytes } from '../base/bytes.ts'
import type { PublicKey } from '../crypto/public-key.ts'

export interface KmsKeyName {
  readonly key: PublicKey
  /** `kms_key_id` of RegisterKmsSigningKey. */
  readonly kmsKeyId: string
  /** `crypto.kms` of the configuration of a node. */
  readonly configuration: readonly (readonly [string, string])[]
  readonly remarks: readonly string[]
}

/** Usages by their names here, in the console and on the wire. */
const USAGES = {
  namespace: ['Namespace', 'SIGNING_KEY_USAGE_NAMESPACE'],
  'sequencer-authentication': [
    'SequencerAuthentication',
    'SIGNING_KEY_USAGE_SEQUENCER_AUTHENTICATION',
  ],
  protocol: ['Protocol', 'SIGNING_KEY_USAGE_PROTOCOL'],
} as const
export type RegisteredUsage = keyof typeof USAGES
export const REGISTERED_USAGES = Object.keys(USAGES) as readonly RegisteredUsage[]

export interface RegistrationOptions {
  readonly usages: readonly RegisteredUsage[]
  /** By which the node shows the key; may be empty. */
  readonly name: string
  /** Of the node in the console and in its configuration. */
  readonly node: string
}

/** Nothing that ends a text of Scala or of a configuration. */
const SAFE = /^[A-Za-z0-9 ._:/@-]*$/
const SCALA_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

const quoted = (text: string): string => {
  if (SAFE.test(text)) return `"${text}"`
  throw new CantosignError(
    'usage',
    'a name for the node holds characters that a console does not take',
    'use letters, digits, spaces and . _ : / @ -',
  )
}

/**
 * `register-kms-key.canton` for the console, `register-kms-signing-key.json` as the body of
 * VaultService/RegisterKmsSigningKey, `kms.conf` as that part of the configuration of a participant.
 * @throws CantosignError `usage` for names that are none
 */
export function registrationFiles(
  { key, kmsKeyId, configuration }: KmsKeyName,
  { usages, name, node }: RegistrationOptions,
): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  if (!SCALA_NAME.test(node)) {
    throw new CantosignError(
      'usage',
      'the name of the node is no name of the console',
      'give the name by which the console knows the node, such as participant1',
    )
  }
  const console = [
    '// Run in a console that is connected to the node, whose KMS is set up as kms.conf says.',
    'import com.digitalasset.canton.crypto.SigningKeyUsage',
    '',
    `val key = ${node}.keys.secret.register_kms_signing_key(`,
    `  ${quoted(kmsKeyId)},`,
    `  Set(${usages.map((usage) => `SigningKeyUsage.${USAGES[usage][0]}`).join(', ')}),`,
    `  ${quoted(name)},`,
    ')',
    `assert(key.id.unwrap == "${key.fingerprint}", "the node has registered another key")`,
  ]
  const request = { kmsKeyId, name, usage: usages.map((usage) => USAGES[usage][1]) }
  const crypto = `canton.participants.${node}.crypto`
  const settings = [
    `${crypto}.provider = kms`,
    `${crypto}.kms {`,
    ...configuration.map(([member, value]) => `  ${member} = ${value}`),
    '}',
  ]
  const text = (lines: readonly string[]): Uint8Array => utf8Bytes(`${lines.join('\n')}\n`)
  return [
    { name: 'register-kms-key.canton', bytes: text(console) },
    {
      name: 'register-kms-signing-key.json',
      bytes: text([JSON.stringify(request, null, 2)]),
    },
    { name: 'kms.conf', bytes: text(settings) },
  ]
}

/** What the documentation of Canton lists for signing with a KMS. */
export function specRemarks({ keySpec }: PublicKey): readonly string[] {
  return keySpec === 'EC_P256' || keySpec === 'EC_P384'
    ? []
    : [
        `the documentation of Canton names P-256 and P-384 for keys in a KMS, and this one is ${keySpec}: try whether your release takes it`,
      ]
}
