/** `attach` of a signature over a prepared Daml transaction. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import { packageState, requireSound } from '../../src/explain/package-judgement.ts'
import type { Fingerprint } from '../../src/ident/fingerprint.ts'
import { addPreparedSignatures } from '../../src/package/add-prepared.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { keyResolver, verifyPackage } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { preparedStandingJson, preparedStandingLines } from '../present/prepared-verdict.ts'
import { writeOutput } from './output.ts'
import {
  namedParties,
  onlyParties,
  partiesOf,
  unneededKey,
  warnOfUnknown,
} from './prepared-choice.ts'
import { judgePreparedTransactions, packageActingStates } from './prepared-state.ts'
import type { StateInput } from './state-input.ts'

/** A signature, and the prepared transaction of a package that it is said to be over. */
export interface PreparedAttachment {
  readonly content: SigningPackage
  /** Position of the prepared transaction. */
  readonly index: number
  readonly path: string
  readonly signaturePath: string
  readonly signature: Uint8Array
  readonly signedBy: Fingerprint
}

/**
 * Verifies the signature and writes the package with it.
 * @throws CantosignError `usage`, `state-invalid`, `party-not-acting`, `key-unneeded`, and as `addPreparedSignatures`
 */
export function attachPrepared(
  attachment: PreparedAttachment,
  beside: StateInput,
  output: string,
  args: Arguments,
  io: Io,
): ExitStatus {
  const { content, index, path, signaturePath, signature, signedBy } = attachment
  checkOptions(args)
  requireSound(packageState(content, beside))
  const entry = content.preparedTransactions[index]
  const states = packageActingStates(content, beside)
  const acting = states[index]
  if (entry === undefined || acting === undefined) throw new Error('no such prepared transaction')
  const { parties: own, need } = partiesOf(acting, signedBy, namedParties([acting], args))
  const { package: made, replaced } = addPreparedSignatures(
    content,
    [{ hash: entry.hash, parties: onlyParties(own, acting), signedBy, signature }],
    { resolve: beside.resolve, limits: beside.limits },
  )
  if (need === 'unneeded' && !args.flag('allow-unneeded')) throw unneededKey(signedBy)
  if (need === 'unknown') warnOfUnknown(signedBy, io)
  writeOutput(output, writePackage(made, beside.limits), args, io, [path, signaturePath])

  const verdicts = verifyPackage(made, beside.resolve)
  const judgement = judgePreparedTransactions(made, verdicts, states)[index]
  if (judgement === undefined) throw new Error('a prepared transaction without its judgement')
  const key = keyResolver(made, beside.resolve)(signedBy)
  if (args.json) {
    const document = {
      combined: null,
      signedBy,
      algorithm: key === undefined ? null : algorithmOf(key.keySpec),
      format: key === undefined ? null : encodingOf(key.keySpec),
      output,
      replaced: replaced.length,
      transactions: [preparedStandingJson(judgement)],
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet) {
    const lines = [
      ...(replaced.length > 0
        ? ['an earlier signature by this key did not verify and gave way']
        : []),
      `attached the signature by ${escapeText(signedBy)}`,
      entry.hash,
      ...preparedStandingLines(judgement),
    ]
    io.stderr.write(`${lines.join('\n')}\n`)
  }
  return ExitStatus.done
}

/** @throws CantosignError `usage` for options that say nothing to a prepared transaction */
function checkOptions(args: Arguments): void {
  if (args.flag('combined')) {
    throw new CantosignError(
      'usage',
      'a combined signature is over topology transactions, and a prepared one is named',
      'leave out --combined',
    )
  }
  if (args.strings('accept-danger').length > 0) {
    throw new CantosignError(
      'usage',
      '--accept-danger means nothing to a prepared Daml transaction',
      'leave it out: what keeps such a transaction from being signed is lifted by no option',
    )
  }
}
