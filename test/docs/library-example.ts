import {
  addSignature,
  buildSpec,
  createPackage,
  exportCertificates,
  judgePackage,
  needsOf,
  openSpec,
  packageEntries,
  packageState,
  readPackage,
  readSpec,
  requireExpectation,
  signingMessage,
  writePackage,
  type ExportedFile,
  type KeyFiles,
} from '../../src/index.ts'
import { openFileSigner } from '../../src/signer/file.ts'

/** What a spec says, as a signing package. */
export function makePackage(spec: string, keyFiles: KeyFiles): Uint8Array {
  const { transactions } = readSpec(openSpec(spec, 'spec.yaml'), keyFiles)
  const built = buildSpec(transactions).map(({ bytes }) => ({ bytes, proposal: false }))
  return writePackage(createPackage({ transactions: built }))
}

/** Signs everything in the package that asks for the key, if the package says what was agreed. */
export async function signAgreed(
  file: Uint8Array,
  keyPath: string,
  spec: string,
  keyFiles: KeyFiles,
): Promise<Uint8Array> {
  const { package: content, verdicts } = readPackage(file)
  // Every field, every byte: what differs is thrown as `expectation-mismatch`, with its path.
  const agreed = readSpec(openSpec(spec, 'agreed.yaml'), keyFiles)
  requireExpectation(
    agreed.transactions,
    content.transactions.map(({ transaction }) => transaction),
  )
  const signer = await openFileSigner(keyPath)
  try {
    const key = await signer.publicKey()
    const judged = { entries: packageEntries(content, verdicts), state: packageState(content) }
    const needs = needsOf(judged, [...content.transactions.keys()], key.fingerprint)
    if (needs.every(({ need }) => need !== 'needed')) throw new Error('nothing asks for the key')
    let signed = content
    for (const { index, need } of needs) {
      const hash = content.transactions[index]?.hash
      if (need !== 'needed' || hash === undefined) continue
      const target = { $case: 'transaction', hash } as const
      const signature = await signer.sign({ message: signingMessage(signed, target) })
      signed = addSignature(
        signed,
        { target, signedBy: key.fingerprint, signature },
        { resolve: (fingerprint) => (fingerprint === key.fingerprint ? key : undefined) },
      ).package
    }
    return writePackage(signed)
  } finally {
    signer.close()
  }
}

/** The certificates of a package in which nothing is missing. */
export function certificates(file: Uint8Array): readonly ExportedFile[] {
  const { package: content } = readPackage(file)
  for (const { hash, authorization } of judgePackage(content)) {
    if (authorization.status !== 'authorized') throw new Error(`${hash}: ${authorization.status}`)
  }
  return exportCertificates(content, { proposal: false })
}
