/** A key file as a person and as a script read it. Never a secret: readings hold none. */
import { toBase64 } from '../../src/base/bytes.ts'
import { escapeText } from '../../src/base/text.ts'
import type { KeyReading } from '../../src/signer/key-reading.ts'
import { wrapText } from './text.ts'

/** The members that scripts rely on (docs/json.md); null where the file is not opened. */
export function keyJson(reading: KeyReading): Readonly<Record<string, unknown>> {
  const { key, container, encrypted, encoding, encryption, usage } = reading
  return {
    fingerprint: key?.fingerprint ?? null,
    keySpec: key?.keySpec ?? null,
    container,
    encrypted,
    publicKey: key === undefined ? null : toBase64(key.spki),
    encoding,
    encryption: encryption ?? null,
    usage: usage ?? null,
  }
}

/** A remark on a file, as `warnings` of the JSON form carry it. */
export interface Warning {
  readonly code: string
  readonly message: string
}

export function warningLines(warnings: readonly Warning[]): readonly string[] {
  return warnings.flatMap(({ code, message }) => wrapText(`${code}: ${escapeText(message)}`, '  '))
}

function usageText(usage: readonly string[]): string {
  return usage.length === 0 ? 'every usage (none is named)' : usage.join(', ')
}

/** @param warnings what is said beside the reading's own remarks, e.g. on the file's mode */
export function keyLines(
  reading: KeyReading,
  warnings: readonly Warning[] = [],
): readonly string[] {
  const { key, container, encoding, encryption, usage } = reading
  const foreign = reading.remarks.some(({ code }) => code === 'key-encryption')
  const unknown = foreign ? 'not known: the file is not opened' : 'known only with the passphrase'
  const all = [...warnings, ...reading.remarks]
  return [
    `fingerprint ${key?.fingerprint ?? unknown}`,
    `key spec    ${key?.keySpec ?? unknown}`,
    `container   ${container === encoding ? container : `${container}, ${encoding}`}`,
    ...(reading.kind === 'private-key' ? [`encryption  ${escapeText(encryption ?? 'none')}`] : []),
    ...(usage === undefined ? [] : [`usage       ${usageText(usage)}`]),
    `public key  ${key === undefined ? unknown : toBase64(key.spki)}`,
    ...(all.length === 0 ? [] : ['', 'to know', ...warningLines(all)]),
  ]
}
