/** Following the transactions of a package in a store, with a line for whatever changes. */
import { escapeText } from '../../src/base/text.ts'
import type { AdminApi } from '../../src/online/admin.ts'
import { follow, isSettled, type Standing } from '../../src/online/standing.ts'
import type { ChosenStore } from '../../src/online/store.ts'
import { prepareSubmission } from '../../src/online/submit.ts'
import type { JudgedPackage } from '../../src/package/create.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { followedLines, type Followed } from './submission-present.ts'

export interface Following {
  /** `Infinity`: without an end. */
  readonly timeoutSeconds: number
  /** `seen`: in force, or a proposal with what was sent; `settled`: in force or overtaken. */
  readonly until: 'seen' | 'settled'
  /** It was handed in just now: that it is not there yet is not told. */
  readonly isNew: boolean
}

/** What has to change for a transaction to be shown again. */
function stateText(standing: Standing): string {
  const stored = 'stored' in standing ? standing.stored.signatures.length : 0
  return `${standing.$case} ${stored}`
}

/** True if the store has the transaction with every signature that counts, those sent just now too. */
function isSeen({ standing, authorization }: Followed): boolean {
  if (standing.$case !== 'pending') return standing.$case !== 'absent'
  const stored = new Set(standing.stored.signatures.map(({ wire }) => wire.signedBy))
  return authorization.signed.every((one) => stored.has(one))
}

/**
 * Follows a package until its transactions are as is wanted, or the time is over.
 * @returns how they stand at the end
 */
export async function followPackage(
  admin: AdminApi,
  store: ChosenStore,
  judged: JudgedPackage,
  args: Arguments,
  io: Io,
  { timeoutSeconds, until, isNew }: Following,
): Promise<readonly Followed[]> {
  const { package: content, verdicts } = judged
  const transactions = content.transactions.map(({ transaction }) => transaction)
  const shows = !args.json && !args.quiet && until === 'settled'
  const remark = (text: string): void => {
    if (!args.quiet) io.stderr.write(`${text}\n`)
  }
  let before: readonly string[] = []
  let followed: readonly Followed[] = []
  /** Which of them are told anew. What is shown is what was judged: it may be later than the look. */
  const judge = async (looked: readonly Standing[]): Promise<readonly boolean[]> => {
    if (looked.every((one, i) => stateText(one) === before[i])) return []
    const { standings, judgements, proved } = await prepareSubmission(
      admin,
      store,
      content,
      verdicts,
    )
    followed = standings.flatMap((standing, i) => {
      const { hash, authorization } = judgements[i] ?? {}
      if (hash === undefined || authorization === undefined) return []
      return [{ hash, standing, authorization, proved: proved[i] === true }]
    })
    const now = standings.map(stateText)
    const fresh = now.map((one, i) => one !== before[i])
    before = now
    return fresh
  }
  const changes = follow(admin, store, transactions, {
    timeoutMillis: timeoutSeconds * 1000,
    judge,
    onFailure: ({ message }) => {
      remark(`${io.program.name}: ${escapeText(message)}; trying again`)
    },
  })
  for await (const fresh of changes) {
    const enough = followed.every((one) =>
      until === 'settled' ? isSettled(one.standing) : isSeen(one),
    )
    // How it ends is shown by the command.
    if (enough) break
    const lines = followed
      .filter(({ standing }, i) => fresh[i] === true && !(isNew && standing.$case === 'absent'))
      .flatMap(followedLines)
    if (shows && lines.length > 0) remark(lines.join('\n'))
  }
  return followed
}
