import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { encodePem, parsePem, pemLabel } from '../../src/crypto/pem.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const block = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ==\n-----END PRIVATE KEY-----\n'
const content = new Uint8Array(Buffer.from('MC4CAQAwBQ==', 'base64'))

function code(text: string): string {
  try {
    parsePem(bytes(text))
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'taken'
}

property.prop([fc.uint8Array({ minLength: 1, maxLength: 300 })])(
  'writes what the platform reads, and reads it back',
  (input) => {
    const pem = encodePem({ label: 'PUBLIC KEY', content: input })
    const [begin, ...rest] = new TextDecoder().decode(pem).split('\n')
    expect([begin, rest.at(-2), rest.at(-1)]).toEqual([
      '-----BEGIN PUBLIC KEY-----',
      '-----END PUBLIC KEY-----',
      '',
    ])
    const body = rest.slice(0, -2)
    expect(body.join('')).toBe(Buffer.from(input).toString('base64'))
    expect(body.slice(0, -1).every((line) => line.length === 64)).toBe(true)
    expect(parsePem(pem)).toEqual({ label: 'PUBLIC KEY', content: input })
  },
)

describe('takes', () => {
  test.each([
    ['a block', block],
    ['CRLF', block.replaceAll('\n', '\r\n')],
    ['text before it', `Bag Attributes\n    friendlyName: x\n${block}`],
    ['no newline at its end', block.trimEnd()],
    ['empty lines behind it', `${block}\n\r\n\n`],
    ['a body in short lines', block.replace('MC4C', 'MC\n4C')],
  ])('%s', (_name, text) => {
    expect(parsePem(bytes(text))).toEqual({ label: 'PRIVATE KEY', content })
  })
})

describe('refuses', () => {
  test.each([
    ['no block', 'key-pem', 'text'],
    ['nothing', 'key-pem', ''],
    ['a block that begins inside a line', 'key-pem', ` ${block}`],
    ['a missing END line', 'key-pem', block.split('-----END')[0] ?? ''],
    ['another label at the end', 'key-pem', block.replace('END PRIVATE', 'END PUBLIC')],
    ['text behind it', 'key-pem', `${block}x`],
    ['a space behind it', 'key-pem', `${block} \n`],
    ['two blocks', 'key-pem-several', block + block],
    ['two blocks with text between', 'key-pem-several', `${block}text\n${block}`],
    ['a block inside a block', 'key-pem', `-----BEGIN PRIVATE KEY-----\n${block}`],
    ['an empty body', 'key-pem', block.replace('MC4CAQAwBQ==\n', '')],
    ['an empty line in the body', 'key-pem', block.replace('MC4C', 'MC4C\n\n')],
    ['a character outside the alphabet', 'key-pem', block.replace('MC4C', 'MC4*')],
    ['the alphabet of URLs', 'key-pem', block.replace('MC4C', 'MC-_')],
    ['a space in the body', 'key-pem', block.replace('MC4C', 'MC 4C')],
    ['missing padding', 'key-pem', block.replace('==', '')],
    ['half of the padding', 'key-pem', block.replace('==', '=')],
    ['padding in the middle', 'key-pem', block.replace('MC4C', 'MC4=')],
    ['padding alone', 'key-pem', block.replace('MC4CAQAwBQ==', '====')],
    ['bits left over', 'key-pem', block.replace('BQ==', 'BR==')],
    ['a lone CR as a line end', 'key-pem', block.replaceAll('\n', '\r')],
    ['a header', 'key-pem', block.replace('MC4C', 'Comment: x\nMC4C')],
    ['spaces behind the dashes', 'key-pem', block.replace('KEY-----\n', 'KEY----- \n')],
    [
      'encryption by headers',
      'key-encryption',
      block.replace('MC4C', 'Proc-Type: 4,ENCRYPTED\nMC4C'),
    ],
    ['a zero byte in the label', 'key-pem', block.replaceAll('PRIVATE', 'PRIV\0TE')],
    ['a label in small letters', 'key-pem', block.replaceAll('PRIVATE KEY', 'private key')],
  ])('%s', (_name, expected, text) => {
    expect(code(text)).toBe(expected)
  })

  property.prop([fc.uint8Array({ maxLength: 200 })])(
    'any bytes without a fault of its own',
    (noise) => {
      const text = Buffer.from(noise).toString('latin1')
      for (const input of [text, block + text, block.replace('MC4C', text)]) {
        expect(code(input)).toMatch(/^(taken|key-pem|key-pem-several|key-encryption)$/)
      }
    },
  )
})

test('a label is known before the block is read', () => {
  expect(pemLabel(bytes('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n'))).toBe('PGP PUBLIC KEY BLOCK')
  expect(pemLabel(bytes('nothing'))).toBeUndefined()
})
