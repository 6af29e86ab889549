/** Which container a key file is, by its content; what this tool does not read is refused by name. */
import { decodeUtf8, equalBytes } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { checkDer, derChildren, DerTag, readDer, type DerElement } from '../crypto/der.ts'
import { certificateKeyName } from '../crypto/encrypted-key.ts'
import { keySpecRows } from '../crypto/key-spec.ts'
import { parsePemKey, pemLabel } from '../crypto/pem.ts'
import { looksLikePrivateKeyInfo } from '../crypto/private-key.ts'
import { publicKeyFromRaw, type PublicKey } from '../crypto/public-key.ts'
import { readCantonKey, type CantonKey } from './canton-key.ts'

/** Containers of DER, by the names of their standards. */
export type DerContainer =
  'PrivateKeyInfo' | 'EncryptedPrivateKeyInfo' | 'ECPrivateKey' | 'SubjectPublicKeyInfo'

export type KeyContainer =
  | {
      readonly $case: DerContainer
      readonly encoding: 'DER' | 'PEM'
      /** In a buffer of its own; who asked for it wipes it. */
      readonly der: Uint8Array
    }
  | { readonly $case: 'raw'; readonly key: PublicKey; readonly compressed: boolean }
  | { readonly $case: 'canton'; readonly key: CantonKey }

const PEM_LABELS: Readonly<Record<string, DerContainer>> = {
  'PRIVATE KEY': 'PrivateKeyInfo',
  'ENCRYPTED PRIVATE KEY': 'EncryptedPrivateKeyInfo',
  'EC PRIVATE KEY': 'ECPrivateKey',
  'PUBLIC KEY': 'SubjectPublicKeyInfo',
}

/** Labels of what is not read, each with its refusal. */
const FOREIGN_LABELS: Readonly<Record<string, () => CantosignError>> = {
  'RSA PRIVATE KEY': () => foreignAlgorithm('an RSA private key'),
  'RSA PUBLIC KEY': () => foreignAlgorithm('an RSA public key'),
  'DSA PRIVATE KEY': () => foreignAlgorithm('a DSA private key'),
  'OPENSSH PRIVATE KEY': () =>
    unsupported(
      'a private key of OpenSSH',
      'write a copy as PKCS#8 with ssh-keygen -p -m PKCS8 -f COPY, which does so for EC keys only',
    ),
  'SSH2 PUBLIC KEY': () => sshPublicKey(),
  'PGP PRIVATE KEY BLOCK': () => openPgp('private'),
  'PGP PUBLIC KEY BLOCK': () => openPgp('public'),
  PKCS7: () => unsupported('a PKCS#7 bundle', 'take the key out of it with openssl pkcs7'),
}

function sshPublicKey(): CantosignError {
  return unsupported(
    'a public key of SSH',
    'write it as PEM with ssh-keygen -e -m PKCS8 -f FILE, which does so for EC keys only',
  )
}

function openPgp(half: 'private' | 'public'): CantosignError {
  return unsupported(`a ${half} key of OpenPGP`, 'make a key of its own for Canton: key generate')
}

function foreignAlgorithm(what: string): CantosignError {
  return new CantosignError(
    'key-algorithm',
    `the file holds ${what}`,
    'Canton signs with Ed25519, P-256, P-384 and secp256k1',
  )
}

function unsupported(what: string, hint: string): CantosignError {
  return new CantosignError('key-container-unsupported', `the file holds ${what}`, hint)
}

function certificate(what: string, hint: string): CantosignError {
  return new CantosignError('key-certificate', `the file holds ${what}, not a key`, hint)
}

function notAKey(message: string, hint: string): CantosignError {
  return new CantosignError('key-not-a-key', message, hint)
}

const KNOWN_KEYS =
  'keys come as PKCS#8, SEC1 or SubjectPublicKeyInfo in DER or PEM, as raw public keys, or in Canton’s own files'

const tags = (elements: readonly DerElement[]): readonly number[] => elements.map(({ tag }) => tag)

function hasShape(elements: readonly DerElement[], ...shape: readonly number[]): boolean {
  return elements.length === shape.length && shape.every((tag, i) => elements[i]?.tag === tag)
}

/** What the top level of a structure shows. */
function identifyDer(der: Uint8Array): DerContainer {
  const { sequence, integer, octetString, bitString, objectIdentifier } = DerTag
  const outer = checkDer(der)
  const children = outer.tag === sequence ? derChildren(outer) : []
  if (looksLikePrivateKeyInfo(children)) return 'PrivateKeyInfo'
  if (children[0]?.tag === integer && children[1]?.tag === octetString) return 'ECPrivateKey'
  if (hasShape(children, sequence, octetString)) return 'EncryptedPrivateKeyInfo'
  if (hasShape(children, sequence, bitString)) return 'SubjectPublicKeyInfo'
  if (hasShape(children, sequence, sequence, bitString)) throw namedCertificate(der)
  const integers = children.length > 0 && tags(children).every((tag) => tag === integer)
  if (integers && children.length === 9) throw foreignAlgorithm('an RSA private key (PKCS#1)')
  if (integers && children.length === 6) throw foreignAlgorithm('a DSA private key')
  if (integers && children.length === 2) {
    throw notAKey('the file holds two numbers: an ECDSA signature or an RSA public key', KNOWN_KEYS)
  }
  if (children[0]?.tag === integer && children[1]?.tag === sequence) {
    throw unsupported(
      'a PKCS#12 bundle',
      'take the key out of it: openssl pkcs12 -in FILE -nocerts -out NEW',
    )
  }
  if (children[0]?.tag === objectIdentifier) {
    throw unsupported('a PKCS#7 structure', 'take the key out of it with openssl')
  }
  throw notAKey('the file holds sound DER that is no key container', KNOWN_KEYS)
}

function namedCertificate(der: Uint8Array): CantosignError {
  const name = certificateKeyName(der)
  return name === undefined
    ? certificate(
        'a certificate or a request for one',
        'take the public key out of it with openssl x509 or openssl req, with -pubkey -noout',
      )
    : certificate(
        `an X.509 certificate of a key of ${name}`,
        'take the public key out of it: openssl x509 -in FILE -pubkey -noout',
      )
}

function identifyPem(bytes: Uint8Array, armour: string): KeyContainer {
  // By the label alone: other programs have armour of their own that is not RFC 7468.
  const foreign = FOREIGN_LABELS[armour]
  if (foreign !== undefined) throw foreign()
  const { label, content, parameters } = parsePemKey(bytes)
  try {
    const $case = identifyDer(content)
    if (PEM_LABELS[label] !== $case) {
      throw new CantosignError(
        'key-pem',
        `the PEM block is labelled ${label} and holds a ${$case}`,
        'get the key again from its source: label and content must agree',
        { details: { label, content: $case } },
      )
    }
    if (parameters !== undefined) requireSameCurve(parameters, content)
    return { $case, encoding: 'PEM', der: content }
  } catch (error) {
    content.fill(0)
    throw error
  }
}

/** `[0]` of an ECPrivateKey (RFC 5915). */
const CURVE_OF_KEY = 0xa0

/** @throws CantosignError `key-parameters` unless the key itself names the curve of the block before it */
function requireSameCurve(parameters: Uint8Array, key: Uint8Array): void {
  const own = derChildren(readDer(key)).find(({ tag }) => tag === CURVE_OF_KEY)
  if (own !== undefined && equalBytes(own.content, parameters)) return
  throw new CantosignError(
    'key-parameters',
    'the block EC PARAMETERS before the key does not name the curve that the key itself names',
    'get the key again from its source: which curve is right cannot be guessed',
  )
}

/** A point of one of the curves with this length, or 32 bytes of Ed25519. */
function readRaw(bytes: Uint8Array): KeyContainer | undefined {
  const [first] = bytes
  const fitting = keySpecRows().filter(({ order, length }) => {
    if (order === undefined) return bytes.length === length
    const compressed = first === 0x02 || first === 0x03
    return bytes.length === (compressed ? 1 + length : first === 0x04 ? 1 + 2 * length : -1)
  })
  const keys: PublicKey[] = []
  let problem: CantosignError | undefined
  for (const { keySpec } of fitting) {
    try {
      keys.push(publicKeyFromRaw(keySpec, bytes))
    } catch (error) {
      if (!(error instanceof CantosignError)) throw error
      problem = error
    }
  }
  const [key, second] = keys
  if (key === undefined) {
    if (problem !== undefined) throw problem
    return undefined
  }
  if (second !== undefined) {
    throw new CantosignError(
      'key-ambiguous',
      `the ${bytes.length} raw bytes are a point of ${key.keySpec} and of ${second.keySpec}`,
      'give the key as SubjectPublicKeyInfo, which names its curve',
    )
  }
  return { $case: 'raw', key, compressed: first !== 0x04 && key.keySpec !== 'EC_CURVE25519' }
}

/** Tab, line ends and the visible characters of ASCII. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every(
    (byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127),
  )
}

/** Text without armour: what it seems to be, without repeating any of it. */
function describeText(text: string): CantosignError {
  if (/^\s*[{[]/.test(text)) {
    return /"kty"/.test(text)
      ? unsupported('a JSON Web Key', 'write it as PKCS#8 or SubjectPublicKeyInfo')
      : notAKey('the file holds JSON that is no key', KNOWN_KEYS)
  }
  if (/^(ssh-|ecdsa-sha2-|sk-)/.test(text)) return sshPublicKey()
  if (text.startsWith('PuTTY-User-Key-File')) {
    return unsupported(
      'a private key of PuTTY',
      'write it as PKCS#8 with the program it comes from',
    )
  }
  // No two neighbours of the pattern take the same character: its time is that of one reading.
  if (/^\s*(0x)?[0-9a-fA-F][0-9a-fA-F\s]*$/.test(text)) {
    return notAKey(
      'the file holds hexadecimal text: perhaps the bare secret of a key',
      'bare secrets are not read: make a PKCS#8 file of it with the program it comes from',
    )
  }
  if (/^\s*M[A-Za-z0-9+/=\s]+$/.test(text)) {
    return notAKey(
      'the file holds base64 without the BEGIN and END lines of PEM',
      'decode it: base64 -d FILE > NEW, or put back the lines that were cut off',
    )
  }
  return notAKey('the file holds text that is no key', KNOWN_KEYS)
}

/** @throws CantosignError `key-pem` for text in an encoding that has no place in PEM */
function refuseMarks([first, second, third]: Uint8Array): void {
  const utf8 = first === 0xef && second === 0xbb && third === 0xbf
  const utf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (!utf8 && !utf16) return
  throw new CantosignError(
    'key-pem',
    `the file begins with a byte order mark (${utf8 ? 'UTF-8' : 'UTF-16'}), as editors of text write it`,
    'save it as plain ASCII text',
  )
}

/**
 * Identifies a key file.
 * @throws CantosignError `file-empty`, `key-der`, `key-pem`, `key-pem-several`, `key-algorithm`,
 * `key-certificate`, `key-container-unsupported`, `key-ambiguous`, `key-point`, `key-weak`,
 * `key-not-a-key`, `key-encryption` for PEM headers, `key-parameters` for two that differ
 */
export function identifyKey(bytes: Uint8Array): KeyContainer {
  if (bytes.length === 0) {
    throw new CantosignError('file-empty', 'the key file is empty', 'check how the file was copied')
  }
  const armour = pemLabel(bytes)
  if (armour !== undefined) return identifyPem(bytes, armour)
  if (isText(bytes)) throw describeText(decodeUtf8(bytes) ?? '')
  // Before DER: 32 bytes of a key may begin with the tag of a SEQUENCE, and no key in DER is so short.
  const raw = readRaw(bytes)
  if (raw !== undefined) return raw
  if (bytes[0] === DerTag.sequence) {
    const der = bytes.slice()
    try {
      return { $case: identifyDer(der), encoding: 'DER', der }
    } catch (error) {
      der.fill(0)
      throw error
    }
  }
  const key = readCantonKey(bytes)
  if (key !== undefined) return { $case: 'canton', key }
  refuseMarks(bytes)
  throw notAKey('the file holds no key container that this tool knows', KNOWN_KEYS)
}
