/** Key URIs: where a key is. `FILE`, or a scheme and what names the key there (docs/keys.md). */
import { CantosignError } from '../base/errors.ts'
import { isConnectedScheme, type ConnectedUri } from './connected.ts'
import { parseExecUri, type Command } from './exec/command.ts'
import { parsePkcs11Uri, type Pkcs11Uri } from './pkcs11/uri.ts'
import { parseAgentUri, type AgentUri } from './ssh-agent/uri.ts'

export type KeyUri =
  | { readonly $case: 'file'; readonly path: string }
  | { readonly $case: 'pkcs11'; readonly uri: Pkcs11Uri }
  | { readonly $case: 'exec'; readonly command: Command }
  | { readonly $case: 'ssh-agent'; readonly uri: AgentUri }
  | { readonly $case: 'connected'; readonly uri: ConnectedUri }

/** The program that is given a key URI. */
export interface KeyUriProgram {
  readonly name: string
  /** Present in the program that reaches keys behind a network. */
  readonly connectedKeys?: unknown
}

/** Two letters or more: one letter before a colon is a drive of another system. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/

/** The scheme of a key URI in lower case; `undefined` for the bare name of a file. */
export function keyScheme(text: string): string | undefined {
  return SCHEME.exec(text)?.[1]?.toLowerCase()
}

/**
 * Parses what `--key` is given.
 * @throws CantosignError `key-uri` for a scheme that the program does not take, `key-uri-invalid`
 */
export function parseKeyUri(text: string, program: KeyUriProgram): KeyUri {
  const scheme = keyScheme(text)
  switch (scheme) {
    case undefined:
      return { $case: 'file', path: text }
    case 'file': {
      const path = text.slice('file:'.length)
      if (path !== '') return { $case: 'file', path }
      throw new CantosignError(
        'key-uri-invalid',
        'the key URI file: names no file',
        'give --key file:PATH',
      )
    }
    case 'pkcs11':
      return { $case: 'pkcs11', uri: parsePkcs11Uri(text) }
    case 'exec':
      return { $case: 'exec', command: parseExecUri(text) }
    case 'ssh-agent':
      return { $case: 'ssh-agent', uri: parseAgentUri(text) }
    default:
      if (!isConnectedScheme(scheme)) {
        throw new CantosignError(
          'key-uri',
          `${program.name} takes no keys of the scheme ${scheme}:`,
          'give a key file, pkcs11:, exec: or ssh-agent:; a file whose name has a colon in it is given as file:NAME',
          { details: { scheme } },
        )
      }
      if (program.connectedKeys !== undefined) {
        return { $case: 'connected', uri: { scheme, text } }
      }
      throw new CantosignError(
        'key-uri',
        `${program.name} takes no keys of the scheme ${scheme}:, which are reached over a network`,
        'use cantosign-online, or carry what is to be signed to it as a package',
        { details: { scheme } },
      )
  }
}
