/** Which topology store of a participant a command works on. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { logicalSynchronizerText, readPhysicalSynchronizerId } from '../ident/identifiers.ts'
import type { AdminApi } from './admin.ts'
import { checkedSynchronizer } from './answers.ts'
import type { StoreId } from './wire/generated/schema.ts'

/** A store as commands speak of it. */
export interface ChosenStore {
  readonly id: StoreId
  /** The id as it is shown: that of the synchronizer, or `authorized`. */
  readonly name: string
  /** `undefined` for the authorized store. */
  readonly synchronizerId: string | undefined
}

/** What `--synchronizer` takes for the node's own store. */
export const AUTHORIZED = 'authorized'

/** Id of a synchronizer's store: physical where the node says so. */
export function synchronizerOf(store: StoreId): string | undefined {
  return store.store?.$case === 'synchronizer' ? store.store.value.kind?.value : undefined
}

/** A request takes a physical id in a field of its own. */
function synchronizerStore(id: string): StoreId {
  const $case = readPhysicalSynchronizerId(id).ok ? 'physicalId' : 'id'
  return { store: { $case: 'synchronizer', value: { kind: { $case, value: id } } } }
}

/**
 * Finds the store. Where nothing names one, it is that of the only synchronizer there is.
 * @param asked a logical or physical synchronizer id, `authorized`, or nothing
 * @throws CantosignError `synchronizer-unclear`, `synchronizer-unknown`
 */
export async function chooseStore(
  admin: AdminApi,
  asked: string | undefined,
): Promise<ChosenStore> {
  if (asked === AUTHORIZED) {
    return {
      id: { store: { $case: 'authorized', value: {} } },
      name: AUTHORIZED,
      synchronizerId: undefined,
    }
  }
  const known = (await admin.stores()).flatMap((store) => {
    const id = synchronizerOf(store)
    return id === undefined ? [] : [checkedSynchronizer(id, admin.connection.address)]
  })
  const fitting =
    asked === undefined
      ? known
      : known.filter(
          (id) =>
            id === asked ||
            logicalSynchronizerText(id) === asked ||
            // Release line 3.3 has no physical ids.
            id === logicalSynchronizerText(asked),
        )
  const names = known.map((id) => escapeText(id)).join(', ')
  const [only, second] = fitting
  if (only === undefined) {
    throw new CantosignError(
      'synchronizer-unknown',
      asked === undefined
        ? 'the participant has the topology of no synchronizer'
        : `the participant has no topology of ${escapeText(asked)}${names === '' ? '' : `; it has ${names}`}`,
      'see what it is connected to with: info',
    )
  }
  if (second !== undefined) {
    // A synchronizer that was upgraded has a store for each of its physical forms.
    if (asked !== undefined)
      return { id: synchronizerStore(asked), name: asked, synchronizerId: asked }
    throw new CantosignError(
      'synchronizer-unclear',
      `the participant has several synchronizers: ${names}`,
      'name the one that is meant: --synchronizer ID',
    )
  }
  return { id: synchronizerStore(only), name: only, synchronizerId: only }
}
