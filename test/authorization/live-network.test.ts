/** Cuts of a live network's history, and the history itself, where they lie beside the checkout. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { evaluate } from '../../src/authorization/evaluate.ts'
import { readTransactionFacts } from '../../src/authorization/facts.ts'
import { Replay, type ReplayResult } from '../../src/authorization/replay.ts'
import type { AuthorizationMode, Signers } from '../../src/authorization/result.ts'
import { signersOf } from '../../src/authorization/signers.ts'
import type { StateRecord } from '../../src/authorization/state.ts'
import type { VerifiedRecord } from '../../src/topology/stream.ts'
import { outsideVector } from '../support/vectors.ts'
import { answeredFor, cutState, expectedOf, type CutFile } from './cuts.ts'
import { readHistory } from './history.ts'

const prefix = outsideVector('cn-genesis-prefix/first-400.gz')
const cuts = outsideVector('authorization-cuts/live-network.json')

let history: readonly VerifiedRecord[] = []
beforeAll(async () => {
  if (prefix !== undefined) history = await readHistory(prefix, 'snapshot-v1')
})

function stateRecord({ record, signatures }: VerifiedRecord): StateRecord {
  const reading = readTransactionFacts(record.signed.transaction)
  if (!reading.ok) throw new Error(reading.problem)
  return { ...reading.facts, signers: signersOf(signatures).valid }
}

function replayed(mode: AuthorizationMode): readonly ReplayResult[] {
  const replay = new Replay({ mode })
  return history.map((record) => replay.add(record))
}

const count = <T>(items: readonly T[], is: (item: T) => boolean): number => items.filter(is).length

describe.skipIf(prefix === undefined || cuts === undefined)('cuts of a live network', () => {
  const file = JSON.parse(readFileSync(cuts ?? '/dev/null', 'utf8') || '{"cases":[]}') as CutFile

  it('has all cases', () => {
    expect(file.cases).toHaveLength(690)
  })

  it('answers every case on sets of signers', () => {
    const records = history.map(stateRecord)
    for (const cut of file.cases) {
      const judged = records[cut.index]
      if (judged === undefined) throw new Error(`no transaction ${cut.index}`)
      const signers: Signers = {
        valid: new Set(cut.kept_signers),
        invalid: new Set(),
        unverifiable: new Set(),
      }
      const state = cutState(records, cut, file.synchronizer)
      expect(answeredFor(cut, evaluate(judged, signers, state, cut.mode))).toEqual(expectedOf(cut))
    }
  })

  it('answers every case that has real signatures on the real bytes', () => {
    const records = history.map(stateRecord)
    const onBytes = file.cases.filter((cut) => !cut.sets_only)
    expect(onBytes.length).toBeGreaterThan(300)
    for (const cut of onBytes) {
      const source = history[cut.index]
      if (source === undefined) throw new Error(`no transaction ${cut.index}`)
      const kept = source.signatures.filter(({ signature }) =>
        cut.kept_signers.includes(signature.wire.signedBy),
      )
      const reading = readTransactionFacts(source.record.signed.transaction)
      if (!reading.ok) throw new Error(reading.problem)
      const state = cutState(records, cut, file.synchronizer)
      const result = evaluate(reading.facts, signersOf(kept), state, cut.mode)
      expect(answeredFor(cut, result)).toEqual(expectedOf(cut))
    }
  })
})

describe.skipIf(prefix === undefined)('the first 400 transactions of a live network', () => {
  it('are all authorized as a snapshot, each with the serial that is due', () => {
    const results = replayed('snapshot')
    expect(results).toHaveLength(400)
    expect(results.filter(({ authorization }) => authorization.status !== 'authorized')).toEqual([])
    expect(results.filter(({ serial }) => serial === 'used' || serial === 'gap')).toEqual([])
    expect(results.every(({ applied }) => applied)).toBe(true)
    // Two members signed the first states of the synchronizer beside its owner.
    expect(results.flatMap(({ authorization }) => authorization.superfluous)).toHaveLength(2)
  })

  it('need the relaxations in places, which are named', () => {
    const relaxed = replayed('snapshot').filter(
      ({ authorization }) => authorization.relaxations.length > 0,
    )
    const incomplete = replayed('strict').filter(
      ({ authorization }) => authorization.status !== 'authorized',
    )
    expect(relaxed.length).toBeGreaterThan(0)
    expect(incomplete.map(({ hash }) => hash)).toEqual(relaxed.map(({ hash }) => hash))
    expect(incomplete.every(({ authorization }) => authorization.status === 'incomplete')).toBe(
      true,
    )
  })

  it('are no longer authorized where a signature is taken away that was needed', () => {
    const replay = new Replay({ mode: 'snapshot' })
    const results = history.map((record) => replay.add({ ...record, signatures: [] }))
    expect(count(results, ({ authorization }) => authorization.status === 'authorized')).toBe(
      count(results, ({ serial }) => serial === 'repeated'),
    )
  })
})

describe('other snapshots of a network', () => {
  it.each([
    ['topology-snapshot/topology-snapshot-duplicate-signatures', 'snapshot-v2', 8],
    ['topology-snapshot/topology-snapshot-duplicate-signatures-old', 'snapshot-v1', 12],
  ] as const)('%s is authorized', async (file, layout, records) => {
    const path = outsideVector(file)
    if (path === undefined) return
    const replay = new Replay({ mode: 'snapshot' })
    const results = (await readHistory(path, layout)).map((record) => replay.add(record))
    expect(results).toHaveLength(records)
    expect(results.map(({ authorization }) => authorization.status)).toEqual(
      results.map(() => 'authorized'),
    )
  })
})
