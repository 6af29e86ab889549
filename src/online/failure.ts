/** What went wrong with a call (docs/protocol/nodes.md section 6), as an error that says what to do. */
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'
import { cantonErrorHelp } from './canton-errors.ts'
import { tlsHint } from './tls.ts'
import { decodeApiMessage } from './wire/codec.ts'
import type { Duration } from './wire/generated/schema.ts'

/** Status codes of gRPC by number. */
export const GRPC_STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
export type GrpcStatusName = (typeof GRPC_STATUS_NAMES)[number]

function grpcStatusName(code: number): GrpcStatusName {
  return GRPC_STATUS_NAMES[code] ?? 'UNKNOWN'
}

/** How a call ended, in the terms of gRPC; a JSON answer is brought into them. */
export interface Failure {
  readonly status: GrpcStatusName
  /** Text of the other side or of the transport. */
  readonly text: string
  /** Error code of Canton, where it gives one. */
  readonly cantonCode?: string | undefined
  /** What it says beside the code. */
  readonly cause?: string | undefined
  /** By which the operator finds the request in the log of the node. */
  readonly requestId?: string | undefined
  readonly metadata?: Readonly<Record<string, string>>
  /** The node says that repeating helps, after so long. */
  readonly retryMillis?: number | undefined
}

/** The call that failed. */
export interface FailedCall {
  /** Service and method without their package, `TopologyManagerReadService/ListAll`, or a path. */
  readonly name: string
  /** Where it went: `host:port`. */
  readonly address: string
  /** True if it may have changed something: then no answer is no proof of failure. */
  readonly changes: boolean
  /** What is known about the token that went with it. */
  readonly token: string | undefined
  /** Takes out of a text what must not be shown: some servers repeat the token that they refuse. */
  readonly hide: ((text: string) => string) | undefined
  readonly timeoutMillis: number
  /** What keeps an answer small. */
  readonly filter: string | undefined
}

const MESSAGE_FORM = /^([A-Z][A-Z0-9_]+)\((\d+),([0-9a-f]*)\): ([\s\S]*)$/
const REDACTED = /^An error occurred\. Please contact the operator/
const REQUEST_ID = /inquire about the request (\S+)/

function millisOf(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined
  return Number(duration.seconds) * 1000 + Math.ceil(duration.nanos / 1e6)
}

/**
 * Reads the status details that Canton puts into the trailers (google.rpc.Status); where there are
 * none, or they cannot be read, what the text says.
 */
export function failureOf(status: number, text: string, details?: Uint8Array): Failure {
  const form = MESSAGE_FORM.exec(text)
  const base = {
    status: grpcStatusName(status),
    text,
    cantonCode: form?.[1],
    cause: form?.[4],
    requestId: REQUEST_ID.exec(text)?.[1] ?? (form?.[3] === '' ? undefined : form?.[3]),
  }
  return details === undefined ? base : { ...base, ...readDetails(details) }
}

function readDetails(bytes: Uint8Array): Partial<Failure> {
  let retryMillis: number | undefined
  let requestId: string | undefined
  let cantonCode: string | undefined
  const metadata: Record<string, string> = {}
  try {
    for (const { typeUrl, value } of decodeApiMessage('Status', bytes).details) {
      switch (typeUrl) {
        case 'type.googleapis.com/google.rpc.ErrorInfo': {
          const info = decodeApiMessage('ErrorInfo', value)
          cantonCode = info.reason
          for (const { key, value: text } of info.metadata) metadata[key] = text
          break
        }
        case 'type.googleapis.com/google.rpc.RequestInfo':
          requestId = decodeApiMessage('RequestInfo', value).requestId
          break
        case 'type.googleapis.com/google.rpc.RetryInfo':
          retryMillis = millisOf(decodeApiMessage('RetryInfo', value).retryDelay)
          break
      }
    }
  } catch (error) {
    // Details may be cut at a proxy or by the limit of headers: then the text has to do.
    if (!(error instanceof CantosignError)) throw error
  }
  return {
    ...(cantonCode === undefined ? {} : { cantonCode, metadata }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryMillis === undefined ? {} : { retryMillis }),
  }
}

/** True if the same call may be answered a little later. */
export function isPassing(failure: Failure): boolean {
  if (failure.cantonCode !== undefined) {
    return (
      failure.retryMillis !== undefined || cantonErrorHelp(failure.cantonCode)?.passing === true
    )
  }
  // Nothing is cancelled here: a participant that goes down cancels what it was about to answer.
  if (failure.status === 'CANCELLED') return true
  return failure.status === 'UNAVAILABLE' && !isTransportRefusal(failure.text)
}

/** Errors of a participant that restarts, or of a line that breaks. */
const OF_A_TIME: ReadonlySet<string> = new Set([
  'connection-failed',
  'proxy-failed',
  'deadline-exceeded',
  'ledger-busy',
])

/** True for the error of a call that reads which may pass by itself, while one waits for something. */
export function mayPass(error: unknown): error is CantosignError {
  if (!(error instanceof CantosignError)) return false
  const { cantonCode, retryMillis } = error.details
  if (error.code !== 'ledger-refused') return OF_A_TIME.has(error.code)
  return retryMillis !== undefined || cantonErrorHelp(String(cantonCode))?.passing === true
}

/** True if no repeating helps: the other side is not the right one. */
function isTransportRefusal(text: string): boolean {
  return tlsHint(text) !== undefined
}

/** True if the call never left: no connection came about. */
function neverSent(text: string): boolean {
  return /^No connection established/.test(text) || /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(text)
}

/** A line of OpenSSL: `ID:error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:DATA` and its end. */
const OPENSSL_LINE = /[0-9A-F]+:error:[0-9A-F]+:[^:\n]*:[^:\n]*:([^:\n]+):[^\n]*\n?/g

/** The text of the transport without what it says to programmers. */
function withoutTransport(text: string): string {
  return (
    text
      .replace(OPENSSL_LINE, '$1')
      .replace(/^No connection established\. Last error: (?:Error: )?/, '')
      .replace(/\.? ?Resolution note: *$/, '')
      // A proxy that gives no connection is an error without a text.
      .replace(/^undefined$/, 'no connection came about')
  )
}

type Known = Pick<CantosignError, 'code' | 'message' | 'hint'>

/** What the other side said, without what it repeats of secrets. */
function hidden(failure: Failure, hide: (text: string) => string): Failure {
  const { text, cantonCode, cause, requestId, metadata } = failure
  const orNot = (one: string | undefined): string | undefined =>
    one === undefined ? undefined : hide(one)
  return {
    ...failure,
    text: hide(text),
    cantonCode: orNot(cantonCode),
    cause: orNot(cause),
    requestId: orNot(requestId),
    ...(metadata === undefined
      ? {}
      : {
          metadata: Object.fromEntries(
            Object.entries(metadata).map(([key, value]) => [hide(key), hide(value)]),
          ),
        }),
  }
}

/** The error that ends the command. */
export function failureError(received: Failure, call: FailedCall): CantosignError {
  const failure = call.hide === undefined ? received : hidden(received, call.hide)
  const { code, message, hint } = describe(failure, call)
  const { status, text, cantonCode, requestId, retryMillis, metadata } = failure
  return new CantosignError(code, message, hint, {
    details: {
      call: call.name,
      address: call.address,
      grpcStatus: status,
      text,
      ...(cantonCode === undefined ? {} : { cantonCode }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(retryMillis === undefined ? {} : { retryMillis }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  })
}

function describe(failure: Failure, call: FailedCall): Known {
  const { cantonCode, cause, text } = failure
  if (cantonCode !== undefined) {
    const help = cantonErrorHelp(cantonCode)
    const said = escapeText(cause ?? text)
    return {
      code: 'ledger-refused',
      message: `the participant at ${call.address} refused ${call.name} with ${escapeText(cantonCode)}${help === undefined ? '' : `, ${help.meaning}`}: ${said}`,
      hint: help?.hint ?? 'see what it says; the operator of the participant finds more in its log',
    }
  }
  const isToken = failure.status === 'UNAUTHENTICATED' || failure.status === 'PERMISSION_DENIED'
  if (REDACTED.test(text) && !isToken) return redacted(failure, call)
  return describeStatus(failure, call)
}

function redacted({ status, requestId }: Failure, call: FailedCall): Known {
  const asked = requestId === undefined ? '' : ` (request ${escapeText(requestId)})`
  return {
    code: 'ledger-redacted',
    message:
      status === 'INVALID_ARGUMENT'
        ? `the participant at ${call.address} refused ${call.name} and keeps the reason to itself${asked}: that is how it answers to a missing authorization and to a bad signature`
        : `the participant at ${call.address} failed in ${call.name} and keeps the reason to itself${asked}`,
    hint:
      status === 'INVALID_ARGUMENT'
        ? 'take the state anew and decide here: fetch or state export, then verify PACKAGE --state FILE; the operator finds the reason in the log by the request id'
        : 'the operator finds the reason in the log by the request id',
  }
}

function unknownOutcome(failure: Failure, call: FailedCall, what: string): Known {
  return {
    code: 'outcome-unknown',
    message: `${what}, and ${call.name} at ${call.address} may have taken effect: ${escapeText(failure.text)}`,
    hint: 'look before doing it again: watch PACKAGE for topology, transaction execute --wait for a transaction; submit is harmless to repeat',
  }
}

function describeStatus(failure: Failure, call: FailedCall): Known {
  const { status, text } = failure
  const where = `${call.name} at ${call.address}`
  const said = escapeText(withoutTransport(text))
  switch (status) {
    case 'UNAUTHENTICATED':
      return {
        code: 'ledger-unauthenticated',
        message: `the participant at ${call.address} takes ${call.name} only with a valid token${call.token === undefined ? ', and none was given' : `; ${escapeText(call.token)}`}`,
        hint:
          call.token === undefined
            ? 'name the file with the token: --token-file FILE, or tokenFile in the profile'
            : 'put a fresh token into the file; its audience or scope has to be that of this participant, its subject an active user',
      }
    case 'PERMISSION_DENIED':
      return {
        code: 'ledger-forbidden',
        message: `the participant at ${call.address} does not allow ${call.name}${call.token === undefined ? '' : `; ${escapeText(call.token)}`}`,
        hint: 'see what the token may do with: info; docs/online.md lists the rights that each command needs',
      }
    case 'UNIMPLEMENTED':
      return {
        code: 'ledger-unsupported',
        message: `there is no ${where}: ${said}`,
        hint: 'check that the address is that of the right API (Admin API and Ledger API have ports of their own); an older release may lack the call: see it with info',
      }
    case 'RESOURCE_EXHAUSTED':
      return /larger than|max message size|exceeds maximum/i.test(text)
        ? {
            code: 'response-too-large',
            message: `a message of ${where} exceeds the limit: ${said}`,
            hint: call.filter ?? 'ask for less at once',
          }
        : {
            code: 'ledger-busy',
            message: `the participant at ${call.address} cannot take ${call.name} now: ${said}`,
            hint: 'run the command again a little later',
          }
    case 'DEADLINE_EXCEEDED': {
      const late = `no answer came within ${call.timeoutMillis / 1000} seconds`
      if (call.changes) return unknownOutcome(failure, call, late)
      return {
        code: 'deadline-exceeded',
        message: `${late}: ${where}`,
        hint: 'check that the participant is up, or allow more time with --timeout SECONDS',
      }
    }
    case 'CANCELLED':
    case 'UNAVAILABLE': {
      const tls = tlsHint(text)
      if (tls !== undefined) {
        return {
          code: 'tls-failed',
          message: `no trusted connection to ${call.address}: ${said}`,
          hint: tls,
        }
      }
      if (call.changes && !neverSent(text))
        return unknownOutcome(failure, call, 'the connection broke')
      return {
        code: 'connection-failed',
        message: `${where} cannot be reached: ${said}`,
        hint: 'check the address and that the participant is up; TLS is spoken to this machine only with --tls-ca, to others always unless --plaintext is given',
      }
    }
    default:
      if (call.changes && status !== 'INVALID_ARGUMENT' && status !== 'FAILED_PRECONDITION') {
        return unknownOutcome(failure, call, `the call ended with ${status}`)
      }
      return {
        code: 'ledger-failed',
        message: `${where} ended with ${status}: ${said}`,
        hint: 'check that the address is that of the right API; the operator finds more in the log of the participant',
      }
  }
}
