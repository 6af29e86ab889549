/** Preparing a Daml transaction, and holding what comes back against what was asked for. */
import { equalBytes, toHex } from '../base/bytes.ts'
import { CantosignError } from '../base/errors.ts'
import { severityOf, type Finding } from '../base/finding-codes.ts'
import { escapeText } from '../base/text.ts'
import type { ExpectedRoot, ExpectedTransaction, ExpectedType } from '../daml/expectation.ts'
import { hashPreparedTransaction } from '../daml/hash.ts'
import { judgePreparedTransaction } from '../daml/judge.ts'
import {
  readPreparedTransaction,
  type ReadPreparedTransaction,
} from '../daml/prepared-transaction.ts'
import { HASHING_SCHEMES, type HashingScheme } from '../daml/scheme.ts'
import { ledgerTimeText } from '../daml/times.ts'
import { logicalSynchronizerText } from '../ident/identifiers.ts'
import { isObject } from '../package/json-shape.ts'
import type { JsonObject, JsonValue } from '../package/json-text.ts'
import { parseTimeText } from '../wire/time-text.ts'
import type { LedgerApi, TypedPrepareRequest } from './ledger.ts'
import { readTypedCommand, type TypedCommand } from './typed-command.ts'

/** Commands that the JSON Ledger API has, by the one member that each is. */
type JsonCommandName = 'CreateCommand' | 'ExerciseCommand' | 'ExerciseByKeyCommand'

/** A command, in the form of one of the transports. */
export interface DamlCommand {
  /** As it is sent: over JSON values have no types, over gRPC each has its own. */
  readonly form:
    | { readonly $case: 'json'; readonly body: unknown }
    | { readonly $case: 'grpc'; readonly wire: TypedCommand['wire'] }
  readonly byKey: boolean
  /** What its root must be: one of these. */
  readonly roots: readonly ExpectedRoot[]
}

function invalid(what: string, problem: string): CantosignError {
  return new CantosignError(
    'command-invalid',
    `${what}: ${problem}`,
    'write one command as the JSON Ledger API takes it: docs/online.md shows one of each kind',
  )
}

const TEMPLATE =
  /^(?:#(?<name>[A-Za-z0-9_-]+)|(?<id>[0-9a-f]{64})):(?<module>[\w.$]+):(?<entity>[\w.$]+)$/

function templateOf(
  members: JsonObject,
  what: string,
): { readonly type: ExpectedType; readonly packageName: string | undefined } {
  const text = members.get('templateId')
  const groups = typeof text === 'string' ? TEMPLATE.exec(text)?.groups : undefined
  if (groups === undefined) {
    throw invalid(what, 'templateId is not #package-name:Module:Entity or package-id:Module:Entity')
  }
  const { name, id, module: moduleName = '', entity: entityName = '' } = groups
  return {
    type: { moduleName, entityName, ...(id === undefined ? {} : { packageId: id }) },
    packageName: name,
  }
}

function textMember(members: JsonObject, name: string, what: string): string {
  const value = members.get(name)
  if (typeof value === 'string' && value !== '') return value
  throw invalid(what, `${name} is missing or no text`)
}

const MEMBERS: Readonly<Record<JsonCommandName, readonly string[]>> = {
  CreateCommand: ['templateId', 'createArguments'],
  ExerciseCommand: ['templateId', 'contractId', 'choice', 'choiceArgument'],
  ExerciseByKeyCommand: ['templateId', 'contractKey', 'choice', 'choiceArgument'],
}

function rootsOf(
  name: JsonCommandName,
  members: JsonObject,
  what: string,
): readonly ExpectedRoot[] {
  const { type, packageName } = templateOf(members, what)
  const ofTemplate = {
    template: type,
    ...(packageName === undefined ? {} : { packageName }),
  }
  if (name === 'CreateCommand') return [{ $case: 'create', ...ofTemplate }]
  const exercise = { $case: 'exercise', choice: textMember(members, 'choice', what) } as const
  if (name === 'ExerciseByKeyCommand') return [{ ...exercise, ...ofTemplate, interface: null }]
  const contractId = textMember(members, 'contractId', what)
  // A command does not say whether it names a template or an interface.
  return [
    { ...exercise, ...ofTemplate, contractId, interface: null },
    { ...exercise, contractId, interface: type },
  ]
}

/**
 * Reads a command; what is in its arguments is the participant's to judge.
 * @param what names the file in errors
 * @throws CantosignError `command-invalid`
 */
export function readCommand(value: JsonValue, what: string): DamlCommand {
  if (!isObject(value)) throw invalid(what, 'it is not an object')
  const [name, second] = [...value.keys()]
  if (name === 'create' || name === 'exercise') return typedCommand(value, what)
  if (name === 'CreateAndExerciseCommand') {
    throw invalid(
      what,
      'CreateAndExerciseCommand makes two roots, and a transaction that is signed has one',
    )
  }
  const known = (Object.keys(MEMBERS) as JsonCommandName[]).find((one) => one === name)
  if (known === undefined || second !== undefined) {
    throw invalid(
      what,
      `it has not exactly one member, one of ${Object.keys(MEMBERS).join(', ')}, or for gRPC create, exercise`,
    )
  }
  const members = value.get(known)
  if (members === undefined || !isObject(members)) throw invalid(what, `${known} is not an object`)
  for (const member of MEMBERS[known]) {
    if (!members.has(member)) throw invalid(what, `${known}.${member} is missing`)
  }
  const odd = [...members.keys()].find((member) => !MEMBERS[known].includes(member))
  if (odd !== undefined) throw invalid(what, `${known} has no member ${escapeText(odd)}`)
  return {
    form: { $case: 'json', body: plain(value) },
    byKey: known === 'ExerciseByKeyCommand',
    roots: rootsOf(known, members, what),
  }
}

function typedCommand(value: JsonValue, what: string): DamlCommand {
  try {
    const typed = readTypedCommand({ value, path: 'command' })
    const { packageId, moduleName, entityName } = typed.template
    const byName = packageId.startsWith('#')
    const type = { moduleName, entityName, ...(byName ? {} : { packageId }) }
    const named = { template: type, ...(byName ? { packageName: packageId.slice(1) } : {}) }
    const { wire, contractId, choice } = typed
    const exercise = { $case: 'exercise', choice, contractId } as const
    return {
      form: { $case: 'grpc', wire },
      byKey: false,
      roots:
        typed.kind === 'create'
          ? [{ $case: 'create', ...named }]
          : [
              { ...exercise, ...named, interface: null },
              { ...exercise, interface: type },
            ],
    }
  } catch (error) {
    if (error instanceof CantosignError) throw invalid(what, error.message)
    throw error
  }
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)

/** JSON that was read strictly, as JSON.stringify takes it. */
export function plain(value: JsonValue): unknown {
  if (isObject(value)) {
    return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]))
  }
  return isList(value) ? value.map(plain) : value
}

export interface PrepareRequest {
  readonly command: DamlCommand
  readonly commandId: string
  readonly actAs: readonly string[]
  readonly readAs: readonly string[]
  /** As it is sent. */
  readonly disclosedContracts: readonly unknown[]
  /** Logical; empty: the participant chooses. */
  readonly synchronizerId: string
  readonly scheme: HashingScheme
  /** RFC 3339 in UTC with microseconds at most. */
  readonly maxRecordTime: string | undefined
  /** Empty: the user of the token. */
  readonly userId: string
}

export interface Prepared {
  readonly read: ReadPreparedTransaction
  readonly scheme: HashingScheme
  /** 32 bytes, computed here. */
  readonly hash: Uint8Array
  /** What keeps it from being signed; it answers the request all the same. */
  readonly refusals: readonly Finding[]
}

function bodyOf(request: PrepareRequest, command: unknown): Readonly<Record<string, unknown>> {
  const { scheme, maxRecordTime } = request
  return {
    userId: request.userId,
    commandId: request.commandId,
    commands: [command],
    actAs: request.actAs,
    readAs: request.readAs,
    disclosedContracts: request.disclosedContracts,
    synchronizerId: request.synchronizerId,
    packageIdSelectionPreference: [],
    verboseHashing: false,
    prefetchContractKeys: [],
    ...(maxRecordTime === undefined ? {} : { maxRecordTime }),
    // Release lines before 3.5 know one scheme and no such member.
    ...(scheme === 'V2' ? {} : { hashingSchemeVersion: `HASHING_SCHEME_VERSION_${scheme}` }),
  }
}

function typedRequest(request: PrepareRequest, wire: TypedCommand['wire']): TypedPrepareRequest {
  const { disclosedContracts, maxRecordTime, scheme } = request
  if (disclosedContracts.length > 0) {
    throw new CantosignError(
      'usage',
      'disclosed contracts go with commands of the JSON Ledger API',
      'write the command for the JSON Ledger API, and give --json-api URL',
    )
  }
  const { commandId, actAs, readAs, synchronizerId, userId } = request
  return { command: wire, commandId, actAs, readAs, synchronizerId, userId, maxRecordTime, scheme }
}

/** Findings that say the transaction is another one than was asked for. */
const DIFFERENCES = /^other-/

/** How a transaction differs from its command, `undefined` if it does not. */
function differenceOf(
  refusals: readonly Finding[],
  { byKey: asked }: DamlCommand,
): string | undefined {
  const others = refusals.filter(({ code }) => DIFFERENCES.test(code))
  // The key itself is not compared: a command has it in JSON. That one was looked up is.
  const byKey = others.some(({ code }) => code === 'other-key')
  if (asked && !byKey) return 'no key was looked up (other-key)'
  const other = others.find(({ code }) => code !== 'other-key' || !asked)
  return other === undefined ? undefined : `${other.message} (${other.code})`
}

function differs(what: string): CantosignError {
  return new CantosignError(
    'answer-differs',
    `the participant prepared something else than was asked for: ${what}`,
    'do not sign it; ask another participant',
  )
}

/** Microseconds since 1970, `undefined` for what is no time. */
function recordTimeMicros(text: string): bigint | undefined {
  const time = parseTimeText('Timestamp', text)
  return time === undefined ? undefined : time.seconds * 1_000_000n + BigInt(time.nanos) / 1000n
}

/**
 * Has a transaction prepared. Its hash is computed here, and what it does is compared with the
 * command; arguments are for who signs to read.
 * @throws CantosignError `answer-differs`, `response-malformed`, and as the call
 */
export async function prepareTransaction(
  ledger: LedgerApi,
  request: PrepareRequest,
): Promise<Prepared> {
  const { form } = request.command
  const answer =
    form.$case === 'json'
      ? await ledger.prepareJson(bodyOf(request, form.body))
      : await ledger.prepareTyped(typedRequest(request, form.wire))
  const { scheme } = request
  if (answer.scheme !== HASHING_SCHEMES[scheme].number) {
    throw differs(`it is for hashing scheme ${answer.scheme}, not ${scheme}`)
  }
  const read = readPreparedTransaction(answer.preparedTransaction)
  const fatal = read.findings.find(({ code }) => severityOf(code) === 'fatal')
  if (fatal !== undefined) {
    throw new CantosignError(
      'response-malformed',
      `the prepared transaction cannot be read: ${fatal.message} at ${escapeText(fatal.path)}`,
      'see the release of the participant with info; a newer one may need a newer version of this tool',
    )
  }
  const result = hashPreparedTransaction(read, scheme)
  if (result.$case === 'undetermined') throw differs('it has no single hash')
  if (!equalBytes(result.hash, answer.claimedHash)) {
    throw differs(
      `it says that the hash is ${toHex(answer.claimedHash)}, and it is ${toHex(result.hash)}`,
    )
  }
  const { command, synchronizerId, actAs, commandId } = request
  const attempts = command.roots.map((root) => {
    const expected: ExpectedTransaction = { root, actAs, commandId }
    const { refusals } = judgePreparedTransaction(read, scheme, expected)
    return { refusals, other: differenceOf(refusals, command) }
  })
  const fitting = attempts.find(({ other }) => other === undefined) ?? attempts[0]
  if (fitting === undefined) throw new Error('a command has at least one form')
  if (fitting.other !== undefined) throw differs(fitting.other)
  const chosen = logicalSynchronizerText(read.value?.metadata?.synchronizerId ?? '')
  if (synchronizerId !== '' && chosen !== synchronizerId) {
    throw differs(`it is for the synchronizer ${escapeText(chosen)}`)
  }
  const { maxRecordTime } = request
  const latest = read.value?.metadata?.maxRecordTime
  if (maxRecordTime !== undefined && latest !== recordTimeMicros(maxRecordTime)) {
    throw differs(
      latest === undefined
        ? `it has no latest record time, not ${maxRecordTime}`
        : `its latest record time is ${ledgerTimeText(latest)}, not ${maxRecordTime}`,
    )
  }
  const refusals = fitting.refusals.filter(({ code }) => !DIFFERENCES.test(code))
  return { read, scheme, hash: result.hash, refusals }
}
