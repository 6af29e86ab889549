/** `transaction prepare`: a command becomes a prepared transaction that is what was asked for. */
import { toHex } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { parseHashingScheme } from '../../src/daml/scheme.ts'
import { preparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { readWholeFile } from '../../src/host/files.ts'
import {
  logicalSynchronizerText,
  parsePartyId,
  uniqueIdentifierText,
} from '../../src/ident/identifiers.ts'
import {
  plain,
  prepareTransaction,
  readCommand,
  type Prepared,
  type PrepareRequest,
} from '../../src/online/prepare.ts'
import { createPackage } from '../../src/package/create.ts'
import { readJson, type JsonValue } from '../../src/package/json-text.ts'
import { writePackage } from '../../src/package/write.ts'
import { parseTimeText } from '../../src/wire/time-text.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { requireOutput, writeOutput } from '../commands/output.ts'
import type { Io } from '../io.ts'
import { preparedLines } from '../present/prepared.ts'
import { connectionOf } from './connection.ts'
import { withLedger } from './open.ts'
import { TRANSACTION_PREPARE_OPTIONS } from './party-options.ts'

const MAX_COMMAND_BYTES = 16 * 1024 * 1024

export const run: CommandRun = async (args, io) => {
  const path = args.positional('command')
  const output = requireOutput(args, io)
  const { settings, synchronizer } = connectionOf(args, TRANSACTION_PREPARE_OPTIONS)
  const request = requestOf(path, args.string('synchronizer') ?? synchronizer ?? '', args)
  const prepared = await withLedger(settings, async (ledger) => prepareTransaction(ledger, request))
  const content = createPackage({
    text: {
      requestedBy: args.string('requested-by'),
      reason: args.string('reason'),
      validUntil: args.string('valid-until'),
    },
    transactions: [],
    preparedTransactions: [{ bytes: prepared.read.bytes, scheme: prepared.scheme }],
  })
  writeOutput(output, writePackage(content), args, io, [path])
  present(request.commandId, prepared, output, args, io)
  return ExitStatus.done
}

function readJsonFile(path: string): JsonValue {
  return readJson(readWholeFile(path, MAX_COMMAND_BYTES), path)
}

/** A time in UTC that has whole microseconds. */
function isTime(text: string): boolean {
  const time = parseTimeText('Timestamp', text)
  return time !== undefined && time.nanos % 1000 === 0
}

/** @throws CantosignError `usage`, `command-invalid`, `identifier-invalid` */
function requestOf(path: string, synchronizer: string, args: Arguments): PrepareRequest {
  const actAs = args.strings('act-as').map((text) => uniqueIdentifierText(parsePartyId(text)))
  if (actAs.length === 0) {
    throw new CantosignError('usage', 'no party acts', 'name who acts: --act-as PARTY')
  }
  const maxRecordTime = args.string('max-record-time')
  if (maxRecordTime !== undefined && !isTime(maxRecordTime)) {
    throw new CantosignError(
      'usage',
      `--max-record-time ${maxRecordTime} is no time in UTC`,
      'write it like 2030-01-31T12:00:00Z, with three or six digits behind the second or none',
    )
  }
  const disclosedPath = args.string('disclosed-contracts')
  const disclosed = disclosedPath === undefined ? [] : readJsonFile(disclosedPath)
  if (!isList(disclosed)) {
    throw new CantosignError(
      'command-invalid',
      `${disclosedPath ?? ''} is no list of disclosed contracts`,
      'write a JSON list, each with templateId, contractId, createdEventBlob and synchronizerId',
    )
  }
  return {
    command: readCommand(readJsonFile(path), path),
    commandId: args.string('command-id') ?? `cantosign-${globalThis.crypto.randomUUID()}`,
    actAs,
    readAs: args.strings('read-as').map((text) => uniqueIdentifierText(parsePartyId(text))),
    disclosedContracts: disclosed.map(plain),
    synchronizerId: synchronizer === '' ? '' : logicalSynchronizerText(synchronizer),
    scheme: parseHashingScheme(args.string('hashing-scheme') ?? 'v2'),
    maxRecordTime,
    userId: args.string('user-id') ?? '',
  }
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)

function present(
  commandId: string,
  { read, scheme, hash, refusals }: Prepared,
  output: string,
  args: Arguments,
  io: Io,
): void {
  if (args.json) {
    io.stdout.write(
      `${JSON.stringify({
        output,
        commandId,
        hash: toHex(hash),
        hashingScheme: scheme,
        refusals: refusals.map(({ code, path, message }) => ({ code, path, message })),
      })}\n`,
    )
    return
  }
  if (args.quiet) return
  const report = preparedReport(read, scheme, { now: systemTimeMicros() })
  const lines = [`wrote ${escapeText(output)}`, '', ...preparedLines([report])]
  io.stderr.write(`${lines.join('\n')}\n`)
}
