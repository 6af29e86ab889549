/** `watch`: follows a package until its transactions are in force or overtaken. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { chooseStore } from '../../src/online/store.ts'
import { serialTaken } from '../../src/online/submit.ts'
import { limitsIn } from '../commands/limits.ts'
import { readPackageInput } from '../commands/package-input.ts'
import type { CommandRun } from '../command.ts'
import { connectionOf, secondsOf } from './connection.ts'
import { followPackage } from './following.ts'
import { withAdmin } from './open.ts'
import { followedJson, followedLines, isInForce } from './submission-present.ts'
import { WATCH_OPTIONS } from './topology-options.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('package')
  const judged = await readPackageInput(path, { limits: limitsIn(args) })
  const { transactions, network } = judged.package
  if (transactions.length === 0) {
    throw new CantosignError(
      'usage',
      `${path} holds no topology transactions to follow`,
      'the outcome of a Daml transaction is shown by: transaction execute --wait',
    )
  }
  const seconds = secondsOf(args, 'wait-timeout')
  const { settings, synchronizer } = connectionOf(args, WATCH_OPTIONS)
  const { store, followed } = await withAdmin(settings, async (admin) => {
    const named = args.string('synchronizer') ?? network.synchronizerId ?? synchronizer
    const chosen = await chooseStore(admin, named)
    const last = await followPackage(admin, chosen, judged, args, io, {
      timeoutSeconds: seconds ?? Infinity,
      until: 'settled',
      isNew: false,
    })
    return { store: chosen, followed: last }
  })
  for (const { hash, standing, proved } of followed) {
    if (standing.$case === 'superseded') throw serialTaken(hash, standing, proved)
  }
  if (args.json) {
    const listed = followed.map(followedJson)
    io.stdout.write(`${JSON.stringify({ store: store.name, transactions: listed })}\n`)
  } else io.stdout.write(`${followed.flatMap(followedLines).join('\n')}\n`)
  return followed.every(isInForce) ? ExitStatus.done : ExitStatus.incomplete
}
