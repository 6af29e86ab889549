/** A refusal as it goes over the wire: to gRPC as a status with details, to JSON as a document. */
import { Metadata, status, type StatusObject } from '@grpc/grpc-js'
import { encodeApiMessage } from '../../online/wire/codec.ts'
import { CantosignError } from '../../base/errors.ts'
import { CantonError, CATEGORIES, type Category } from '../core/canton-error.ts'

/** Causes are cut at this length. */
const MAX_CAUSE = 512
const RETRY_SECONDS = 1n

/** A failure for which nodes have no code of their own. */
export class UncodedFailure extends Error {
  readonly status: status

  constructor(grpc: status, message: string) {
    super(message)
    this.status = grpc
  }
}

/** How a call ends that is refused. */
export interface Refusal {
  /** Of gRPC. */
  readonly status: status
  readonly message: string
  /** `undefined` where the client is not told. */
  readonly code: string | undefined
  readonly cause: string
  readonly category: number
  readonly retryable: boolean
  readonly correlationId: string
  readonly traceId: string
}

/** What a node says instead of a cause that it keeps to itself; clients find the ids in it. */
const redacted = (correlationId: string, traceId: string): string =>
  `An error occurred. Please contact the operator and inquire about the request ${correlationId} with tid ${traceId}`

const STATUS: Readonly<Record<Category, status>> = {
  contention: status.ABORTED,
  deadline: status.DEADLINE_EXCEEDED,
  internal: status.INTERNAL,
  alarm: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  permissionDenied: status.PERMISSION_DENIED,
  independent: status.INVALID_ARGUMENT,
  state: status.FAILED_PRECONDITION,
  exists: status.ALREADY_EXISTS,
  missing: status.NOT_FOUND,
  outOfRange: status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
}

let requests = 0

/** Numbers for the operator's log, which the sandbox does not have. */
function nextIds(): { readonly correlationId: string; readonly traceId: string } {
  requests++
  return {
    correlationId: requests.toString(16).padStart(8, '0'),
    traceId: requests.toString(16).padStart(32, '0'),
  }
}

/** Whatever was thrown, as a refusal. */
export function refusalOf(error: unknown): Refusal {
  const ids = nextIds()
  if (error instanceof CantonError) {
    const { id, redacted: hidden } = CATEGORIES[error.category]
    const cause = error.message.slice(0, MAX_CAUSE)
    const text = redacted(ids.correlationId, ids.traceId)
    return {
      status: STATUS[error.category],
      message: hidden ? text : `${error.code}(${id},${ids.correlationId}): ${cause}`,
      code: hidden ? undefined : error.code,
      cause: hidden ? text : cause,
      category: id,
      retryable: error.category === 'contention',
      ...ids,
    }
  }
  if (error instanceof CantosignError && error.code === 'response-malformed') {
    return refusalOf(new CantonError('PROTO_DESERIALIZATION_FAILURE', 'the request cannot be read'))
  }
  const uncoded = error instanceof UncodedFailure ? error : undefined
  const message = uncoded?.message ?? redacted(ids.correlationId, ids.traceId)
  return {
    status: uncoded?.status ?? status.INTERNAL,
    message,
    code: undefined,
    cause: message,
    category: CATEGORIES.internal.id,
    retryable: false,
    ...ids,
  }
}

const detail = (name: string, value: Uint8Array) => ({
  typeUrl: `type.googleapis.com/google.rpc.${name}`,
  value,
})

/** The status of gRPC with Canton's details in its trailers. */
export function grpcStatus(refusal: Refusal): StatusObject {
  const metadata = new Metadata()
  const { code, message, correlationId, traceId, category, retryable } = refusal
  if (code !== undefined) {
    const details = [
      detail(
        'ErrorInfo',
        encodeApiMessage('ErrorInfo', {
          reason: code,
          domain: '',
          metadata: [
            { key: 'category', value: String(category) },
            { key: 'tid', value: traceId },
            { key: 'definite_answer', value: 'false' },
          ],
        }),
      ),
      detail('RequestInfo', encodeApiMessage('RequestInfo', { requestId: correlationId })),
      ...(retryable
        ? [
            detail(
              'RetryInfo',
              encodeApiMessage('RetryInfo', { retryDelay: { seconds: RETRY_SECONDS, nanos: 0 } }),
            ),
          ]
        : []),
    ]
    const bytes = encodeApiMessage('Status', { code: refusal.status, message, details })
    metadata.set('grpc-status-details-bin', Buffer.from(bytes))
  }
  return { code: refusal.status, details: message, metadata }
}

const HTTP_STATUS: Readonly<Record<number, number>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.FAILED_PRECONDITION]: 400,
  [status.OUT_OF_RANGE]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.ABORTED]: 409,
  [status.ALREADY_EXISTS]: 409,
  [status.UNIMPLEMENTED]: 501,
}

/** The status of HTTP and the document beside it. */
export function jsonRefusal(refusal: Refusal): { readonly status: number; readonly body: unknown } {
  const { code, cause, correlationId, traceId, category, retryable } = refusal
  return {
    status: HTTP_STATUS[refusal.status] ?? 500,
    body: {
      code: code ?? 'NA',
      cause,
      correlationId,
      traceId,
      context: {},
      resources: [],
      errorCategory: category,
      grpcCodeValue: refusal.status,
      retryInfo: retryable ? `${RETRY_SECONDS} second` : null,
      definiteAnswer: false,
    },
  }
}
