/** Findings in the bytes of a package's transactions, with their place in the package. */
import type { Finding } from '../../src/base/finding-codes.ts'
import type { SigningPackage } from '../../src/package/model.ts'

/** By transaction. Offsets are in the bytes of the transaction, not in the file. */
export function packageFindings({ transactions }: SigningPackage): readonly (readonly Finding[])[] {
  return transactions.map(({ transaction: { findings } }, i) => {
    const bytes = `transactions[${i}].transaction`
    return findings.map((finding) => ({
      ...finding,
      path: finding.path === '' ? bytes : `${bytes}.${finding.path}`,
    }))
  })
}
