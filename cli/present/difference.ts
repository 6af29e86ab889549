/** What a transaction changes, as a person reads it. Everything that comes from a file is escaped. */
import { escapeText } from '../../src/base/text.ts'
import type { Difference } from '../../src/explain/difference.ts'
import type { FieldDifference } from '../../src/explain/field-difference.ts'
import type { JsonValue } from '../../src/wire/proto-json.ts'
import { wrapText } from './text.ts'

const MARKS = { added: '+', removed: '-', changed: '~' } as const

/** Text in quotes, as in JSON, so that no value can pass for our own words. */
function valueText(value: JsonValue | null): string {
  return value === null ? 'absent' : escapeText(JSON.stringify(value))
}

function fieldLines({ label, kind, before, after }: FieldDifference): readonly string[] {
  return [
    `  ${MARKS[kind]} ${escapeText(label)}`,
    `      before  ${valueText(before)}`,
    `      after   ${valueText(after)}`,
  ]
}

/** The sentences, then field by field: `+` added, `-` removed, `~` changed. */
export function differenceLines(difference: Difference): readonly string[] {
  const { fields, sentences } = difference
  if (fields.length === 0) return ['  nothing is changed']
  return [
    ...sentences.flatMap((sentence) => wrapText(`- ${escapeText(sentence)}`, '  ')),
    ...(sentences.length === 0 ? ['  - the content stays as it is'] : []),
    '',
    ...fields.flatMap(fieldLines),
  ]
}
