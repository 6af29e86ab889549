/** Keys that are no files, as a person and as a script read them. */
import { toBase64, toHex } from '../../src/base/bytes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { ConnectedKey, ConnectedScheme } from '../../src/signer/connected.ts'
import type { KeyUri } from '../../src/signer/key-uri.ts'
import type { TokenKey } from '../../src/signer/pkcs11/list.ts'
import { sshFingerprint } from '../../src/signer/ssh-agent/driver.ts'
import type { AgentKey } from '../../src/signer/ssh-agent/protocol.ts'
import { warningLines, type Warning } from './key.ts'

/** Where the key is, in the place of the container of a key file. */
export type SignerContainer = 'PKCS#11' | 'exec' | 'ssh-agent' | ConnectedScheme

export function signerContainer(uri: Exclude<KeyUri, { readonly $case: 'file' }>): SignerContainer {
  switch (uri.$case) {
    case 'pkcs11':
      return 'PKCS#11'
    case 'connected':
      return uri.uri.scheme
    default:
      return uri.$case
  }
}

/** The members of a key file (docs/json.md section 6); there is no file that could be encrypted. */
export function signerKeyJson(
  key: PublicKey,
  container: SignerContainer,
): Readonly<Record<string, unknown>> {
  return {
    fingerprint: key.fingerprint,
    keySpec: key.keySpec,
    container,
    encrypted: false,
    publicKey: toBase64(key.spki),
  }
}

export function signerKeyLines(
  key: PublicKey,
  container: SignerContainer,
  warnings: readonly Warning[],
): readonly string[] {
  return [
    `fingerprint ${key.fingerprint}`,
    `key spec    ${key.keySpec}`,
    `container   ${container}`,
    `public key  ${toBase64(key.spki)}`,
    ...(warnings.length === 0 ? [] : ['', 'to know', ...warningLines(warnings)]),
  ]
}

/** One key of a list: what both presenters say of it. */
export interface ListedKey {
  /** For `--key`; `null` for a key that this tool does not sign with. */
  readonly uri: string | null
  readonly fingerprint: string | null
  readonly keySpec: string | null
  readonly publicKey: string | null
  /** Where it is and what it is called there; untrusted text. */
  readonly facts: Readonly<Record<string, string | boolean | null>>
  /** Why it does not sign here, or what to know; untrusted text in parts. */
  readonly remark: string | null
}

const publicFacts = (key: PublicKey | undefined): Omit<ListedKey, 'uri' | 'facts' | 'remark'> => ({
  fingerprint: key?.fingerprint ?? null,
  keySpec: key?.keySpec ?? null,
  publicKey: key === undefined ? null : toBase64(key.spki),
})

export function listedTokenKey(found: TokenKey): ListedKey {
  const { uri, token, label, id, isPrivate, maySign, key, problem } = found
  const remark =
    problem ??
    (key === undefined
      ? 'the token does not tell the public key: signing needs --public-key'
      : null) ??
    (maySign === false ? 'the token does not let this key sign' : null) ??
    (isPrivate ? null : 'only the public half is seen; with the PIN the private one may be')
  return {
    uri: maySign === false || problem !== undefined ? null : uri,
    ...publicFacts(key),
    facts: { token, object: label, id: toHex(id), private: isPrivate },
    remark,
  }
}

/** @param uriOf the URI of a key that signs */
export function listedAgentKey(found: AgentKey, uriOf: (key: PublicKey) => string): ListedKey {
  const { content, type, comment } = found
  const facts = { type, comment, sshFingerprint: `SHA256:${sshFingerprint(found)}` }
  switch (content.$case) {
    case 'key':
      return { uri: uriOf(content.key), ...publicFacts(content.key), facts, remark: null }
    case 'fido': {
      const remark = 'a FIDO key signs other bytes than those it is given: not for Canton'
      return { uri: null, ...publicFacts(content.key), facts, remark }
    }
    case 'foreign':
      return { uri: null, ...publicFacts(undefined), facts, remark: 'Canton has no such keys' }
    case 'unsound':
      return { uri: null, ...publicFacts(undefined), facts, remark: content.fault.message }
  }
}

export function listedConnectedKey({ uri, key, facts, problem }: ConnectedKey): ListedKey {
  return { uri: uri ?? null, ...publicFacts(key), facts, remark: problem ?? null }
}

export function listedKeyJson({ facts, ...rest }: ListedKey): Readonly<Record<string, unknown>> {
  return { ...rest, ...facts }
}

export function listedKeyLines(listed: ListedKey): readonly string[] {
  const facts = Object.entries(listed.facts)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .map(([name, value]) => `${name} ${escapeText(String(value))}`)
  return [
    listed.fingerprint ?? 'a key without a fingerprint',
    `  ${[listed.keySpec ?? 'of no key spec of Canton', ...facts].join(', ')}`,
    ...(listed.uri === null ? [] : [`  ${escapeText(listed.uri)}`]),
    ...(listed.remark === null ? [] : [`  ${escapeText(listed.remark)}`]),
  ]
}
