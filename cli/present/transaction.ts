/** A transaction as a person reads it. Everything that comes from a file is escaped here. */
import { parseHex } from '../../src/base/bytes.ts'
import { FINDING_CODES, severityOf, type Finding } from '../../src/base/finding-codes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { Danger } from '../../src/explain/dangers.ts'
import type { Detail } from '../../src/explain/details.ts'
import type { SignatureReport, TransactionReport } from '../../src/explain/report.ts'

import { spokenHash } from '../../src/explain/spoken.ts'
import { wrapText } from './text.ts'
import { spokenLines } from './words.ts'

const SEVERITY_WORDS = {
  fatal: 'cannot be read on',
  refuse: 'not signed unless accepted',
  allow: 'allowed',
}

/** Finding by finding; many of one code become one line with a count. */
export function findingLines(
  findings: readonly Finding[],
  severityWords: Readonly<typeof SEVERITY_WORDS> = SEVERITY_WORDS,
): readonly string[] {
  const byCode = new Map<string, Finding[]>()
  for (const finding of findings) {
    const same = byCode.get(finding.code)
    if (same === undefined) byCode.set(finding.code, [finding])
    else same.push(finding)
  }
  return [...byCode.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined) return []
    const place = first.path === '' ? '' : ` at ${escapeText(first.path)}`
    const offset = first.offset === undefined ? '' : `, offset ${first.offset}`
    const more = same.length > 1 ? ` (and ${same.length - 1} more like it)` : ''
    const words = severityWords[severityOf(first.code)]
    return [
      `  ${first.code} (${words}): ${escapeText(first.message)}`,
      `    ${FINDING_CODES[first.code].meaning}${place}${offset}${more}`,
    ]
  })
}

function signatureLine(signature: SignatureReport): string {
  const { signedBy, format, algorithm, status, multiTransaction } = signature
  const how = `${algorithm ?? 'no algorithm'}, ${format ?? 'no format'}`
  const over = multiTransaction ? ', over several transactions together' : ''
  return `  ${status.padEnd(12)} ${escapeText(signedBy)} (${how}${over})`
}

function detailLines(details: readonly Detail[], indent: string): readonly string[] {
  return details.flatMap((detail) =>
    'children' in detail
      ? [`${indent}${escapeText(detail.label)}`, ...detailLines(detail.children, `${indent}  `)]
      : [`${indent}${escapeText(detail.label)}: ${escapeText(detail.value)}`],
  )
}

export function dangerLines(dangers: readonly Danger[]): readonly string[] {
  return dangers.flatMap(({ code, grave, message }) =>
    wrapText(`${grave ? 'GRAVE DANGER' : 'note'} ${code}: ${escapeText(message)}`, '  '),
  )
}

export function transactionLines(report: TransactionReport): readonly string[] {
  const { statement, signatures } = report
  const proposal = report.proposal === null ? [] : [`proposal    ${report.proposal ? 'yes' : 'no'}`]
  return [
    `hash        ${report.hash}`,
    ...spokenLines(spokenHash(parseHex(report.hash))),
    `operation   ${report.operation}, serial ${report.serial}`,
    `mapping     ${report.mapping.type}`,
    ...proposal,
    '',
    ...wrapText(escapeText(statement.summary), ''),
    ...statement.statements.flatMap((sentence) => wrapText(`- ${escapeText(sentence)}`, '  ')),
    '',
    'details',
    ...detailLines(statement.details, '  '),
    ...(report.proposal === null
      ? []
      : [
          '',
          signatures.length === 0 ? 'signatures: none' : 'signatures',
          ...signatures.map(signatureLine),
        ]),
    ...(report.unknownFields.length === 0
      ? []
      : [
          '',
          'fields outside the schema',
          ...report.unknownFields.map(
            ({ path, field, wireType, hex, legacy }) =>
              `  ${escapeText(path)}.#${field}, wire type ${wireType}${legacy ? ', legacy' : ''}: ${hex}`,
          ),
        ]),
    ...(report.findings.length === 0 ? [] : ['', 'findings', ...findingLines(report.findings)]),
  ]
}
