/**
 * What was asked of the participant that prepared a Daml transaction (docs/transactions.md section
 * 7), read from YAML. What it cannot say, such as an argument, it does not compare.
 */
import type { ExpectedRoot, ExpectedTransaction, ExpectedType } from '../daml/expectation.ts'
import {
  fieldError,
  readFields,
  readItems,
  readText,
  type Field,
  type Fields,
  type FieldSource,
} from './fields.ts'
import { readYaml } from './yaml.ts'

const NAMES =
  /^([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*):([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)$/
const PACKAGE_ID = /^[0-9a-f]{64}$/
const CONTRACT_ID = /^0[01](?:[0-9a-f]{2})+$/

const ofOptional = <T>(field: Field | undefined, read: (field: Field) => T): T | undefined =>
  field === undefined ? undefined : read(field)

function readMatching(field: Field, pattern: RegExp, what: string): string {
  const text = readText(field)
  if (pattern.test(text)) return text
  throw fieldError(field, `${what} is expected here`)
}

/** `Module.Name:Entity`, with the package id from a field of its own. */
function readType(field: Field, packageId: string | undefined): ExpectedType {
  const text = readMatching(field, NAMES, 'Module.Name:Entity')
  const [moduleName = '', entityName = ''] = text.split(':')
  return { moduleName, entityName, ...(packageId === undefined ? {} : { packageId }) }
}

function readTemplate(fields: Fields): {
  readonly template: ExpectedType
  readonly packageName?: string
} {
  const packageId = ofOptional(fields.optional('packageId'), (field) =>
    readMatching(field, PACKAGE_ID, 'a package id of 64 lower-case hex characters'),
  )
  const packageName = ofOptional(fields.optional('packageName'), readText)
  const template = readType(fields.required('template'), packageId)
  return { template, ...(packageName === undefined ? {} : { packageName }) }
}

function readCreate(field: Field): ExpectedRoot {
  return readFields(field, (fields) => ({ $case: 'create', ...readTemplate(fields) }))
}

/** An interface that is left out is none: a choice of the template itself was asked for. */
function readExercise(field: Field): ExpectedRoot {
  return readFields(field, (fields) => ({
    $case: 'exercise',
    ...readTemplate(fields),
    contractId: readMatching(
      fields.required('contractId'),
      CONTRACT_ID,
      'a contract id in lower-case hex',
    ),
    interface: ofOptional(fields.optional('interface'), (one) => readType(one, undefined)) ?? null,
    choice: readText(fields.required('choice')),
  }))
}

/**
 * Reads an expectation; it has to say who acts, and what the root does.
 * @param what names the file in errors
 * @throws CantosignError `yaml-invalid`, `spec-invalid`, `limit-exceeded`
 */
export function readPreparedExpectation(text: string, what: string): ExpectedTransaction {
  const source: FieldSource = {
    what,
    code: 'spec-invalid',
    hint: 'docs/transactions.md section 7 says how an expectation of a Daml transaction looks',
  }
  const whole: Field = { source, path: '', node: readYaml(text, what) }
  return readFields(whole, (fields) => {
    const create = ofOptional(fields.optional('create'), readCreate)
    const exercise = ofOptional(fields.optional('exercise'), readExercise)
    const root = create ?? exercise
    if (root === undefined || (create !== undefined && exercise !== undefined)) {
      throw fieldError(whole, 'either create or exercise is expected')
    }
    const actAs = readItems(fields.required('actAs')).map(readText)
    const commandId = ofOptional(fields.optional('commandId'), readText)
    const synchronizerId = ofOptional(fields.optional('synchronizerId'), readText)
    return {
      root,
      actAs,
      ...(commandId === undefined ? {} : { commandId }),
      ...(synchronizerId === undefined ? {} : { synchronizerId }),
    }
  })
}
