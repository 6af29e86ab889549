/** The one package that every participant of the sandbox has. */
import { toHex, utf8Bytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'

const NAME = 'cantosign-sandbox'

/** A package id is 64 hex characters; nothing is behind this one. */
export const ECHO_PACKAGE = { name: NAME, id: toHex(sha256(utf8Bytes(NAME))), version: '1.0.0' }
