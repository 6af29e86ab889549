/** Key URIs of an SSH agent: which key, and by which socket the agent is reached. */
import { CantosignError } from '../../base/errors.ts'
import { isUnsafeText } from '../../base/text.ts'
import { isFingerprint, type Fingerprint } from '../../ident/fingerprint.ts'

export type AgentKeyName =
  | { readonly $case: 'canton'; readonly fingerprint: Fingerprint }
  /** SHA-256 over the key as SSH encodes it, in base64 without padding, as `ssh-add -l` shows it. */
  | { readonly $case: 'ssh'; readonly sha256: string }

export interface AgentUri {
  /** `undefined` for `ssh-agent:` alone, which stands for all keys. */
  readonly key: AgentKeyName | undefined
  /** Path of a Unix socket; `undefined` for the one of SSH_AUTH_SOCK. */
  readonly socket: string | undefined
}

/** 32 bytes in base64 without padding: the last character carries four bits. */
const SSH_FINGERPRINT = /^SHA256:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048])$/

function invalid(message: string, hint: string): CantosignError {
  return new CantosignError('key-uri-invalid', `the ssh-agent: key URI ${message}`, hint)
}

/** @throws CantosignError `key-uri-invalid` */
function keyName(text: string): AgentKeyName | undefined {
  if (text === '') return undefined
  if (isFingerprint(text)) return { $case: 'canton', fingerprint: text }
  const sha256 = SSH_FINGERPRINT.exec(text)?.[1]
  if (sha256 !== undefined) return { $case: 'ssh', sha256 }
  throw invalid(
    'names a key by something that is no fingerprint',
    'give the fingerprint of Canton (1220…, 68 characters) or the SHA256:… that ssh-add -l shows',
  )
}

/** A Unix socket in the file system: never a host, never a name beside it. */
export function checkSocketPath(path: string, from: string): string {
  if (path.startsWith('/') && !isUnsafeText(path)) return path
  throw new CantosignError(
    'key-uri-invalid',
    `${from} is no absolute path of a Unix socket`,
    'give the path of the socket of the agent: ssh-agent:FINGERPRINT?socket=/PATH',
  )
}

/**
 * Parses a URI that begins `ssh-agent:`.
 * @throws CantosignError `key-uri-invalid`
 */
export function parseAgentUri(uri: string): AgentUri {
  const rest = uri.slice('ssh-agent:'.length)
  const question = rest.indexOf('?')
  const key = keyName(question === -1 ? rest : rest.slice(0, question))
  if (question === -1) return { key, socket: undefined }
  const query = rest.slice(question + 1)
  if (!query.startsWith('socket=')) {
    throw invalid('has something other than socket=/PATH behind the ?', 'give ?socket=/PATH alone')
  }
  return { key, socket: checkSocketPath(query.slice('socket='.length), 'the socket of the URI') }
}

/** `ssh-agent:FINGERPRINT`, with the socket if one was given. */
export function formatAgentUri(fingerprint: Fingerprint, socket: string | undefined): string {
  return `ssh-agent:${fingerprint}${socket === undefined ? '' : `?socket=${socket}`}`
}
