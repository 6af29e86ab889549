/** The JSON Ledger API: the same calls over HTTP. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { decodeUtf8, toBase64 } from '../../base/bytes.ts'
import type { UpdateFormat } from '../../online/wire/generated/schema.ts'
import type { Context } from './context.ts'
import { jsonRefusal, refusalOf } from './answer.ts'
import type { Gate } from './gate.ts'
import { completionJson, permissionText, updateJson } from './json-answers.ts'
import {
  BodyError,
  bytesOf,
  commandOf,
  enumOf,
  flagOf,
  listOf,
  numberOf,
  objectOf,
  optionalText,
  textOf,
  textsOf,
  timeOf,
  type Json,
} from './json-values.ts'
import {
  allocateParty,
  completed,
  completionMessage,
  connectedSynchronizers,
  executeSubmission,
  generateParty,
  knownParties,
  partiesByName,
  prepareSubmission,
  SANDBOX_USER,
  SANDBOX_VERSION,
  updateMessage,
} from './ledger-calls.ts'

/** The largest body, bytes. */
const MAX_BODY = 8 * 1024 * 1024
/** More elements than this in one answer are refused, as nodes do. */
const MAX_ELEMENTS = 200
const IDLE_MILLIS = 500
const POLL_MILLIS = 50

const FORMATS = { RAW: 1, DER: 2, CONCAT: 3 }
const ALGORITHMS = { ED25519: 1, EC_DSA_SHA_256: 2, EC_DSA_SHA_384: 3 }
const KEY_FORMATS = { DER: 1, RAW: 2, DER_X509_SUBJECT_PUBLIC_KEY_INFO: 3 }
const KEY_SPECS = { EC_CURVE25519: 1, EC_P256: 2, EC_P384: 3, EC_SECP256K1: 4 }
const SCHEMES = { V2: 2, V3: 3, V4: 4 }
const SCHEME = 'HASHING_SCHEME_VERSION_'

/** A list is longer than an answer may be. */
class TooMany extends Error {}

interface Request {
  readonly query: URLSearchParams
  readonly body: Json
  /** What stands behind the path of the route. */
  readonly rest: string
}

interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly reads: boolean
  /** The path goes on with one more part. */
  readonly open?: true
  readonly answer: (context: Context, request: Request) => unknown
}

const signatureFrom = (value: unknown) => {
  const body = objectOf(value, 'a signature')
  return {
    format: enumOf(body, 'format', 'SIGNATURE_FORMAT_', FORMATS),
    signature: bytesOf(body, 'signature'),
    signedBy: textOf(body, 'signedBy'),
    signingAlgorithmSpec: enumOf(
      body,
      'signingAlgorithmSpec',
      'SIGNING_ALGORITHM_SPEC_',
      ALGORITHMS,
    ),
  }
}

const generate: Route['answer'] = (context, { body }) => {
  const key = objectOf(body['publicKey'], 'publicKey')
  const answer = generateParty(context, {
    synchronizer: textOf(body, 'synchronizer'),
    partyHint: textOf(body, 'partyHint'),
    publicKey: {
      format: enumOf(key, 'format', 'CRYPTO_KEY_FORMAT_', KEY_FORMATS),
      keyData: bytesOf(key, 'keyData'),
      keySpec: enumOf(key, 'keySpec', 'SIGNING_KEY_SPEC_', KEY_SPECS),
    },
    localParticipantObservationOnly: flagOf(body, 'localParticipantObservationOnly') ?? false,
    otherConfirmingParticipantUids: textsOf(body, 'otherConfirmingParticipantUids'),
    confirmationThreshold: numberOf(body, 'confirmationThreshold'),
    observingParticipantUids: textsOf(body, 'observingParticipantUids'),
  })
  return {
    ...answer,
    topologyTransactions: (answer.topologyTransactions ?? []).map(toBase64),
    multiHash: toBase64(answer.multiHash ?? new Uint8Array()),
  }
}

const allocate: Route['answer'] = async (context, { body }) =>
  await allocateParty(context, {
    synchronizer: textOf(body, 'synchronizer'),
    onboardingTransactions: listOf(body, 'onboardingTransactions').map((value) => {
      const one = objectOf(value, 'an onboarding transaction')
      return {
        transaction: bytesOf(one, 'transaction'),
        signatures: listOf(one, 'signatures').map(signatureFrom),
      }
    }),
    multiHashSignatures: listOf(body, 'multiHashSignatures').map(signatureFrom),
    identityProviderId: textOf(body, 'identityProviderId'),
    waitForAllocation: flagOf(body, 'waitForAllocation'),
    userId: optionalText(body, 'userId'),
  })

const prepare: Route['answer'] = (context, { body }) => {
  // These two have no default: a node refuses a body without them.
  const synchronizerId = textOf(body, 'synchronizerId')
  if (body['packageIdSelectionPreference'] === undefined) {
    throw new BodyError('packageIdSelectionPreference is missing')
  }
  const named = body['hashingSchemeVersion']
  const answer = prepareSubmission(
    context,
    {
      userId: optionalText(body, 'userId'),
      commandId: textOf(body, 'commandId'),
      minLedgerTime: undefined,
      actAs: textsOf(body, 'actAs'),
      readAs: textsOf(body, 'readAs'),
      disclosedContracts: [],
      synchronizerId,
      packageIdSelectionPreference: textsOf(body, 'packageIdSelectionPreference'),
      verboseHashing: flagOf(body, 'verboseHashing') ?? false,
      maxRecordTime: timeOf(body, 'maxRecordTime'),
      estimateTrafficCost: undefined,
      hashingSchemeVersion:
        named === undefined || named === null
          ? undefined
          : enumOf(body, 'hashingSchemeVersion', SCHEME, SCHEMES),
    },
    listOf(body, 'commands').map(commandOf),
  )
  return {
    preparedTransaction: toBase64(answer.preparedTransaction ?? new Uint8Array()),
    preparedTransactionHash: toBase64(answer.preparedTransactionHash ?? new Uint8Array()),
    hashingSchemeVersion: `${SCHEME}V${answer.hashingSchemeVersion ?? 0}`,
    hashingDetails: null,
    costEstimation: null,
  }
}

function execution(context: Context, { body }: Request) {
  if (body['deduplicationPeriod'] === undefined) {
    throw new BodyError('deduplicationPeriod is missing')
  }
  const parties = objectOf(body['partySignatures'], 'partySignatures')
  return executeSubmission(context, {
    preparedTransaction: bytesOf(body, 'preparedTransaction'),
    partySignatures: {
      signatures: listOf(parties, 'signatures').map((value) => {
        const one = objectOf(value, 'the signatures of a party')
        const signatures = listOf(one, 'signatures').map(signatureFrom)
        return { party: textOf(one, 'party'), signatures }
      }),
    },
    submissionId: textOf(body, 'submissionId'),
    userId: optionalText(body, 'userId'),
    hashingSchemeVersion: enumOf(body, 'hashingSchemeVersion', SCHEME, SCHEMES),
    minLedgerTime: undefined,
  })
}

const partyDetails = (parties: readonly object[]) => ({
  partyDetails: parties.map((one) => ({
    ...one,
    localMetadata: { resourceVersion: '', annotations: {} },
  })),
})

/** Which parties an `eventFormat` is about, in the form of the message. */
function eventFormat(value: unknown): UpdateFormat['includeReassignments'] {
  const format = objectOf(value, 'eventFormat')
  const byParty = format['filtersByParty'] ?? {}
  return {
    filtersByParty: Object.keys(objectOf(byParty, 'filtersByParty')).map((key) => ({
      key,
      value: undefined,
    })),
    filtersForAnyParty:
      format['filtersForAnyParty'] === undefined || format['filtersForAnyParty'] === null
        ? undefined
        : { cumulative: [] },
    verbose: false,
  }
}

function updateFormat(body: Json): UpdateFormat {
  const format = objectOf(body['updateFormat'], 'updateFormat')
  const transactions = format['includeTransactions']
  const topology = format['includeTopologyEvents']
  const authorization =
    topology === undefined || topology === null
      ? undefined
      : objectOf(topology, 'includeTopologyEvents')['includeParticipantAuthorizationEvents']
  return {
    includeTransactions:
      transactions === undefined || transactions === null
        ? undefined
        : {
            eventFormat: eventFormat(objectOf(transactions, 'includeTransactions')['eventFormat']),
            transactionShape: 1,
          },
    includeReassignments: undefined,
    includeTopologyEvents:
      authorization === undefined || authorization === null
        ? undefined
        : {
            includeParticipantAuthorizationEvents: {
              parties: textsOf(objectOf(authorization, 'authorization events'), 'parties'),
            },
          },
  }
}

/** Collects what a stream would give: until the end that was asked for, or until nothing comes any more. */
async function collect<T extends { readonly offset: bigint }>(
  context: Context,
  { query, body }: Request,
  entries: readonly T[],
  show: (entry: T) => unknown,
): Promise<readonly unknown[]> {
  const idle = Number(query.get('stream_idle_timeout_ms') ?? IDLE_MILLIS)
  const limit = Number(query.get('limit') ?? Infinity)
  const begin = BigInt(numberOf(body, 'beginExclusive'))
  const end =
    body['endInclusive'] === undefined ? undefined : BigInt(numberOf(body, 'endInclusive'))
  const found: unknown[] = []
  let next = 0
  for (let waited = 0; ; waited += POLL_MILLIS) {
    context.now()
    for (; next < entries.length; next++) {
      const entry = entries[next]
      if (entry === undefined || entry.offset <= begin) continue
      if (end !== undefined && entry.offset > end) return found
      const shown = show(entry)
      if (shown === undefined) continue
      if (found.length === MAX_ELEMENTS) throw new TooMany()
      found.push(shown)
      if (found.length === limit) return found
      waited = 0
    }
    if ((end !== undefined && context.node.ledger.end >= end) || waited >= idle) return found
    await context.pause(POLL_MILLIS)
  }
}

async function completions(
  context: Context,
  request: Request,
  userId: string | undefined,
): Promise<readonly unknown[]> {
  const wanted = new Set(textsOf(request.body, 'parties'))
  return await collect(context, request, context.node.ledger.completions, (one) => {
    const { submission } = one.transaction
    const matches =
      submission.actAs.some((party) => wanted.has(party)) &&
      (userId === undefined || submission.userId === userId)
    return matches
      ? completionJson(completionMessage(one, context.synchronizer.logical))
      : undefined
  })
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v2/version',
    reads: true,
    answer: () => ({ version: SANDBOX_VERSION, features: {} }),
  },
  {
    method: 'GET',
    path: '/v2/parties/participant-id',
    reads: true,
    answer: ({ participant }) => ({ participantId: participant.uid }),
  },
  {
    method: 'GET',
    path: '/v2/parties',
    reads: true,
    answer: (context, { query }) => ({
      ...partyDetails(knownParties(context, query.get('filter-party') ?? '')),
      nextPageToken: '',
    }),
  },
  {
    method: 'GET',
    path: '/v2/parties/',
    reads: true,
    open: true,
    answer: (context, { rest }) => partyDetails(partiesByName(context, [rest])),
  },
  { method: 'POST', path: '/v2/parties/external/generate-topology', reads: true, answer: generate },
  { method: 'POST', path: '/v2/parties/external/allocate', reads: false, answer: allocate },
  { method: 'POST', path: '/v2/interactive-submission/prepare', reads: false, answer: prepare },
  {
    method: 'POST',
    path: '/v2/interactive-submission/execute',
    reads: false,
    answer: (context, request) => {
      execution(context, request)
      return {}
    },
  },
  {
    method: 'POST',
    path: '/v2/interactive-submission/executeAndWait',
    reads: false,
    answer: async (context, request) => {
      const { updateId, completionOffset } = await completed(context, execution(context, request))
      return { updateId, completionOffset: Number(completionOffset) }
    },
  },
  {
    method: 'GET',
    path: '/v2/state/ledger-end',
    reads: true,
    answer: (context) => {
      context.now()
      return { offset: Number(context.node.ledger.end) }
    },
  },
  {
    method: 'GET',
    path: '/v2/state/connected-synchronizers',
    reads: true,
    answer: (context, { query }) => {
      const { connectedSynchronizers: found = [] } = connectedSynchronizers(context, {
        party: query.get('party') ?? '',
        participantId: query.get('participantId') ?? '',
        identityProviderId: '',
      })
      return {
        connectedSynchronizers: found.map(({ permission, ...one }) => ({
          ...one,
          ...(permission === 0 ? {} : { permission: permissionText(permission) }),
        })),
      }
    },
  },
  {
    method: 'POST',
    path: '/v2/updates',
    reads: true,
    answer: async (context, request) => {
      const format = updateFormat(request.body)
      const { logical } = context.synchronizer
      return await collect(context, request, context.node.ledger.updates, (update) => {
        const message = updateMessage(update, format, logical)
        return message === undefined ? undefined : updateJson(message)
      })
    },
  },
  {
    method: 'POST',
    path: '/v2/commands/completions',
    reads: true,
    answer: async (context, request) =>
      await completions(context, request, textOf(request.body, 'userId')),
  },
  {
    method: 'POST',
    path: '/v2/commands/command-completions',
    reads: true,
    answer: async (context, request) => await completions(context, request, undefined),
  },
  {
    method: 'GET',
    path: '/v2/authenticated-user',
    reads: true,
    answer: () => ({
      user: { id: SANDBOX_USER, primaryParty: '', isDeactivated: false, identityProviderId: '' },
    }),
  },
  {
    method: 'GET',
    path: `/v2/users/${SANDBOX_USER}/rights`,
    reads: true,
    answer: () => ({ rights: [{ kind: { ParticipantAdmin: { value: {} } } }] }),
  },
  { method: 'GET', path: '/livez', reads: true, answer: () => ({}) },
  { method: 'GET', path: '/readyz', reads: true, answer: () => ({}) },
]

async function readBody(request: IncomingMessage): Promise<Json> {
  if (request.method !== 'POST') return {}
  const chunks: Buffer[] = []
  let length = 0
  const parts: AsyncIterable<Buffer> = request
  for await (const chunk of parts) {
    length += chunk.length
    if (length > MAX_BODY) throw new BodyError('the body is too large')
    chunks.push(chunk)
  }
  try {
    return objectOf(JSON.parse(decodeUtf8(Buffer.concat(chunks)) ?? ''), 'the body')
  } catch (error) {
    if (error instanceof SyntaxError) throw new BodyError('the body is no JSON')
    throw error
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type })
  response.end(text)
}

function sendFailure(response: ServerResponse, error: unknown): void {
  if (error instanceof BodyError) {
    send(response, 400, 'text/plain', `Invalid value for: body (${error.message})`)
  } else if (error instanceof TooMany) {
    send(response, 413, 'text/plain', 'more elements than the node gives at once')
  } else {
    const { status, body } = jsonRefusal(refusalOf(error))
    send(response, status, 'application/json', JSON.stringify(body))
  }
}

function routeFor(method: string, path: string): Route | undefined {
  return ROUTES.find(
    (route) =>
      route.method === method &&
      (route.open === true ? path.startsWith(route.path) : path === route.path),
  )
}

/** Answers requests of HTTP for one participant. */
export function jsonListener(context: Context, gate: Gate): RequestListener {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://sandbox')
    const route = routeFor(request.method ?? '', url.pathname)
    if (route === undefined) {
      send(response, 404, 'text/plain', 'there is no such endpoint')
      return
    }
    gate.admit(request.headers.authorization, route.reads)
    const body = await readBody(request)
    const rest = decodeURIComponent(url.pathname.slice(route.path.length))
    const answer = await route.answer(context, { query: url.searchParams, body, rest })
    send(response, 200, 'application/json', JSON.stringify(answer))
  }
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      sendFailure(response, error)
    })
  }
}
