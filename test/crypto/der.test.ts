import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import {
  checkDer,
  derChildren,
  derInteger,
  encodeDer,
  encodeDerInteger,
  readDer,
} from '../../src/crypto/der.ts'
import { parseSubjectPublicKeyInfo } from '../../src/crypto/public-key.ts'
import { checkSignatureEncoding } from '../../src/crypto/signature.ts'
import { fromHex } from '../support/vectors.ts'

function refused(hex: string): boolean {
  try {
    checkDer(fromHex(hex))
    return false
  } catch (error) {
    if (error instanceof CantosignError && error.code === 'key-der') return true
    throw error
  }
}

describe('refuses', () => {
  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a length beyond the end', '3001'],
    ['an indefinite length', '30800000'],
    ['a long length for a short value', '308100'],
    ['a length with a leading zero', `30820080${'00'.repeat(128)}`],
    ['a length of five bytes', '308500000000010500'],
    ['a byte behind the end', '300000'],
    ['a tag of two bytes', '3f2000'],
    ['a child beyond its parent', '300302020101'],
    ['an integer without content', '0200'],
    ['a padded positive integer', '0202007f'],
    ['a padded negative integer', '0202ff80'],
    ['a NULL with content', '050100'],
    ['a boolean of 01', '010101'],
    ['a boolean of two bytes', '0102ffff'],
    ['an empty object identifier', '0600'],
    ['an object identifier that is cut', '06022b80'],
    ['an object identifier with a padded arc', '06042b800165'],
    ['33 structures inside each other', nested(33)],
    ['an integer longer than any of a key', `02821001${'01'.repeat(4097)}`],
    ['an object identifier longer than any', `068181${'01'.repeat(129)}`],
    ['more bytes than any key has', Buffer.from(nulls(64 * 1024)).toString('hex')],
  ])('%s', (_name, hex) => {
    expect(refused(hex)).toBe(true)
  })
})

/** Sound DER of more than so many bytes. */
const nulls = (length: number): Uint8Array =>
  encodeDer(0x30, ...Array.from({ length: length / 2 }, () => encodeDer(0x05)))

test('a public key is refused by its length before its structure is looked at', () => {
  expect(() => parseSubjectPublicKeyInfo(nulls(4096))).toThrow('where a key has 4096 at most')
})

function nested(depth: number): string {
  let der: Uint8Array = new Uint8Array()
  for (let i = 0; i <= depth; i++) der = encodeDer(0x30, der)
  return Buffer.from(der).toString('hex')
}

describe('takes', () => {
  test.each([
    ['an empty sequence', '3000'],
    ['zero', '020100'],
    ['a negative integer', '0201ff'],
    ['an integer with the sign byte it needs', '02020080'],
    ['booleans', '30060101000101ff'],
    ['an object identifier', '06032b6570'],
    ['32 structures inside each other', nested(32)],
    ['an integer of 4,096 bytes', `02821000${'01'.repeat(4096)}`],
    ['an object identifier of 128 bytes', `068180${'01'.repeat(128)}`],
    ['a length of two bytes', `308180${'0500'.repeat(64)}`],
  ])('%s', (_name, hex) => {
    expect(refused(hex)).toBe(false)
  })
})

property.prop([fc.bigInt({ min: 0n, max: 2n ** 200n })])(
  'integers as they are written',
  (value) => {
    const hex = value.toString(16)
    const der = encodeDerInteger(fromHex(hex.padStart(hex.length + (hex.length % 2), '0')))
    expect(derInteger(checkDer(der))).toBe(value)
  },
)

test('negative integers', () => {
  expect(derInteger(readDer(fromHex('0201ff')))).toBe(-1n)
  expect(derInteger(readDer(fromHex('0202ff7f')))).toBe(-129n)
})

property.prop([fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 })])(
  'children as they are put in',
  (contents) => {
    const der = encodeDer(0x30, ...contents.map((content) => encodeDer(0x04, content)))
    expect(derChildren(checkDer(der)).map(({ content }) => content)).toEqual(contents)
  },
)

test('an ECDSA signature of long numbers is none, before they are read', () => {
  for (const length of [140, 64 * 1024]) {
    const long = encodeDerInteger(new Uint8Array(length).fill(1))
    expect(checkSignatureEncoding('EC_P256', encodeDer(0x30, long, long))).toBe('bad-der-signature')
  }
})
