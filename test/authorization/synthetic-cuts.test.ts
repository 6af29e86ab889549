import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/authorization/evaluate.ts'
import { readTransactionFacts } from '../../src/authorization/facts.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
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
