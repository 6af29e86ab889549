/** A prepared Daml transaction as a person reads it. Everything from the file is escaped here. */
import { parseHex } from '../../src/base/bytes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { ActingKeys } from '../../src/explain/acting-keys.ts'
import type { PreparedStatement } from '../../src/explain/daml.ts'
import type { ShortName } from '../../src/explain/daml-names.ts'
import type { Fact, NodeStatement } from '../../src/explain/daml-nodes.ts'
import type { ValueLine } from '../../src/explain/daml-values.ts'
import type { PreparedReport } from '../../src/explain/prepared-report.ts'
import { spokenDigest } from '../../src/explain/spoken.ts'
import { counted, wrapText } from './text.ts'
import { dangerLines, findingLines } from './transaction.ts'
import { spokenLines } from './words.ts'

/** Nodes and values deeper than this are not indented further: their depth is written out. */
const DEEPEST_INDENT = 20

const SEVERITY_WORDS = {
  fatal: 'refused',
  refuse: 'refused',
  allow: 'a warning',
}

function indented(depth: number, base: string): { readonly indent: string; readonly mark: string } {
  return {
    indent: base + '  '.repeat(Math.min(depth, DEEPEST_INDENT)),
    mark: depth > DEEPEST_INDENT ? `depth ${depth}: ` : '',
  }
}

const factLines = (facts: readonly Fact[], indent: string): readonly string[] =>
  facts.map(({ label, text }) => `${indent}${label}: ${escapeText(text)}`)

const valueLines = (values: readonly ValueLine[], base: string): readonly string[] =>
  values.map(({ depth, label, text }) => {
    const { indent, mark } = indented(depth, base)
    return `${indent}${mark}${escapeText(label)}: ${escapeText(text)}`
  })

function nodeLines(node: NodeStatement): readonly string[] {
  const { indent, mark } = indented(node.depth, '  ')
  const undone = node.undone ? 'rolled back: ' : ''
  const below = `${indent}    `
  return [
    ...wrapText(
      `node ${escapeText(node.nodeId)}: ${mark}${undone}${escapeText(node.sentence)}`,
      indent,
    ),
    ...factLines(node.facts, below),
    ...valueLines(node.values, below),
  ]
}

function nameLines(names: readonly ShortName[]): readonly string[] {
  return names.flatMap(({ kind, short, full }) => [
    `  ${kind} ${escapeText(short)}`,
    `    ${escapeText(full)}`,
  ])
}

/** A heading and what stands below it; nothing where there is nothing to say. */
function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines]
}

/** The hashes, and what keeps the transaction from being signed under this scheme. */
export function schemeLines({
  scheme,
  hashes,
  refusals,
  warnings,
}: PreparedReport): readonly string[] {
  return [
    `scheme      ${scheme}`,
    ...(hashes === undefined
      ? ['hash        not determined: implementations could differ on these bytes']
      : [
          `hash        ${hashes.hash}`,
          ...spokenLines(spokenDigest(parseHex(hashes.hash))),
          `transaction ${hashes.transactionHash}`,
          `metadata    ${hashes.metadataHash}`,
        ]),
    ...(refusals.length === 0
      ? ['nothing in it keeps it from being signed']
      : [`not signed, for ${counted(refusals.length, 'reason')}`]),
    ...findingLines(refusals, SEVERITY_WORDS),
    ...(warnings.length === 0 ? [] : ['warnings']),
    ...findingLines(warnings, SEVERITY_WORDS),
  ]
}

/** What it does, with everything that a signer has to know; `statement` is the same but for times. */
function statementLines(statement: PreparedStatement): readonly string[] {
  const { nodes, inputContracts, submission, informed, packageIds, dangers, notSigned, names } =
    statement
  return [
    ...section('what it does, in order', nodes.flatMap(nodeLines)),
    ...section(
      'contracts that go in',
      inputContracts.flatMap(({ sentence, facts, values }) => [
        ...wrapText(escapeText(sentence), '  '),
        ...factLines(facts, '      '),
        ...valueLines(values, '      '),
      ]),
    ),
    ...section('submission', factLines(submission, '  ')),
    ...section(
      'parties that get to see a part of it',
      informed.map((party) => `  ${escapeText(party)}`),
    ),
    ...section(
      'packages that it uses',
      packageIds.map((id) => `  ${escapeText(id)}`),
    ),
    ...section('names in full', nameLines(names)),
    ...section(
      'not covered by any signature',
      notSigned.flatMap((text) => wrapText(`- ${escapeText(text)}`, '  ')),
    ),
    ...section('before signing', dangerLines(dangers)),
  ]
}

/** First the sentence, then the hashes, then all of it. */
export function preparedLines(reports: readonly PreparedReport[]): readonly string[] {
  const [first] = reports
  if (first === undefined) return []
  return [
    '',
    ...wrapText(escapeText(first.statement.summary), ''),
    '',
    ...(reports.length > 1
      ? ['Which hashing scheme is meant is not said: each gives another hash.']
      : []),
    ...reports.flatMap((report, i) =>
      i === 0 ? schemeLines(report) : ['', ...schemeLines(report)],
    ),
    ...statementLines(first.statement),
  ]
}

/** Which keys sign for the parties that act, as far as it is proved, and where this key stands. */
export function actingLines(parties: readonly ActingKeys[], own: string): readonly string[] {
  return section(
    'who has to sign',
    parties.flatMap(({ party, listed }) =>
      listed === undefined
        ? [`  ${escapeText(party)}`, '    which keys sign for it is not known here']
        : [
            `  ${escapeText(party)}`,
            `    ${listed.threshold} of ${counted(listed.keys.size, 'key')}`,
            ...[...listed.keys].map((key) => `      ${key}${key === own ? ' (this key)' : ''}`),
          ],
    ),
  )
}
