/** Who a participant is, and what this side may do there, as far as the APIs that are configured say. */
import { CantosignError } from '../base/errors.ts'
import type { AdminApi, ConnectedSynchronizer } from './admin.ts'
import type { LedgerApi, LedgerSynchronizer, LedgerUser } from './ledger.ts'
import { AUTHORIZED, synchronizerOf } from './store.ts'

/** An answer, or why there is none. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CantosignError }

export interface AdminInfo {
  readonly address: string
  /** `undefined`: the node has no id yet. */
  readonly participantId: Answer<string | undefined>
  readonly synchronizers: Answer<readonly ConnectedSynchronizer[]>
  /** Names of the topology stores: synchronizer ids, `authorized`, `temporary NAME`. */
  readonly stores: Answer<readonly string[]>
}

export interface LedgerInfo {
  readonly address: string
  readonly version: Answer<string>
  readonly participantId: Answer<string>
  readonly synchronizers: Answer<readonly LedgerSynchronizer[]>
  readonly user: Answer<LedgerUser>
}

/** Refusals that concern one call, and leave the others worth asking. */
const PARTIAL: ReadonlySet<string> = new Set([
  'ledger-unauthenticated',
  'ledger-forbidden',
  'ledger-unsupported',
  'ledger-refused',
  'ledger-failed',
])

async function answerOf<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await call }
  } catch (error) {
    if (!(error instanceof CantosignError) || !PARTIAL.has(error.code)) throw error
    return { ok: false, error }
  }
}

/** @throws CantosignError where no call can be answered, such as `connection-failed` */
export async function adminInfo(admin: AdminApi): Promise<AdminInfo> {
  const participantId = await answerOf(admin.participantId())
  const [synchronizers, stores] = await Promise.all([
    answerOf(admin.connectedSynchronizers()),
    answerOf(
      admin.stores().then((list) =>
        list.map((store) => {
          if (store.store?.$case === 'temporary') return `temporary ${store.store.value.name}`
          return synchronizerOf(store) ?? AUTHORIZED
        }),
      ),
    ),
  ])
  return { address: admin.connection.address, participantId, synchronizers, stores }
}

/** @throws CantosignError where no call can be answered, such as `connection-failed` */
export async function ledgerInfo(ledger: LedgerApi): Promise<LedgerInfo> {
  const version = await answerOf(ledger.version())
  const [participantId, synchronizers, user] = await Promise.all([
    answerOf(ledger.participantId()),
    answerOf(ledger.connectedSynchronizers()),
    answerOf(ledger.user()),
  ])
  return { address: ledger.address, version, participantId, synchronizers, user }
}
