/** `party generate`: the topology of a new party as a participant proposes it, checked. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import type { SigningKeySpec } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { transactionReport } from '../../src/explain/report.ts'
import { logicalSynchronizerText } from '../../src/ident/identifiers.ts'
import { checkGenerated, type AskedParty } from '../../src/online/generated-topology.ts'
import type { LedgerApi } from '../../src/online/ledger.ts'
import { createPackage } from '../../src/package/create.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { writePackage } from '../../src/package/write.ts'
import { requireOutput, writeOutput } from '../commands/output.ts'
import { readPublicKeyFile } from '../commands/public-key-input.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { transactionLines } from '../present/transaction.ts'
import { connectionOf } from './connection.ts'
import { withLedger } from './open.ts'
import { PARTY_GENERATE_OPTIONS } from './party-options.ts'

const KEY_SPEC_NUMBER: Readonly<Record<SigningKeySpec, number>> = {
  EC_CURVE25519: 1,
  EC_P256: 2,
  EC_P384: 3,
  EC_SECP256K1: 4,
}

export const run: CommandRun = async (args, io) => {
  const hint = required(args, 'hint', 'NAME')
  const keyPath = required(args, 'public-key', 'FILE')
  const threshold = thresholdOf(args)
  refuseNobodyConfirms(args)
  const output = requireOutput(args, io)
  const key = await readPublicKeyFile(keyPath)
  const { settings, synchronizer: ofProfile } = connectionOf(args, PARTY_GENERATE_OPTIONS)
  const named = args.string('synchronizer') ?? ofProfile
  const content = await withLedger(settings, async (ledger) => {
    const synchronizer = await synchronizerOf(ledger, named)
    const asked: AskedParty = {
      hint,
      key,
      participant: await ledger.participantId(),
      observationOnly: args.flag('observation-only'),
      confirming: args.strings('confirming'),
      observing: args.strings('observing'),
      threshold,
    }
    return await generate(ledger, asked, synchronizer, args)
  })
  writeOutput(output, writePackage(content), args, io, [keyPath])
  present(content, key, hint, output, args, io)
  return ExitStatus.done
}

/** @throws CantosignError `usage` */
function required(args: Arguments, name: string, value: string): string {
  const text = args.string(name)
  if (text !== undefined && text !== '') return text
  throw new CantosignError('usage', `--${name} is missing`, `give it: --${name} ${value}`)
}

/** @throws CantosignError `usage` */
function thresholdOf(args: Arguments): number {
  const text = args.string('threshold')
  if (text === undefined) return 0
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new CantosignError(
    'usage',
    `--threshold ${text} is no number of hosts`,
    'write it in decimal digits',
  )
}

/** A participant answers this with a fault of its own. @throws CantosignError `usage` */
function refuseNobodyConfirms(args: Arguments): void {
  if (!args.flag('observation-only') || args.strings('confirming').length > 0) return
  throw new CantosignError(
    'usage',
    'no host would confirm for the party',
    'name one that does: --confirming PARTICIPANT',
  )
}

/** Only logical ids are taken. @throws CantosignError `synchronizer-unclear`, `synchronizer-unknown` */
async function synchronizerOf(ledger: LedgerApi, named: string | undefined): Promise<string> {
  if (named !== undefined) return logicalSynchronizerText(named)
  const ids = (await ledger.connectedSynchronizers()).map(({ id }) => id)
  const [only, second] = ids
  if (only !== undefined && second === undefined) return only
  throw new CantosignError(
    only === undefined ? 'synchronizer-unknown' : 'synchronizer-unclear',
    only === undefined
      ? 'the participant is connected to no synchronizer'
      : `the participant is connected to several synchronizers: ${ids.map((id) => escapeText(id)).join(', ')}`,
    'name the one that is meant: --synchronizer ID',
  )
}

async function generate(
  ledger: LedgerApi,
  asked: AskedParty,
  synchronizer: string,
  args: Arguments,
): Promise<SigningPackage> {
  const answer = await ledger.generateExternalPartyTopology({
    synchronizer,
    partyHint: asked.hint,
    publicKey: { spki: asked.key.spki, keySpec: KEY_SPEC_NUMBER[asked.key.keySpec] },
    observationOnly: asked.observationOnly,
    otherConfirming: asked.confirming,
    confirmationThreshold: asked.threshold,
    observing: asked.observing,
  })
  const transactions = checkGenerated(answer, asked)
  return createPackage({
    network: { synchronizerId: synchronizer },
    text: {
      requestedBy: args.string('requested-by'),
      reason: args.string('reason'),
      validUntil: args.string('valid-until'),
    },
    transactions: transactions.map(({ bytes }) => ({ bytes, proposal: true })),
  })
}

function present(
  content: SigningPackage,
  key: PublicKey,
  hint: string,
  output: string,
  args: Arguments,
  io: Io,
): void {
  const partyId = `${hint}::${key.fingerprint}`
  const reports = content.transactions.map(({ transaction }) => transactionReport(transaction))
  if (args.json) {
    const transactions = reports.map(({ hash, operation, serial, mapping, summary }) => ({
      hash,
      operation,
      serial,
      mapping,
      summary,
    }))
    io.stdout.write(
      `${JSON.stringify({ output, partyId, synchronizer: content.network.synchronizerId, transactions })}\n`,
    )
    return
  }
  if (args.quiet) return
  const lines = [
    `wrote ${escapeText(output)}: the participant proposes for ${escapeText(partyId)}`,
    ...reports.flatMap((report) => ['', ...transactionLines(report)]),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
