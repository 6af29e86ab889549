/** What topology state proves about the parties that act in prepared transactions. */
import type { Store } from '../../src/authorization/state.ts'
import type { ReadPreparedTransaction } from '../../src/daml/prepared-transaction.ts'
import type { ActingKeys } from '../../src/explain/acting-keys.ts'
import { readState, storeOf, type StateReading } from '../../src/explain/judgement.ts'
import { requireSound } from '../../src/explain/package-judgement.ts'
import {
  actingParties,
  judgePrepared,
  type PreparedJudgement,
  type PreparedSigner,
} from '../../src/explain/prepared-judgement.ts'
import { logicalSynchronizerText } from '../../src/ident/identifiers.ts'
import type {
  PackagePreparedTransaction,
  PackageVerdicts,
  SigningPackage,
} from '../../src/package/model.ts'
import { keyResolver } from '../../src/package/verdicts.ts'
import type { KeyResolver, VerifiedSignature } from '../../src/topology/signed-transaction.ts'
import type { Arguments } from '../command.ts'
import { readStateInput, type StateInput } from './state-input.ts'

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
  const beside = await readStateInput(args)
  const metadata = read.value?.metadata
  const store = storeOf(metadata?.synchronizerId)
  const state = requireSound(readState(beside.signed, store, beside.resolve))
  return {
    given: args.strings('state').length > 0,
    parties: read.value === undefined ? [] : actingParties(read.value, state),
    resolve: state.resolve,
  }
}

/**
 * What the state of a package and that beside it prove about each prepared transaction of the
 * package. Which synchronizer it is for stands in the transaction itself.
 * @param storeNamed the store that a synchronizer id stands for
 */
export function packageActingStates(
  content: SigningPackage,
  beside: StateInput,
  storeNamed: (id: string) => Store = storeOf,
): readonly ActingState[] {
  const signed = [...content.state.map((one) => one.signed), ...beside.signed]
  const resolve = keyResolver(content, beside.resolve)
  const states = new Map<string, StateReading>()
  return content.preparedTransactions.map(({ prepared }) => {
    const id = logicalSynchronizerText(prepared.value.metadata?.synchronizerId ?? '')
    const state = states.get(id) ?? readState(signed, storeNamed(id), resolve)
    states.set(id, state)
    return {
      given: signed.length > 0,
      parties: actingParties(prepared.value, state),
      resolve: state.resolve,
    }
  })
}

/** The signatures of a prepared transaction of a package, with what they are worth. */
export function preparedSigners(
  { signatures }: PackagePreparedTransaction,
  verdicts: readonly VerifiedSignature[],
): readonly PreparedSigner[] {
  return signatures.map(({ party, signedBy }, i) => ({
    party,
    signedBy,
    status: verdicts[i]?.status ?? 'unverifiable',
  }))
}

/** How every prepared transaction of a package stands, by index. */
export function judgePreparedTransactions(
  content: SigningPackage,
  verdicts: PackageVerdicts,
  states: readonly ActingState[],
): readonly PreparedJudgement[] {
  return content.preparedTransactions.map((entry, i) =>
    judgePrepared(
      entry.hash,
      states[i]?.parties ?? [],
      preparedSigners(entry, verdicts.preparedTransactions[i] ?? []),
    ),
  )
}
