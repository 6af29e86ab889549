/**
 * PKCS#11 URIs (RFC 7512), as far as they name one key: which module, which token, which object.
 * What this tool does not use is refused, not skipped: a URI never means more than it seems to.
 */
import { concatBytes, decodeUtf8, equalBytes, utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { isUnsafeText } from '../../base/text.ts'

/** Attributes of a token; those that are absent match every token. */
export interface TokenAttributes {
  readonly token?: string
  readonly manufacturer?: string
  readonly model?: string
  readonly serial?: string
  readonly slotId?: bigint
}

export interface Pkcs11Uri extends TokenAttributes {
  /** CKA_LABEL. */
  readonly object?: string
  /** CKA_ID. */
  readonly id?: Uint8Array
  /** An absolute path of the module, which is a shared library. */
  readonly modulePath: string
  /** The file that holds the PIN. */
  readonly pinSource?: string
}

/** RFC 7512 section 2.3: pk11-pchar with what the path and the query allow besides. */
const PATH_VALUE = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&]|%[0-9A-Fa-f]{2})*$/
const QUERY_VALUE = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|]|%[0-9A-Fa-f]{2})*$/
const SLOT = /^[0-9]{1,20}$/

const TOKEN_FIELDS = ['token', 'manufacturer', 'model', 'serial'] as const
const PATH_ATTRIBUTES = [...TOKEN_FIELDS, 'object', 'id', 'slot-id', 'type'] as const
const QUERY_ATTRIBUTES = ['module-path', 'pin-source'] as const

const EXAMPLE =
  'give it as pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so'

/** Never with a value in it: one of them could be a PIN. */
function invalid(message: string, hint = EXAMPLE): CantosignError {
  return new CantosignError('key-uri-invalid', `the pkcs11: key URI ${message}`, hint)
}

/** Why an attribute of RFC 7512 is refused; others are not known at all. */
const REFUSED: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  'pin-value': [
    'holds a PIN (pin-value): by now the shell and the list of processes have seen it',
    'change the PIN; give it at the terminal, by pin-source=file:PATH or by --passphrase-file',
  ],
  'module-name': [
    'names a module by module-name, which would have to be searched for',
    'give its file: module-path=/usr/lib/softhsm/libsofthsm2.so',
  ],
}

function percentDecoded(text: string): Uint8Array {
  const parts = text.split(/(%[0-9A-Fa-f]{2})/).map((part) =>
    // The pattern leaves ASCII alone.
    /^%..$/.test(part) ? Uint8Array.of(Number.parseInt(part.slice(1), 16)) : utf8Bytes(part),
  )
  return concatBytes(...parts)
}

function textOf(name: string, value: Uint8Array): string {
  const text = decodeUtf8(value)
  if (text === undefined) throw invalid(`has a value of ${name} that is no UTF-8`)
  if (text === '') throw invalid(`has no value for ${name}`, `leave ${name} out, or give its value`)
  // A path with such a character would be opened up to it, a label shown as another one.
  if (isUnsafeText(text)) throw invalid(`has a control or format character in ${name}`)
  return text
}

/** The attributes of one part of the URI, each at most once. */
function attributes(
  text: string,
  separator: ';' | '&',
  known: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const result = new Map<string, Uint8Array>()
  if (text === '') return result
  const pattern = separator === ';' ? PATH_VALUE : QUERY_VALUE
  for (const part of text.split(separator)) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0))
    const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
    if (refused !== undefined) throw invalid(...refused)
    if (!known.includes(name)) {
      // The name is repeated only if it is one: text without = could be anything.
      const shown = /^[a-z-]{1,30}$/.test(name) ? `the attribute ${name}` : 'something'
      throw invalid(
        `holds ${shown} that is not used here`,
        `used are ${known.join(', ')}${separator === ';' ? '; module-path and pin-source stand behind a ?' : ''}`,
      )
    }
    if (result.has(name)) throw invalid(`has ${name} twice`, 'which of them is meant is not clear')
    const value = part.slice(equals + 1)
    if (!pattern.test(value)) {
      throw invalid(
        `has a character in ${name} that stands for itself only as %XX`,
        'write it by its bytes in hex, e.g. a space as %20 and a semicolon as %3B',
      )
    }
    result.set(name, percentDecoded(value))
  }
  return result
}

function absolutePath(path: string): string {
  if (path.startsWith('/') && !path.startsWith('//')) return path
  throw invalid(
    'has a module-path that is no absolute path',
    'begin it with a single slash: the search for a library could find another one',
  )
}

function pinSourcePath(value: string): string {
  if (value.startsWith('|')) {
    throw invalid(
      'takes its PIN from a command (pin-source=|…), which is not done here',
      'give the PIN at the terminal, by pin-source=file:PATH or by --passphrase-fd N',
    )
  }
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(value)?.[0]
  if (scheme !== undefined && scheme !== 'file:') {
    throw invalid('has a pin-source that is no file', 'give pin-source=file:/PATH')
  }
  const path = value.slice(scheme?.length ?? 0).replace(/^\/\/(?=\/)/, '')
  if (path !== '' && !path.startsWith('//')) return path
  throw invalid('has a pin-source on a host, or none', 'give pin-source=file:/PATH')
}

function slotNumber(text: string): bigint {
  if (SLOT.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  throw invalid('has a slot-id that is no decimal number')
}

/**
 * Parses a URI that begins `pkcs11:`.
 * @throws CantosignError `key-uri-invalid`; its message repeats no value of the URI
 */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  const rest = uri.slice('pkcs11:'.length)
  const question = rest.indexOf('?')
  const path = question === -1 ? rest : rest.slice(0, question)
  const query = question === -1 ? '' : rest.slice(question + 1)
  const inPath = attributes(path, ';', PATH_ATTRIBUTES)
  const inQuery = attributes(query, '&', QUERY_ATTRIBUTES)
  const text = (name: string): string | undefined => {
    const value = inPath.get(name) ?? inQuery.get(name)
    return value === undefined ? undefined : textOf(name, value)
  }
  const type = text('type')
  if (type !== undefined && type !== 'private') {
    throw invalid('names an object that is no private key', 'leave out type, or give type=private')
  }
  const modulePath = text('module-path')
  if (modulePath === undefined) {
    throw invalid('does not say which module reaches the token', EXAMPLE)
  }
  const id = inPath.get('id')
  if (id?.length === 0) throw invalid('has no value for id', 'leave id out, or give its bytes')
  const slotId = text('slot-id')
  const object = text('object')
  const pinSource = text('pin-source')
  const token = Object.fromEntries(
    TOKEN_FIELDS.flatMap((name) => {
      const value = text(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return {
    ...token,
    modulePath: absolutePath(modulePath),
    ...(slotId === undefined ? {} : { slotId: slotNumber(slotId) }),
    ...(object === undefined ? {} : { object }),
    ...(id === undefined ? {} : { id }),
    ...(pinSource === undefined ? {} : { pinSource: pinSourcePath(pinSource) }),
  }
}

/** Every byte but the unreserved ones of RFC 3986 as %XX. */
function percentEncoded(value: string | Uint8Array): string {
  let text = ''
  for (const byte of typeof value === 'string' ? utf8Bytes(value) : value) {
    const character = String.fromCharCode(byte)
    const plain = typeof value === 'string' && /^[A-Za-z0-9\-._~]$/.test(character)
    text += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

/** The URI of a key on a token, without a PIN source; `parsePkcs11Uri` reads it. */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const path = [
    ...TOKEN_FIELDS.map((name) => [name, uri[name]] as const),
    ['slot-id', uri.slotId?.toString()] as const,
    ['id', uri.id] as const,
    ['object', uri.object] as const,
  ].flatMap(([name, value]) =>
    value === undefined || value.length === 0 ? [] : [`${name}=${percentEncoded(value)}`],
  )
  const module = percentEncoded(uri.modulePath).replaceAll('%2F', '/')
  return `pkcs11:${path.join(';')}?module-path=${module}`
}

/** True if the object has the label and the id that the URI names. */
export function matchesObject(
  uri: Pick<Pkcs11Uri, 'object' | 'id'>,
  found: { readonly label: string; readonly id: Uint8Array },
): boolean {
  return (
    (uri.object === undefined || uri.object === found.label) &&
    (uri.id === undefined || equalBytes(uri.id, found.id))
  )
}
