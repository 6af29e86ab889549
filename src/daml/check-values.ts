/** Daml values in their one form (docs/protocol/prepared-transactions.md section 4.1). */
import { compareBytes, utf8Bytes } from '../base/bytes.ts'
import { unreachable } from '../base/errors.ts'
import { readUniqueIdentifier } from '../ident/identifiers.ts'
import type { Identifier, Value } from '../wire/generated/schema.ts'
import { readContractId } from './contract-id.ts'
import type { Report } from './report.ts'
import { isLedgerDate, isLedgerTime } from './times.ts'

const PACKAGE_ID = /^[A-Za-z0-9_ -]{1,64}$/
const DOTTED_NAME = /^[A-Za-z$_][A-Za-z0-9$_']*(?:\.[A-Za-z$_][A-Za-z0-9$_']*)*$/

const NUMERIC = /^-?(0|[1-9]\d*)\.(\d*)$/
const MAX_NUMERIC_DIGITS = 38
const MAX_NUMERIC_SCALE = 37

/** Order of UTF-8 bytes, which is not JavaScript's order of strings. */
export function compareUtf8(a: string, b: string): number {
  return compareBytes(utf8Bytes(a), utf8Bytes(b))
}

function checkPartyId(party: string, path: string, report: Report): void {
  const reading = readUniqueIdentifier(party)
  if (!reading.ok) report('bad-identifier', path, `the party id is not valid: ${reading.problem}`)
}

/** A set of parties: valid ids, each once, in the order of their bytes. */
export function checkParties(parties: readonly string[], path: string, report: Report): void {
  parties.forEach((party, i) => {
    checkPartyId(party, `${path}[${i}]`, report)
    const before = parties[i - 1]
    if (before === undefined) return
    const order = compareUtf8(before, party)
    if (order > 0) {
      report('unsorted-parties', `${path}[${i}]`, 'the party sorts before the one in front of it')
    }
  })
  const seen = new Set<string>()
  parties.forEach((party, i) => {
    if (seen.has(party)) {
      report('duplicate-party', `${path}[${i}]`, 'the party is in the set already')
    }
    seen.add(party)
  })
}

export function checkIdentifier(id: Identifier, path: string, report: Report): void {
  const { packageId, moduleName, entityName } = id
  if (!PACKAGE_ID.test(packageId)) {
    report('bad-identifier', `${path}.package_id`, 'the package id is empty or malformed')
  }
  if (!DOTTED_NAME.test(moduleName)) {
    report('bad-identifier', `${path}.module_name`, 'the module name is empty or malformed')
  }
  if (!DOTTED_NAME.test(entityName)) {
    report('bad-identifier', `${path}.entity_name`, 'the entity name is empty or malformed')
  }
}

export function checkContractId(contractId: string, path: string, report: Report): void {
  if (readContractId(contractId) === undefined) {
    report('bad-contract-id', path, 'the contract id is not lower-case hex of a known version')
  }
}

export function checkTime(micros: bigint, path: string, report: Report): void {
  if (!isLedgerTime(micros)) {
    report('time-out-of-range', path, 'the time is outside the years 1 to 9999')
  }
}

function checkNumeric(text: string, path: string, report: Report): void {
  const match = NUMERIC.exec(text)
  const [, whole = '', fraction = ''] = match ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '').length
  if (match === null || digits > MAX_NUMERIC_DIGITS || fraction.length > MAX_NUMERIC_SCALE) {
    const form = 'digits, a point and at most 37 digits, 38 in all'
    report('bad-numeric', path, `the numeric is not of the form that nodes accept: ${form}`)
  } else if (digits === 0 && text.startsWith('-')) {
    report('numeric-minus-zero', path, 'the numeric is minus zero, which a node hashes as zero')
  }
}

interface Pending {
  readonly value: Value | undefined
  readonly path: string
}

/** Every value in a value with its path, parents first. An explicit stack: depth costs no call stack. */
export function* valuesIn(value: Value | undefined, path: string): Generator<Pending> {
  const stack: Pending[] = [{ value, path }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next
    for (const child of childValues(next.value, next.path).toReversed()) stack.push(child)
  }
}

function childValues(value: Value | undefined, path: string): readonly Pending[] {
  const sum = value?.sum
  switch (sum?.$case) {
    case 'optional': {
      const inner = sum.value.value
      return inner === undefined ? [] : [{ value: inner, path: `${path}.optional.value` }]
    }
    case 'list':
      return sum.value.elements.map((element, i) => ({
        value: element,
        path: `${path}.list.elements[${i}]`,
      }))
    case 'textMap':
      return sum.value.entries.map((entry, i) => ({
        value: entry.value,
        path: `${path}.text_map.entries[${i}].value`,
      }))
    case 'genMap':
      return sum.value.entries.flatMap((entry, i) => [
        { value: entry.key, path: `${path}.gen_map.entries[${i}].key` },
        { value: entry.value, path: `${path}.gen_map.entries[${i}].value` },
      ])
    case 'record':
      return sum.value.fields.map((field, i) => ({
        value: field.value,
        path: `${path}.record.fields[${i}].value`,
      }))
    case 'variant':
      return [{ value: sum.value.value, path: `${path}.variant.value` }]
    default:
      return []
  }
}

/** A value and everything in it. */
export function checkValue(value: Value | undefined, path: string, report: Report): void {
  for (const inner of valuesIn(value, path)) checkOne(inner.value, inner.path, report)
}

function checkOne(value: Value | undefined, path: string, report: Report): void {
  const sum = value?.sum
  if (sum === undefined) {
    report('missing-value', path, 'a value is missing')
    return
  }
  switch (sum.$case) {
    case 'unit':
    case 'bool':
    case 'int64':
    case 'text':
    case 'optional':
    case 'list':
    case 'genMap':
      return
    case 'date':
      if (!isLedgerDate(sum.value)) {
        report('time-out-of-range', `${path}.date`, 'the date is outside the years 1 to 9999')
      }
      return
    case 'timestamp':
      checkTime(sum.value, `${path}.timestamp`, report)
      return
    case 'numeric':
      checkNumeric(sum.value, `${path}.numeric`, report)
      return
    case 'party':
      checkPartyId(sum.value, `${path}.party`, report)
      return
    case 'contractId':
      checkContractId(sum.value, `${path}.contract_id`, report)
      return
    case 'textMap': {
      const { entries } = sum.value
      const seen = new Set<string>()
      entries.forEach(({ key }, i) => {
        const place = `${path}.text_map.entries[${i}].key`
        const before = entries[i - 1]?.key
        if (seen.has(key)) report('duplicate-map-key', place, 'the key is in the map already')
        else if (before !== undefined && compareUtf8(before, key) > 0) {
          report('unsorted-text-map', place, 'the key sorts before the one in front of it')
        }
        seen.add(key)
      })
      return
    }
    case 'record':
      if (sum.value.recordId !== undefined) {
        checkIdentifier(sum.value.recordId, `${path}.record.record_id`, report)
      }
      sum.value.fields.forEach(({ label }, i) => {
        if (label !== '') return
        const place = `${path}.record.fields[${i}].label`
        report('empty-record-label', place, 'the field has no label; implementations differ on it')
      })
      return
    case 'variant':
      if (sum.value.variantId !== undefined) {
        checkIdentifier(sum.value.variantId, `${path}.variant.variant_id`, report)
      }
      checkConstructor(sum.value.constructor, `${path}.variant.constructor`, report)
      return
    case 'enum':
      if (sum.value.enumId !== undefined) {
        checkIdentifier(sum.value.enumId, `${path}.enum.enum_id`, report)
      }
      checkConstructor(sum.value.constructor, `${path}.enum.constructor`, report)
      return
    default:
      unreachable(sum)
  }
}

function checkConstructor(constructor: string, path: string, report: Report): void {
  if (constructor === '') report('missing-field', path, 'a constructor has no name')
}
