/** What the comments behind the commands of a document say, and what `verify` has to say then. */

/** What answers the questions that the program asks at a terminal. */
export function answered([program = '', ...args]: readonly string[]): readonly string[] {
  if (args[0] === 'sign' || (args[0] === 'transaction' && args[1] === 'sign')) {
    return [program, ...args, '--yes']
  }
  if (args[0] === 'key' && args[1] === 'generate') return [program, ...args, '--no-encrypt']
  return [program, ...args]
}

interface MissingEntry {
  readonly namespace?: string
  readonly key?: string
  readonly need: number
  readonly of: number
  readonly anyOf: readonly string[]
  readonly owners?: readonly { readonly namespace: string }[]
}

interface Verified {
  readonly ok: boolean
  readonly authorization: readonly { readonly missing: readonly MissingEntry[] }[]
}

/** Everybody who is missing: names, and groups of which some are needed. */
export function missingIn(document: string): readonly string[] {
  const { authorization } = JSON.parse(document) as Verified
  return authorization
    .flatMap(({ missing }) => missing)
    .map(({ namespace, key, need, owners }) =>
      owners === undefined
        ? (namespace ?? key ?? '')
        : `${need} of ${owners
            .map((owner) => owner.namespace)
            .sort()
            .join(' ')}`,
    )
    .sort()
}

/** The same from a comment: `5 of { $OWNER1 … } $HOST1`. */
export function fingerprintsMissing(
  comment: string,
  value: (name: string) => string,
): readonly string[] {
  const [, list = ''] = /missing: (.*)$/.exec(comment) ?? []
  const names = (text: string): readonly string[] =>
    text
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => value(word.slice(1)))
  const groups = [...list.matchAll(/(\d+) of \{ ([^}]*) \}/g)].map(
    ([, need = '', members = '']) => `${need} of ${[...names(members)].sort().join(' ')}`,
  )
  return [...groups, ...names(list.replaceAll(/\d+ of \{[^}]*\}/g, ''))].sort()
}

/** From a comment: `exit 6, …`; nothing said is success. */
export function expectedStatus(comment: string): number {
  return Number(/^exit (\d+)/.exec(comment)?.[1] ?? 0)
}
