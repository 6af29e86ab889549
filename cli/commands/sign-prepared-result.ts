/** What signing the prepared transactions of a package says, once the signatures are made. */
import { escapeText } from '../../src/base/text.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { PreparedJudgement } from '../../src/explain/prepared-judgement.ts'
import type { Judgement } from '../../src/explain/standing.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'
import { preparedStandingJson, preparedStandingLines } from '../present/prepared-verdict.ts'
import { standingJson } from '../present/signing.ts'
import type { MadeSignature } from './sign-result.ts'

export interface SignedContents {
  readonly key: PublicKey
  readonly output: string
  /** How many of the signatures each implementation verified. */
  readonly verifiedByNode: number
  readonly verifiedByNoble: number
  /** The topology transactions among them. */
  readonly topology: MadeSignature | undefined
  readonly prepared: readonly {
    /** With the new signature. */
    readonly judgement: PreparedJudgement
    /** The policy's rule that allowed it. */
    readonly rule: string | undefined
  }[]
}

export function presentContents(signed: SignedContents, args: Arguments, io: Io): void {
  const { key, output, topology, prepared, verifiedByNode, verifiedByNoble } = signed
  const algorithm = algorithmOf(key.keySpec)
  const format = encodingOf(key.keySpec)
  const judgements = (topology?.indices ?? []).flatMap(
    (index, i): readonly (readonly [Judgement, string | undefined])[] => {
      const judgement = topology?.after[index]
      return judgement === undefined ? [] : [[judgement, topology?.rules?.[i]]]
    },
  )
  const ruleJson = (rule: string | undefined): object => (rule === undefined ? {} : { rule })
  if (args.json) {
    const transactions = [
      ...judgements.map(([one, rule]) => ({ ...standingJson(one), ...ruleJson(rule) })),
      ...prepared.map(({ judgement, rule }) => ({
        ...preparedStandingJson(judgement),
        ...ruleJson(rule),
      })),
    ]
    const hashes = [
      ...judgements.map(([{ hash }]) => hash),
      ...prepared.map(({ judgement: { hash } }) => hash),
    ]
    const document = {
      ...(hashes.length === 1 ? { hash: hashes[0] } : {}),
      combined: null,
      signedBy: key.fingerprint,
      algorithm,
      format,
      proposal: null,
      output,
      verified: { nodeCrypto: verifiedByNode, noble: verifiedByNoble },
      transactions,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  if (args.quiet || output === '-') return
  const ruleLines = (rule: string | undefined): readonly string[] =>
    rule === undefined ? [] : [`  allowed by the rule ${escapeText(rule)}`]
  const lines = [
    '',
    ...judgements.flatMap(([{ hash, authorization }, rule]) => [
      `signed ${hash} (${authorization.status})`,
      ...ruleLines(rule),
    ]),
    ...prepared.flatMap(({ judgement, rule }) => [
      `signed ${judgement.hash} (${judgement.status})`,
      ...ruleLines(rule),
      ...preparedStandingLines(judgement),
    ]),
    `  by ${key.fingerprint} (${algorithm}, ${format})`,
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
}
