/** Packages made from what a participant has: proposals, with the state that a signer needs. */
import { toBase64 } from '../base/bytes.ts'
import { createPackage, limitsOf, normalForm } from '../package/create.ts'
import { stateEntry } from '../package/entries.ts'
import type {
  PackageLimits,
  PackageText,
  SigningPackage,
  StateTransaction,
} from '../package/model.ts'
import { contentOfSigned } from '../package/received.ts'
import { readPhysicalSynchronizerId } from '../ident/identifiers.ts'
import { stateContent, type FetchedState } from './judged-state.ts'
import type { Proposal } from './proposals.ts'
import type { ChosenStore } from './store.ts'

/** A package of proposals, in the order of the store. */
export function packageOfProposals(
  proposals: readonly Proposal[],
  state: FetchedState,
  store: ChosenStore,
  text: Partial<PackageText>,
  limits?: PackageLimits,
): SigningPackage {
  const { synchronizerId } = store
  const physical =
    synchronizerId === undefined ? undefined : readPhysicalSynchronizerId(synchronizerId)
  const version = physical?.ok === true ? Number(physical.value.protocolVersion) : undefined
  const made = {
    network: {
      synchronizerId,
      // Versions under development have names.
      protocolVersion: Number.isInteger(version) ? version : undefined,
    },
    text,
    ...contentOfSigned(proposals.map(({ signed }) => signed)),
    state: stateContent(state),
  }
  return createPackage(made, limits)
}

/** The same package with more state; what it had stays, and gets one more source if it was met again. */
export function withState(
  content: SigningPackage,
  state: FetchedState,
  limits: PackageLimits = limitsOf(),
): SigningPackage {
  const known = new Map<string, StateTransaction>(
    content.state.map((entry) => [toBase64(entry.signed.bytes), entry]),
  )
  for (const [i, fetched] of stateContent(state).entries()) {
    const identity = toBase64(fetched.bytes)
    const before = known.get(identity)
    const sources = [...(before?.sources ?? []), ...(fetched.sources ?? [])]
    known.set(identity, stateEntry({ bytes: fetched.bytes, sources }, `state[${i}]`, limits))
  }
  return normalForm({ ...content, state: [...known.values()] }, limits)
}
