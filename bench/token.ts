/** Signatures by a key on a SoftHSM2 token: many in one session here, one a process with pkcs11-tool. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8Bytes } from '../src/base/bytes.ts'
import { openPkcs11Signer } from '../src/signer/pkcs11/driver.ts'
import { parsePkcs11Uri } from '../src/signer/pkcs11/uri.ts'
import { hasSoftHsm, makeSoftHsm, softHsmModule, TOKEN_PIN } from '../test/support/softhsm.ts'

export interface TokenFigures {
  /** Milliseconds a signature, verified, in a run of so many. */
  readonly ours: number
  readonly signatures: number
  /** Milliseconds a signature with pkcs11-tool, which logs in for each. */
  readonly tool: number
}

const SIGNATURES = 1000
const TOOL_ROUNDS = 20

/** @returns `undefined` where there is no SoftHSM2 */
export async function measureToken(message: Uint8Array): Promise<TokenFigures | undefined> {
  if (!hasSoftHsm) return undefined
  const hsm = makeSoftHsm()
  try {
    hsm.use()
    hsm.initToken('bench')
    hsm.generate('bench', 'key', '01', 'edwards25519')
    const signer = await openPkcs11Signer(parsePkcs11Uri(hsm.uri('token=bench;object=key')), {
      pin: () => utf8Bytes(TOKEN_PIN),
    })
    const start = performance.now()
    for (let i = 0; i < SIGNATURES; i++) await signer.sign({ message })
    const ours = (performance.now() - start) / SIGNATURES
    signer.close()

    const input = join(hsm.directory, 'message')
    writeFileSync(input, message)
    const args = [
      ...['--module', softHsmModule, '--token-label', 'bench', '--login', '--pin', TOKEN_PIN],
      ...['--sign', '--mechanism', 'EDDSA', '--id', '01', '--input-file', input],
      ...['--output-file', join(hsm.directory, 'signature')],
    ]
    const from = performance.now()
    for (let i = 0; i < TOOL_ROUNDS; i++) execFileSync('pkcs11-tool', args, { stdio: 'pipe' })
    const tool = (performance.now() - from) / TOOL_ROUNDS
    return { ours, signatures: SIGNATURES, tool }
  } finally {
    hsm.remove()
  }
}
