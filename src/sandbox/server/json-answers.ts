/** Messages of the Ledger API as its JSON form writes them. */
import { toBase64, toHex } from '../../base/bytes.ts'
import { timeText } from '../../wire/time-text.ts'
import type { ApiInput } from '../../online/wire/codec.ts'
import type {
  Completion,
  GetUpdatesResponse,
  Timestamp,
} from '../../online/wire/generated/schema.ts'

const PERMISSIONS = ['UNSPECIFIED', 'SUBMISSION', 'CONFIRMATION', 'OBSERVATION']

export const permissionText = (permission = 0): string =>
  `PARTICIPANT_PERMISSION_${PERMISSIONS[permission] ?? 'UNSPECIFIED'}`

function instant(time: ApiInput<Timestamp> | undefined): string | undefined {
  if (time === undefined) return undefined
  return timeText('Timestamp', { seconds: time.seconds ?? 0n, nanos: time.nanos ?? 0 })
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

export function completionJson(completion: ApiInput<Completion>): unknown {
  const { status, offset, synchronizerTime, transactionHash, ...rest } = completion
  return {
    completionResponse: {
      Completion: {
        value: {
          ...rest,
          status: { code: status?.code ?? 0, message: status?.message ?? '', details: [] },
          offset: Number(offset ?? 0n),
          deduplicationPeriod: { Empty: {} },
          synchronizerTime: {
            synchronizerId: synchronizerTime?.synchronizerId ?? '',
            recordTime: instant(synchronizerTime?.recordTime),
          },
          transactionHash: toBase64(transactionHash ?? new Uint8Array()),
        },
      },
    },
  }
}

export function updateJson({ update }: ApiInput<GetUpdatesResponse>): unknown {
  if (update?.$case === 'transaction') {
    const { offset, effectiveAt, recordTime, externalTransactionHash, ...rest } = update.value
    return {
      update: {
        Transaction: {
          value: {
            ...rest,
            events: [],
            offset: Number(offset ?? 0n),
            effectiveAt: instant(effectiveAt),
            recordTime: instant(recordTime),
            externalTransactionHash: toHex(externalTransactionHash ?? new Uint8Array()),
          },
        },
      },
    }
  }
  if (update?.$case !== 'topologyTransaction') return undefined
  const { offset, recordTime, events, ...rest } = update.value
  return {
    update: {
      TopologyTransaction: {
        value: {
          ...rest,
          offset: Number(offset ?? 0n),
          recordTime: instant(recordTime),
          events: (events ?? []).flatMap(({ event }) =>
            event === undefined
              ? []
              : [
                  {
                    event: {
                      [capital(event.$case)]: {
                        value: {
                          partyId: event.value.partyId,
                          participantId: event.value.participantId,
                          ...(event.$case === 'participantAuthorizationRevoked'
                            ? {}
                            : {
                                participantPermission: permissionText(
                                  event.value.participantPermission,
                                ),
                              }),
                        },
                      },
                    },
                  },
                ],
          ),
        },
      },
    },
  }
}
