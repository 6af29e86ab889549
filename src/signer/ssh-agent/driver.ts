/** The driver for keys that an SSH agent holds: ssh-agent, gpg-agent and others that speak its protocol. */
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { signerOf, type Signer, type SignerDriver, type SignerOptions } from '../signer.ts'
import { DEFAULT_TIMEOUT_MILLISECONDS } from '../timeout.ts'
import {
  identitiesRequest,
  readIdentities,
  readSignature,
  signRequest,
  type AgentKey,
} from './protocol.ts'
import { connectAgent, type AgentConnection } from './socket.ts'
import { checkSocketPath, type AgentKeyName, type AgentUri } from './uri.ts'

export interface AgentOptions {
  /** The value of SSH_AUTH_SOCK, for URIs that name no socket. */
  readonly environmentSocket: string | undefined
  /** For each answer. */
  readonly timeoutMilliseconds?: number
}

/** SHA-256 over the encoded key in base64 without padding, as OpenSSH shows it behind `SHA256:`. */
export function sshFingerprint(key: AgentKey): string {
  return Buffer.from(sha256(key.blob)).toString('base64').replace(/=+$/, '')
}

/** @throws CantosignError `agent-unreachable`, `key-uri-invalid` */
async function connect(uri: AgentUri, options: AgentOptions): Promise<AgentConnection> {
  const path = uri.socket ?? options.environmentSocket
  if (path === undefined || path === '') {
    throw new CantosignError(
      'agent-unreachable',
      'no socket of an SSH agent is named: SSH_AUTH_SOCK is not set',
      'start an agent (ssh-agent), or name its socket: ssh-agent:FINGERPRINT?socket=/PATH',
    )
  }
  const checked = checkSocketPath(path, uri.socket === undefined ? 'SSH_AUTH_SOCK' : 'the socket')
  return await connectAgent(checked, options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS)
}

function isNamed(key: AgentKey, name: AgentKeyName): boolean {
  if (name.$case === 'ssh') return sshFingerprint(key) === name.sha256
  return 'key' in key.content && key.content.key.fingerprint === name.fingerprint
}

/** @throws CantosignError `agent-key-absent`, `agent-key-type`, and what is wrong with the key itself */
function chosenKey(
  keys: readonly AgentKey[],
  name: AgentKeyName,
): { readonly agentKey: AgentKey; readonly key: PublicKey } {
  const found = keys.find((key) => isNamed(key, name))
  if (found === undefined) {
    throw new CantosignError(
      'agent-key-absent',
      `the SSH agent holds ${keys.length} keys, and none with this fingerprint`,
      'see what it holds with key list ssh-agent:, and add the key with ssh-add',
    )
  }
  switch (found.content.$case) {
    case 'key':
      return { agentKey: found, key: found.content.key }
    case 'fido':
      throw new CantosignError(
        'agent-key-type',
        `the key is on a FIDO device (${escapeText(found.type)}), which signs other bytes than those it is given`,
        'such a signature is valid for SSH alone: take a key that is not of a type sk-…',
      )
    case 'foreign':
      throw new CantosignError(
        'agent-key-type',
        `the key is of the type ${escapeText(found.type)}`,
        'an agent signs for Canton with ssh-ed25519, ecdsa-sha2-nistp256 and ecdsa-sha2-nistp384',
      )
    case 'unsound':
      throw found.content.fault
  }
}

/**
 * The keys that the agent holds, in its order.
 * @throws CantosignError `agent-unreachable`, `agent-answer`, `agent-refused`, `signer-timeout`
 */
export async function listAgentKeys(
  uri: AgentUri,
  options: AgentOptions,
): Promise<readonly AgentKey[]> {
  const connection = await connect(uri, options)
  try {
    return readIdentities(await connection.ask(identitiesRequest()))
  } finally {
    connection.close()
  }
}

/**
 * Opens a key that an SSH agent holds; everything goes over one connection.
 * @throws CantosignError `key-uri-invalid`, `agent-unreachable`, `agent-answer`, `agent-refused`,
 * `agent-key-absent`, `agent-key-type`, `signer-timeout`; `key-point`, `key-weak` for a key that is none
 */
export async function openAgentSigner(
  uri: AgentUri,
  options: AgentOptions & SignerOptions,
): Promise<Signer> {
  const name = uri.key
  if (name === undefined) {
    throw new CantosignError(
      'key-uri-invalid',
      'the key URI ssh-agent: names no key',
      'give ssh-agent:FINGERPRINT; key list ssh-agent: shows what there is',
    )
  }
  const connection = await connect(uri, options)
  try {
    const keys = readIdentities(await connection.ask(identitiesRequest()))
    const { agentKey, key } = chosenKey(keys, name)
    const driver: SignerDriver = {
      name: `the SSH agent with the key ${key.fingerprint}`,
      madeBy: 'other',
      ecdsa: { takes: 'message', gives: 'DER' },
      publicKey: async () => await Promise.resolve(key.spki),
      sign: async (message) =>
        readSignature(await connection.ask(signRequest(agentKey, message)), agentKey, key.keySpec),
      close: () => {
        connection.close()
      },
    }
    return signerOf(driver, options)
  } catch (error) {
    connection.close()
    throw error
  }
}
