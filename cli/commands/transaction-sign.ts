/** `transaction sign`: shows what a prepared Daml transaction does, asks, signs its 32-byte hash. */
import { decodeUtf8 } from '../../src/base/bytes.ts'
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { readPreparedExpectation } from '../../src/build/prepared-expectation.ts'
import { YAML_LIMITS } from '../../src/build/yaml.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { ExpectedTransaction } from '../../src/daml/expectation.ts'
import { preparedReport, type PreparedReport } from '../../src/explain/prepared-report.ts'
import { systemTimeMicros } from '../../src/host/clock.ts'
import { readWholeFile } from '../../src/host/files.ts'
import type { Signer } from '../../src/signer/signer.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { actingLines, preparedLines } from '../present/prepared.ts'
import { confirmSignature, refuseUnasked } from './confirmation.ts'
import { openSigner, requireKeyUri } from './key-opening.ts'
import { requireOutput, writeOutput } from './output.ts'
import { partySignaturesOf, writePartySignatures } from './party-signatures.ts'
import {
  checkClaimedHash,
  digestOfText,
  readPreparedInput,
  requireScheme,
} from './prepared-input.ts'
import { readActingState, type ActingState } from './prepared-state.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('file')
  const output = requireOutput(args, io)
  refuseForm(args)
  refuseUnasked(args, io)
  const input = await readPreparedInput(path)
  const scheme = requireScheme(input, path, args)
  checkClaimedHash(input, scheme, path)
  const state = await readActingState(input.read, args)
  const named = namedParties(state, args)
  const expected = readExpectation(args)
  const report = (ownParties: readonly string[]): PreparedReport =>
    preparedReport(input.read, scheme, {
      ...(expected === undefined ? {} : { expected }),
      ownParties: new Set(ownParties),
      now: systemTimeMicros(),
    })
  requireSound(report(named), path)

  const signer = await openSigner(args, io)
  try {
    const key = await signer.publicKey()
    const own = ownParties(state, key, named, args, io)
    const shown = report(own)
    if (!args.quiet) {
      const lines = [
        escapeText(path),
        ...preparedLines([shown]),
        ...actingLines(state.parties, key.fingerprint),
        '',
        `with the key    ${key.fingerprint}`,
      ]
      io.stderr.write(`${lines.join('\n')}\n`)
    }
    const parties = args.flag('party-signatures') ? onlyParties(own, state) : []
    const { hash } = requireSound(shown, path)
    await confirmSignature({ hash, count: 1, combined: false, key }, args, io)
    const signature = await signHash(signer, hash)
    const bytes =
      parties.length === 0
        ? signature
        : writePartySignatures({
            scheme,
            hash: digestOfText(hash),
            signatures: partySignaturesOf(key, signature, parties),
          })
    writeOutput(output, bytes, args, io, inputPaths(path, args, io))
    present(shown, key, parties, output, args, io)
    return ExitStatus.done
  } finally {
    signer.close()
  }
}

/** @throws CantosignError `usage` */
function refuseForm(args: Arguments): void {
  if (!args.flag('detached') || !args.flag('party-signatures')) return
  throw new CantosignError(
    'usage',
    '--detached and --party-signatures do not go together',
    'choose the bare signature bytes or the document for execute',
  )
}

/**
 * What was asked for, from `--expect`.
 * @throws CantosignError as `readPreparedExpectation`
 */
function readExpectation(args: Arguments): ExpectedTransaction | undefined {
  const path = args.string('expect')
  if (path === undefined) return undefined
  const text = decodeUtf8(readWholeFile(path, 4 * YAML_LIMITS.characters))
  if (text !== undefined) return readPreparedExpectation(text, path)
  throw new CantosignError('yaml-invalid', `${path} is not UTF-8 text`, 'save it as UTF-8')
}

/** Every file that is read: none of them is replaced, also with `--force`. */
function inputPaths(path: string, args: Arguments, io: Io): readonly string[] {
  const key = requireKeyUri(args.string('key'), io.program)
  const named = [...args.strings('state'), ...args.strings('expect')]
  return [path, ...named, ...(key.$case === 'file' ? [key.path] : [])]
}

/**
 * The parties that `--party` names.
 * @throws CantosignError `party-not-acting`
 */
function namedParties({ parties }: ActingState, args: Arguments): readonly string[] {
  const named = [...new Set(args.strings('party'))]
  const acting = parties.map(({ party }) => party)
  const stranger = named.find((party) => !acting.includes(party))
  if (stranger === undefined) return named
  throw new CantosignError(
    'party-not-acting',
    `${stranger} does not act in this transaction`,
    'its signature is not asked for; the parties that act are shown by transaction inspect',
    { details: { acting } },
  )
}

/**
 * The hashes of a transaction that nothing keeps from being signed.
 * @throws CantosignError `prepared-refused`
 */
function requireSound(
  { hashes, refusals }: PreparedReport,
  path: string,
): NonNullable<PreparedReport['hashes']> {
  const [first] = refusals
  if (first === undefined && hashes !== undefined) return hashes
  const more = refusals.length > 1 ? `, and ${refusals.length - 1} more` : ''
  const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`
  throw new CantosignError(
    'prepared-refused',
    `${path} is not signed: ${first === undefined ? 'its hash is not determined' : `${first.code}, ${first.message}${where}${more}`}`,
    'no option lifts this; see all of it with transaction inspect, and have the transaction prepared anew',
    { details: { refusals: refusals.map(({ code, path: place }) => ({ code, path: place })) } },
  )
}

/**
 * The acting parties that the key signs for: those of `--party`, those that the state proves to
 * list it, and without proof those whose namespace it is.
 * @throws CantosignError `key-unneeded` (rule S5)
 */
function ownParties(
  { given, parties }: ActingState,
  key: PublicKey,
  named: readonly string[],
  args: Arguments,
  io: Io,
): readonly string[] {
  const { fingerprint } = key
  const asked = named.length === 0 ? parties : parties.filter(({ party }) => named.includes(party))
  const listing = asked.filter(({ listed }) => listed?.keys.has(fingerprint) === true)
  const open = asked.filter(({ listed }) => listed === undefined)
  if (listing.length > 0) return listing.map(({ party }) => party)
  if (open.length === 0 && !args.flag('allow-unneeded')) {
    throw new CantosignError(
      'key-unneeded',
      `no party that acts lists the key ${fingerprint} for signing Daml transactions`,
      'use a key that the PartyToParticipant of the party lists with the usage PROTOCOL, or --allow-unneeded',
    )
  }
  const own = open.map(({ party }) => party).filter((party) => party.endsWith(`::${fingerprint}`))
  if (open.length > 0 && (own.length === 0 || given)) {
    io.stderr.write(
      `${io.program.name}: warning: whether the key ${fingerprint} signs for a party that acts ` +
        'cannot be told without its PartyToParticipant: give it with --state\n',
    )
  }
  return named.length > 0 ? named : own
}

/** @throws CantosignError `usage` where it is not clear which party a document is for */
function onlyParties(own: readonly string[], { parties }: ActingState): readonly string[] {
  if (own.length > 0) return own
  const [only, second] = parties
  if (only !== undefined && second === undefined) return [only.party]
  throw new CantosignError(
    'usage',
    `${parties.length} parties act, and it is not known for which of them the key signs`,
    'name it: --party PARTY',
  )
}

/** The bare 32 bytes: a topology signature is over 34, so neither can be taken for the other. */
async function signHash(signer: Signer, hash: string): Promise<Uint8Array> {
  return await signer.sign({ message: digestOfText(hash) })
}

function present(
  report: PreparedReport,
  key: PublicKey,
  parties: readonly string[],
  output: string,
  args: Arguments,
  io: Io,
): void {
  const hash = report.hashes?.hash ?? ''
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  if (args.json) {
    const document = {
      hash,
      hashingScheme: report.scheme,
      signedBy: key.fingerprint,
      algorithm,
      format,
      parties,
      output,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet || output === '-') return
  const lines = [
    `signed ${hash} (${report.scheme})`,
    `  by ${key.fingerprint} (${algorithm}, ${format})`,
    ...parties.map((party) => `  for ${escapeText(party)}`),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
