/** `info`: who a participant is, and what the token may do there. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import {
  adminInfo,
  ledgerInfo,
  type AdminInfo,
  type Answer,
  type LedgerInfo,
} from '../../src/online/info.ts'
import type { CommandRun } from '../command.ts'
import { errorJson } from '../present/error.ts'
import { connectionOf, missingAddress } from './connection.ts'
import { ANY_CONNECTION } from './connection-options.ts'
import { withApis } from './open.ts'

export const run: CommandRun = async (args, io) => {
  const { settings } = connectionOf(args, ANY_CONNECTION)
  const { admin, ledger } = await withApis(settings, async (apis) => ({
    admin: apis.admin === undefined ? undefined : await adminInfo(apis.admin),
    ledger: apis.ledger === undefined ? undefined : await ledgerInfo(apis.ledger),
  }))
  if (admin === undefined && ledger === undefined) {
    throw missingAddress('APIs', '--admin-api HOST:PORT, --ledger-api HOST:PORT or --json-api URL')
  }
  if (args.json) io.stdout.write(`${JSON.stringify(infoJson(admin, ledger))}\n`)
  else io.stdout.write(`${[...adminLines(admin), ...ledgerLines(ledger)].join('\n')}\n`)
  const answers = [admin, ledger].flatMap((one) => Object.values(one ?? {}) as unknown[])
  return answers.some(isValue) ? ExitStatus.done : ExitStatus.network
}

const isValue = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true

/** A value, or `null` where it is not known; why stands in `problems`. */
const valueOf = <T>(answer: Answer<T>): T | null => (answer.ok ? answer.value : null)

function problemsOf(part: string, answers: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.entries(answers).flatMap(([name, answer]) =>
    isFailure(answer) ? [{ part: `${part}.${name}`, error: errorJson(answer.error) }] : [],
  )
}

function isFailure(answer: unknown): answer is Extract<Answer<unknown>, { ok: false }> {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false
}

function infoJson(admin: AdminInfo | undefined, ledger: LedgerInfo | undefined): unknown {
  const id = [admin?.participantId, ledger?.participantId].find((one) => one?.ok === true)
  return {
    participantId: (id?.ok === true ? id.value : undefined) ?? null,
    admin:
      admin === undefined
        ? null
        : {
            address: admin.address,
            initialized: admin.participantId.ok ? admin.participantId.value !== undefined : null,
            synchronizers: valueOf(admin.synchronizers),
            stores: valueOf(admin.stores),
          },
    ledger:
      ledger === undefined
        ? null
        : {
            address: ledger.address,
            version: valueOf(ledger.version),
            synchronizers: valueOf(ledger.synchronizers),
            user: userJson(ledger.user),
          },
    problems: [
      ...(admin === undefined ? [] : problemsOf('admin', { ...admin })),
      ...(ledger === undefined ? [] : problemsOf('ledger', { ...ledger })),
    ],
  }
}

function userJson(user: LedgerInfo['user']): unknown {
  if (!user.ok) return null
  const { id, primaryParty, isDeactivated, rights } = user.value
  return {
    id,
    primaryParty: primaryParty === '' ? null : primaryParty,
    isDeactivated,
    rights: rights.map(({ kind, party }) => ({ kind, party: party ?? null })),
  }
}

function line<T>(label: string, answer: Answer<T>, text: (value: T) => string): string {
  const shown = answer.ok ? text(answer.value) : `not known: ${answer.error.message}`
  return `  ${label.padEnd(14)} ${shown}`
}

const list = (texts: readonly string[]): string =>
  texts.length === 0 ? 'none' : texts.map((one) => escapeText(one)).join('\n                 ')

function adminLines(admin: AdminInfo | undefined): readonly string[] {
  if (admin === undefined) return []
  return [
    `Admin API at ${admin.address}`,
    line('participant', admin.participantId, (id) =>
      id === undefined ? 'has no id yet' : escapeText(id),
    ),
    line('synchronizers', admin.synchronizers, (all) =>
      list(
        all.map(({ alias, id, physicalId }) => `${alias}: ${physicalId === '' ? id : physicalId}`),
      ),
    ),
    line('stores', admin.stores, list),
  ]
}

function ledgerLines(ledger: LedgerInfo | undefined): readonly string[] {
  if (ledger === undefined) return []
  return [
    `Ledger API at ${ledger.address}`,
    line('version', ledger.version, escapeText),
    line('participant', ledger.participantId, escapeText),
    line('synchronizers', ledger.synchronizers, (all) =>
      list(all.map(({ alias, id }) => `${alias}: ${id}`)),
    ),
    line('user', ledger.user, ({ id, isDeactivated }) =>
      isDeactivated ? `${escapeText(id)}, deactivated` : escapeText(id),
    ),
    line('rights', ledger.user, ({ rights }) =>
      list(rights.map(({ kind, party }) => (party === undefined ? kind : `${kind} ${party}`))),
    ),
  ]
}
