/** No secret in any output of the whole test run. */
import { describe, expect, test } from 'vitest'
import { formsOf, recordedOutput, recordedSecrets } from '../cli/support/record.ts'

describe('the output of every program of this test run', () => {
  test('holds no passphrase, scalar or seed: raw, hex or base64', () => {
    const output = recordedOutput()
    const secrets = recordedSecrets()
    expect(output.length, 'output was recorded').toBeGreaterThan(0)
    expect(secrets.length, 'secrets were recorded').toBeGreaterThan(0)
    const shown = secrets.filter((secret) => formsOf(secret).some((form) => output.includes(form)))
    expect(shown.length, 'secrets found in the output').toBe(0)
  })

  test('would find a secret in each of its forms, wherever base64 happens to cut it', () => {
    const secret = Buffer.from(
      '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210',
      'hex',
    )
    for (let before = 0; before < 6; before++) {
      const around = Buffer.concat([Buffer.alloc(before, 0x5a), secret, Buffer.alloc(7, 0xa5)])
      for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        const text = Buffer.from(around.toString(encoding), 'latin1')
        expect(formsOf(secret).some((form) => text.includes(form))).toBe(true)
      }
    }
  })
})
