/** `party allocate`: a signed package allocates an external party over the Ledger API. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import { allocateParty, waitForHosting, type AllocationOutcome } from '../../src/online/allocate.ts'
import type { ConnectionSettings } from '../../src/online/connection.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { limitsIn } from '../commands/limits.ts'
import { readPackageInput } from '../commands/package-input.ts'
import type { Arguments, CommandRun } from '../command.ts'
import type { Io } from '../io.ts'
import { connectionOf, waitSecondsOf } from './connection.ts'
import { withLedger } from './open.ts'
import { PARTY_ALLOCATE_OPTIONS } from './party-options.ts'

export const run: CommandRun = async (args, io) => {
  const { package: content } = await readPackageInput(args.positional('package'), {
    limits: limitsIn(args),
  })
  const { settings, synchronizer } = connectionOf(args, PARTY_ALLOCATE_OPTIONS)
  return await allocatePackage(content, settings, synchronizer, new Set(), args, io)
}

/** Also what `submit` does where only the Ledger API is configured. */
export async function allocatePackage(
  content: SigningPackage,
  settings: ConnectionSettings,
  ofProfile: string | undefined,
  acceptedFindings: ReadonlySet<string>,
  args: Arguments,
  io: Io,
): Promise<ExitStatus> {
  const waitSeconds = waitSecondsOf(args)
  const synchronizerId = args.string('synchronizer') ?? content.network.synchronizerId ?? ofProfile
  const userId = args.string('user-id')
  const identityProviderId = args.string('identity-provider')
  const { outcome, hosted } = await withLedger(settings, async (ledger) => {
    const allocated = await allocateParty(ledger, content, {
      acceptedFindings,
      ...(synchronizerId === undefined ? {} : { synchronizerId }),
      ...(identityProviderId === undefined ? {} : { identityProviderId }),
      ...(userId === undefined ? {} : { userId }),
    })
    return {
      outcome: allocated,
      hosted:
        waitSeconds === undefined
          ? undefined
          : await waitForHosting(ledger, allocated, waitSeconds * 1000),
    }
  })
  present(outcome, hosted, args, io)
  return hosted === false ? ExitStatus.incomplete : ExitStatus.done
}

function present(
  { partyId, synchronizer, outcome }: AllocationOutcome,
  hosted: boolean | undefined,
  args: Arguments,
  io: Io,
): void {
  if (args.json) {
    io.stdout.write(
      `${JSON.stringify({ partyId, synchronizer, outcome, hosted: hosted ?? null })}\n`,
    )
    return
  }
  if (args.quiet) return
  const lines = [
    outcome === 'exists'
      ? `${escapeText(partyId)} is allocated already on ${escapeText(synchronizer)}`
      : `${escapeText(partyId)} is handed in on ${escapeText(synchronizer)}`,
    ...(outcome === 'exists'
      ? ['  whether with the hosts, threshold and keys of the package, the Ledger API does not say']
      : []),
    ...(hosted === true ? ['  the participant hosts it'] : []),
    ...(hosted === false ? ['  it is not hosted yet: other hosts may have to sign'] : []),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
