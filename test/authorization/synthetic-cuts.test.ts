import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/authorization/evaluate.ts'
import { readTransactionFacts } from '../../src/authorization/facts.ts'
import { signersOf } from '../../src/authorization/signers.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { ed25519Key, signedBytes, type TestKey } from '../package/support.ts'
import { fixture, fromHex } from '../support/vectors.ts'
import { answeredFor, cutState, expectedOf, type CutFile } from './cuts.ts'

const file = fixture('authorization-cuts/synthetic.json') as CutFile
const transactions = (file.transactions ?? []).map(({ hex, signers }) => {
  const reading = readTransactionFacts(readTransaction(fromHex(hex)))
  if (!reading.ok) throw new Error(reading.problem)
  return { ...reading.facts, signers: new Set(signers) }
})

describe('cuts of an invented history', () => {
  it.each(file.cases.map((cut) => [cut.id, cut] as const))('%s', (_, cut) => {
    const judged = transactions[cut.index]
    if (judged === undefined) throw new Error(`no transaction ${cut.index}`)
    const signers = {
      valid: new Set(cut.kept_signers),
      invalid: new Set<string>(),
      unverifiable: new Set<string>(),
    }
    const state = cutState(transactions, cut, file.synchronizer)
    expect(answeredFor(cut, evaluate(judged, signers, state, cut.mode))).toEqual(expectedOf(cut))
  })
})

/** Key n of the history has the seed n, 32 times. */
const KEYS = new Map<string, TestKey>(
  Array.from({ length: 70 }, (_, i) => ed25519Key(i + 1)).map((key) => [key.fingerprint, key]),
)

describe('the same cuts, signed', () => {
  it('are judged alike on signed bytes', () => {
    let judged = 0
    for (const cut of file.cases) {
      const keys = cut.kept_signers.flatMap((signer) => KEYS.get(signer) ?? [])
      const bytes = file.transactions?.[cut.index]?.hex
      if (bytes === undefined || keys.length !== cut.kept_signers.length || keys.length === 0)
        continue
      const signed = readSignedTransaction(signedBytes(fromHex(bytes), keys))
      const verified = verifySignatures(signed, (fingerprint) => KEYS.get(fingerprint)?.key)
      const reading = readTransactionFacts(signed.transaction)
      if (!reading.ok) throw new Error(reading.problem)
      const state = cutState(transactions, cut, file.synchronizer)
      const result = evaluate(reading.facts, signersOf(verified), state, cut.mode)
      expect(answeredFor(cut, result)).toEqual(expectedOf(cut))
      expect(result.invalid).toEqual([])
      judged++
    }
    expect(judged).toBeGreaterThan(350)
  })
})
