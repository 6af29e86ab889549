/** Key URIs: what they mean, and that nothing unclear is taken. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { fillWords, parseExecUri } from '../../src/signer/exec/command.ts'
import { keyScheme, parseKeyUri } from '../../src/signer/key-uri.ts'
import { keySpecOfParameters, rawPoint } from '../../src/signer/pkcs11/objects.ts'
import { formatPkcs11Uri, parsePkcs11Uri } from '../../src/signer/pkcs11/uri.ts'
import { formatAgentUri, parseAgentUri } from '../../src/signer/ssh-agent/uri.ts'
import { keyVector } from '../support/keys.ts'
import { fromHex } from '../support/vectors.ts'

const PROGRAM = { name: 'cantosign' }
const MODULE = 'module-path=/usr/lib/module.so'

function refusal(parse: () => unknown): CantosignError {
  try {
    parse()
  } catch (error) {
    if (error instanceof CantosignError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('schemes', () => {
  test.each([
    ['key.der', undefined],
    ['C:\\key.der', undefined],
    ['file:key.der', 'file'],
    ['PKCS11:token=x', 'pkcs11'],
    ['awskms:///x', 'awskms'],
  ])('%s', (text, scheme) => {
    expect(keyScheme(text)).toBe(scheme)
  })

  test.each([
    ['file:', 'key-uri-invalid'],
    ['pkcs11:', 'key-uri-invalid'],
    ['exec:', 'key-uri-invalid'],
    ['ssh-agent:x', 'key-uri-invalid'],
    ['awskms:///x', 'key-uri'],
    ['https://host/key', 'key-uri'],
    ['constructor:x', 'key-uri'],
  ])('%s is refused: %s', (text, code) => {
    expect(refusal(() => parseKeyUri(text, PROGRAM)).code).toBe(code)
  })

  test('a file is a file', () => {
    expect(parseKeyUri('file:a:b', PROGRAM)).toEqual({ $case: 'file', path: 'a:b' })
    expect(parseKeyUri('key', PROGRAM)).toEqual({ $case: 'file', path: 'key' })
  })
})

describe('pkcs11:', () => {
  test('every attribute', () => {
    const path =
      'token=The%20Software%20PKCS%2311;manufacturer=Snake%20Oil%2C%20Inc.;model=1.0;serial=0d;slot-id=327;object=my:key@1;id=%69%95%00;type=private'
    expect(parsePkcs11Uri(`pkcs11:${path}?${MODULE}&pin-source=file:/etc/pin`)).toEqual({
      token: 'The Software PKCS#11',
      manufacturer: 'Snake Oil, Inc.',
      model: '1.0',
      serial: '0d',
      slotId: 327n,
      object: 'my:key@1',
      id: Uint8Array.of(0x69, 0x95, 0),
      modulePath: '/usr/lib/module.so',
      pinSource: '/etc/pin',
    })
  })

  test.each([
    ['/etc/pin', '/etc/pin'],
    ['file:/etc/pin', '/etc/pin'],
    ['file:///etc/pin', '/etc/pin'],
    ['file:pin%20file', 'pin file'],
  ])('pin-source=%s', (source, path) => {
    expect(parsePkcs11Uri(`pkcs11:?${MODULE}&pin-source=${source}`).pinSource).toBe(path)
  })

  test.each([
    ['no module', 'pkcs11:token=x'],
    ['a module by name', 'pkcs11:token=x?module-name=softhsm2'],
    ['a module by name beside its path', `pkcs11:token=x?${MODULE}&module-name=softhsm2`],
    ['a relative module', 'pkcs11:?module-path=libsofthsm2.so'],
    ['a module that begins with two slashes', 'pkcs11:?module-path=//host/module.so'],
    ['a module with a NUL', 'pkcs11:?module-path=/lib/a%00.so'],
    ['an empty module', 'pkcs11:?module-path='],
    ['a PIN', `pkcs11:token=x?pin-value=1234&${MODULE}`],
    ['a PIN in the path', `pkcs11:pin-value=1234?${MODULE}`],
    ['a PIN from a command', `pkcs11:?${MODULE}&pin-source=|cat%20pin`],
    ['a PIN from elsewhere', `pkcs11:?${MODULE}&pin-source=https://host/pin`],
    ['a PIN from a host', `pkcs11:?${MODULE}&pin-source=file://host/pin`],
    ['a PIN from nowhere', `pkcs11:?${MODULE}&pin-source=file:`],
    ['an attribute twice', `pkcs11:token=x;token=y?${MODULE}`],
    ['a module twice', `pkcs11:?${MODULE}&${MODULE}`],
    ['an attribute of the vendor', `pkcs11:x-vendor=1?${MODULE}`],
    ['an attribute that is not used here', `pkcs11:library-version=1?${MODULE}`],
    ['an attribute of objects', `pkcs11:__proto__=1?${MODULE}`],
    ['an attribute in the wrong part', `pkcs11:?${MODULE}&token=x`],
    ['a module in the wrong part', `pkcs11:${MODULE}`],
    ['no attribute', `pkcs11:token?${MODULE}`],
    ['an empty attribute', `pkcs11:token=x;?${MODULE}`],
    ['an empty label', `pkcs11:token=?${MODULE}`],
    ['an empty id', `pkcs11:id=?${MODULE}`],
    ['a public key', `pkcs11:type=public?${MODULE}`],
    ['a certificate', `pkcs11:type=cert?${MODULE}`],
    ['a slot that is no number', `pkcs11:slot-id=0x1?${MODULE}`],
    ['a slot that is too large', `pkcs11:slot-id=18446744073709551616?${MODULE}`],
    ['a bare space', `pkcs11:token=a b?${MODULE}`],
    ['a bare slash in the path', `pkcs11:token=a/b?${MODULE}`],
    ['a percent sign alone', `pkcs11:token=a%2?${MODULE}`],
    ['a percent sign before no hex', `pkcs11:token=a%zz?${MODULE}`],
    ['no UTF-8', `pkcs11:token=%ff?${MODULE}`],
    ['a line break in a label', `pkcs11:token=a%0Ab?${MODULE}`],
    ['a bidirectional override in a label', `pkcs11:object=%E2%80%AEx?${MODULE}`],
    ['a fragment', `pkcs11:token=a#b?${MODULE}`],
  ])('%s is refused', (_what, uri) => {
    const { code, message, hint } = refusal(() => parsePkcs11Uri(uri))
    expect(code).toBe('key-uri-invalid')
    expect(message + hint).not.toContain('1234')
  })

  // What shows as nothing, such as U+3164, is refused like controls are.
  const label = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(text))
  property.prop([
    fc.record(
      {
        token: label,
        manufacturer: label,
        model: label,
        serial: label,
        object: label,
        id: fc.uint8Array({ minLength: 1, maxLength: 20 }),
        slotId: fc.bigInt(0n, 2n ** 64n - 1n),
      },
      { requiredKeys: [] },
    ),
  ])('what is formatted parses to the same', (attributes) => {
    const uri = { ...attributes, modulePath: '/usr/lib/a module/né.so' }
    expect(parsePkcs11Uri(formatPkcs11Uri(uri))).toEqual(uri)
  })

  property.prop([fc.string({ maxLength: 60 })])(
    'any text is read or refused with a code',
    (text) => {
      try {
        parsePkcs11Uri(`pkcs11:${text}`)
      } catch (error) {
        expect(error).toBeInstanceOf(CantosignError)
      }
    },
  )
})

describe('what a token tells of a key', () => {
  test.each([
    ['id-Ed25519', '06032b6570', 'EC_CURVE25519'],
    ['edwards25519 as a text', '130c656477617264733235353139', 'EC_CURVE25519'],
    ['the older identifier of Ed25519', '06092b06010401da470f01', 'EC_CURVE25519'],
    ['P-256', '06082a8648ce3d030107', 'EC_P256'],
    ['P-384', '06052b81040022', 'EC_P384'],
    ['secp256k1', '06052b8104000a', 'EC_SECP256K1'],
    ['P-521', '06052b81040023', undefined],
    ['Ed448', '06032b6571', undefined],
    ['X25519', '06032b656e', undefined],
    ['edwards448 as a text', '130a65647761726473343438', undefined],
    ['P-256 with a byte behind it', '06082a8648ce3d03010700', undefined],
    ['explicit parameters', '3003020101', undefined],
    ['nothing', '', undefined],
  ])('CKA_EC_PARAMS: %s', (_what, hex, keySpec) => {
    expect(keySpecOfParameters(fromHex(hex))).toBe(keySpec)
  })

  const point = {
    EC_CURVE25519: keyVector('ed25519-a').spki_hex.slice(-64),
    EC_P256: keyVector('p256-a').spki_hex.slice(-130),
    EC_P384: keyVector('p384-a').spki_hex.slice(-194),
  } as const
  test.each([
    ['EC_CURVE25519', '', '0420', '032100'],
    ['EC_P256', '', '0441', '034200'],
    ['EC_P384', '', '0461', '036200'],
  ] as const)(
    'CKA_EC_POINT of %s: bare, in an OCTET STRING, in a BIT STRING',
    (keySpec, ...heads) => {
      for (const head of heads) {
        const raw = rawPoint(keySpec, fromHex(head + point[keySpec]))
        expect(raw === undefined ? undefined : toHex(raw)).toBe(point[keySpec])
      }
    },
  )

  test.each([
    ['EC_CURVE25519', ''],
    ['EC_CURVE25519', point.EC_CURVE25519.slice(2)],
    ['EC_CURVE25519', `041f${point.EC_CURVE25519}`],
    ['EC_CURVE25519', `0420${point.EC_CURVE25519}00`],
    ['EC_CURVE25519', `032101${point.EC_CURVE25519}`],
    ['EC_CURVE25519', `3020${point.EC_CURVE25519}`],
    ['EC_P256', point.EC_P384],
    ['EC_P256', `03${point.EC_P256.slice(2, 66)}`],
    ['EC_P256', `044104${point.EC_P256}`],
  ] as const)('CKA_EC_POINT of %s that is none: %s', (keySpec, hex) => {
    expect(rawPoint(keySpec, fromHex(hex))).toBeUndefined()
  })
})

describe('exec:', () => {
  const files = { msgfile: '/m', sigfile: '/s' }
  test.each([
    ['tool', ['tool']],
    ['tool  a   b ', ['tool', 'a', 'b']],
    ['tool \'a b\' "c d" e\\ f', ['tool', 'a b', 'c d', 'e f']],
    ['tool a\'b\'"c"d', ['tool', 'abcd']],
    ['tool \'\' ""', ['tool', '', '']],
    ["tool '$HOME|&;<>(){}*?~`\\'", ['tool', '$HOME|&;<>(){}*?~`\\']],
    ['tool "a\\"b\\\\c\\d"', ['tool', 'a"b\\c\\d']],
    ['tool \\| \\$x \\{msgfile}', undefined],
    ['tool -in {msgfile} -out={sigfile}', ['tool', '-in', '/m', '-out=/s']],
    ['tool "{msgfile}.txt" \'{msgfile}\'', ['tool', '/m.txt', '{msgfile}']],
    ['"/opt/my tools/sign" x', ['/opt/my tools/sign', 'x']],
    ['tool a=b,c:d/e@f%g+h-i_j.k^l', ['tool', 'a=b,c:d/e@f%g+h-i_j.k^l']],
  ])('%s', (text, words) => {
    if (words === undefined) expect(() => parseExecUri(`exec:${text}`)).toThrow(CantosignError)
    else expect(fillWords(parseExecUri(`exec:${text}`), files)).toEqual(words)
  })

  test('a signature comes from {sigfile} if it is named', () => {
    expect(parseExecUri('exec:tool {msgfile} {sigfile}').writesFile).toBe(true)
    expect(parseExecUri("exec:tool '{sigfile}'").writesFile).toBe(false)
  })

  test.each([
    ['no program', ''],
    ['spaces alone', '   '],
    ['an empty program', "'' x"],
    ['a file as the program', '{msgfile} x'],
    ['an open single quote', "tool 'a"],
    ['an open double quote', 'tool "a'],
    ['a backslash at the end', 'tool a\\'],
    ['a pipe', 'tool | base64'],
    ['two commands', 'tool; rm x'],
    ['a second command', 'tool && rm x'],
    ['output into a file', 'tool > x'],
    ['input from a file', 'tool < x'],
    ['a variable', 'tool $HOME'],
    ['a variable in double quotes', 'tool "$HOME"'],
    ['a command in a command', 'tool $(id)'],
    ['an older command in a command', 'tool `id`'],
    ['that in double quotes', 'tool "`id`"'],
    ['a pattern', 'tool *.der'],
    ['a home directory', 'tool ~/key'],
    ['another placeholder', 'tool {keyfile}'],
    ['a placeholder that is misspelt', 'tool {msgFile}'],
    ['a brace', 'tool a}'],
    ['a line break', 'tool a\nb'],
    ['a tab', 'tool a\tb'],
    ['a NUL', 'tool a\0b'],
    ['a bidirectional override', 'tool \u202ea'],
  ])('%s is refused', (_what, text) => {
    expect(refusal(() => parseExecUri(`exec:${text}`)).code).toBe('key-uri-invalid')
  })

  property.prop([fc.array(fc.stringMatching(/^[ -~]{0,10}$/), { minLength: 1, maxLength: 5 })])(
    'words between single quotes come out as they are',
    (words) => {
      const quoted = ['tool', ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      const command = parseExecUri(`exec:${quoted.join(' ')}`)
      expect(fillWords(command, files)).toEqual(['tool', ...words])
    },
  )
})

describe('ssh-agent:', () => {
  const canton = keyVector('ed25519-a').fingerprint
  const ssh = 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDfrnTYVYcHbGu2Nk0'
  test('names a key in two ways, and a socket', () => {
    expect(parseAgentUri(`ssh-agent:${canton}`)).toEqual({
      key: { $case: 'canton', fingerprint: canton },
      socket: undefined,
    })
    expect(parseAgentUri(`ssh-agent:${ssh}?socket=/run/agent`)).toEqual({
      key: { $case: 'ssh', sha256: ssh.slice(7) },
      socket: '/run/agent',
    })
    expect(parseAgentUri('ssh-agent:')).toEqual({ key: undefined, socket: undefined })
  })

  test('what is formatted parses to the same', () => {
    const { key, socket } = parseAgentUri(`ssh-agent:${canton}?socket=/run/a?b`)
    if (key?.$case !== 'canton') throw new Error('the key was not named')
    expect(parseAgentUri(formatAgentUri(key.fingerprint, socket))).toEqual({ key, socket })
  })

  test.each([
    ['a short fingerprint', canton.slice(0, 40)],
    ['upper case', canton.toUpperCase()],
    ['MD5', 'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48'],
    ['padding', `${ssh}=`],
    ['bits that are left over', `${ssh.slice(0, -1)}l`],
    ['a comment', 'root@host'],
    ['a host', `${canton}?socket=host:22`],
    ['a relative socket', `${canton}?socket=agent.sock`],
    ['an abstract socket', `${canton}?socket=\0agent`],
    ['no socket', `${canton}?socket=`],
    ['something else', `${canton}?path=/run/agent`],
    ['nothing behind the question mark', `${canton}?`],
  ])('%s is refused', (_what, rest) => {
    expect(refusal(() => parseAgentUri(`ssh-agent:${rest}`)).code).toBe('key-uri-invalid')
  })
})
