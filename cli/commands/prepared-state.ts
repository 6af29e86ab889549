/** What topology state (`--state`) proves about the parties that act in a prepared transaction. */
import { CantosignError } from '../../src/base/errors.ts'
import type { ReadPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import { actingKeys, type ActingKeys } from '../../src/explain/acting-keys.ts'
import { readState, storeOf } from '../../src/explain/judgement.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import type { Arguments } from '../command.ts'
import { readStateInput } from './state-input.ts'

export interface ActingState {
  /** False if no state was given. */
  readonly given: boolean
  /** One for each party in act_as. */
  readonly parties: readonly ActingKeys[]
  readonly resolve: KeyResolver
}

/**
 * Reads the state files.
 * @throws CantosignError `state-invalid`, and as `readStateInput`
 */
export async function readActingState(
  read: ReadPreparedTransaction,
  args: Arguments,
): Promise<ActingState> {
  const paths = args.strings('state')
  const beside = await readStateInput(paths)
  const metadata = read.value?.metadata
  const state = readState(beside.signed, storeOf(metadata?.synchronizerId), beside.resolve)
  const [damaged] = state.damaged
  if (damaged !== undefined) {
    throw new CantosignError(
      'state-invalid',
      `the state holds a transaction whose signature does not verify: ${damaged}`,
      'the state was damaged or forged: get it anew from a participant that you trust',
      { details: { hashes: [...state.damaged] } },
    )
  }
  const actAs = metadata?.submitterInfo?.actAs ?? []
  return {
    given: paths.length > 0,
    parties: actAs.map((party) => actingKeys(state, party)),
    resolve: state.resolve,
  }
}
