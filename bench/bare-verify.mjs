// The least that Node.js needs to verify signatures, as a yardstick: no reading of transactions, no
// hashing, no keys to look for. Takes a JSON file of [x of the key, message, signature], all base64url.
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const keys = new Map()
const keyOf = (x) => {
  if (!keys.has(x)) {
    keys.set(x, createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } }))
  }
  return keys.get(x)
}

for (const [x, message, signature] of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const [signed, made] = [message, signature].map((text) => Buffer.from(text, 'base64url'))
  verify(null, signed, keyOf(x), made, (error, valid) => {
    if (error !== null || !valid) throw error ?? new Error('a signature does not verify')
  })
}
