/** Fingerprints and the namespaces they name (docs/protocol/hashing.md section 3). */
import { CantosignError } from '../base/errors.ts'

declare const brand: unique symbol

/** 68 lower-case hex characters: `1220`, then the SHA-256 over the key under hash purpose 12. */
export type Fingerprint = string & { readonly [brand]: 'Fingerprint' }

/** The fingerprint of a root key, or the hash of the first owners of a decentralized namespace. */
export type Namespace = string & { readonly [brand]: 'Namespace' }

const SHAPE = /^1220[0-9a-f]{64}$/

export function isFingerprint(text: string): text is Fingerprint {
  return SHAPE.test(text)
}

export function isNamespace(text: string): text is Namespace {
  return SHAPE.test(text)
}

/**
 * @throws CantosignError `identifier-invalid`. Canton itself takes other text too; a key of today
 * never has such a fingerprint, so this tool does not (docs/protocol/identifiers.md).
 */
export function parseFingerprint(text: string, what = 'fingerprint'): Fingerprint {
  if (isFingerprint(text)) return text
  throw notHash(text, what)
}

/** @throws CantosignError `identifier-invalid` */
export function parseNamespace(text: string, what = 'namespace'): Namespace {
  if (isNamespace(text)) return text
  throw notHash(text, what)
}

function notHash(text: string, what: string): CantosignError {
  return new CantosignError(
    'identifier-invalid',
    `${what} is not 68 lower-case hex characters beginning 1220 (its length is ${text.length})`,
    'copy the fingerprint again from its source, as lower-case hex',
  )
}
