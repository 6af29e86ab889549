/**
 * The stand-in for Daml: contracts without a model behind them (docs/sandbox.md). Whoever acts is
 * signatory, parties named in the argument are stakeholders, the choice `Archive` consumes and every
 * other one gives its argument back.
 */
import { toHex, utf8Bytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import { readUniqueIdentifier } from '../../ident/identifiers.ts'
import type {
  Create,
  Exercise,
  Identifier,
  RecordValue,
  Value,
} from '../../wire/generated/schema.ts'
import { ECHO_PACKAGE } from './echo-package.ts'

/** The one Daml-LF version that every hashing scheme allows. */
export const LF_VERSION = '2.1'
export const ARCHIVE = 'Archive'

export interface Package {
  readonly id: string
  readonly name: string
}

/** `#name` stands for a package by its name; every name has a package. */
function packageOf(reference: string): Package {
  if (!reference.startsWith('#')) {
    const name =
      reference === ECHO_PACKAGE.id ? ECHO_PACKAGE.name : `package-${reference.slice(0, 8)}`
    return { id: reference, name }
  }
  const name = reference.slice(1)
  return { id: name === ECHO_PACKAGE.name ? ECHO_PACKAGE.id : toHex(sha256(utf8Bytes(name))), name }
}

const sortedParties = (parties: readonly string[]): readonly string[] =>
  [...new Set(parties)].sort()

/** Parties in the argument, at any depth. */
function partiesIn(value: Value | undefined): readonly string[] {
  const { sum } = value ?? {}
  switch (sum?.$case) {
    case 'party':
      return readUniqueIdentifier(sum.value).ok ? [sum.value] : []
    case 'record':
      return sum.value.fields.flatMap((field) => partiesIn(field.value))
    case 'list':
      return sum.value.elements.flatMap(partiesIn)
    case 'optional':
      return partiesIn(sum.value.value)
    case 'variant':
      return partiesIn(sum.value.value)
    default:
      return []
  }
}

export function createNode(
  contractId: string,
  template: Identifier,
  argument: RecordValue,
  actAs: readonly string[],
): Create {
  const { id, name } = packageOf(template.packageId)
  const templateId = { ...template, packageId: id }
  const value: Value = {
    sum: { $case: 'record', value: { ...argument, recordId: argument.recordId ?? templateId } },
  }
  return {
    lfVersion: LF_VERSION,
    contractId,
    packageName: name,
    templateId,
    argument: value,
    signatories: sortedParties(actAs),
    stakeholders: sortedParties([...actAs, ...partiesIn(value)]),
    key: undefined,
  }
}

export function exerciseNode(
  contract: Create,
  choice: string,
  argument: Value | undefined,
  actAs: readonly string[],
): Exercise {
  const chosenValue: Value = argument ?? { sum: { $case: 'unit', value: {} } }
  const consuming = choice === ARCHIVE
  const { contractId, packageName, templateId, signatories, stakeholders } = contract
  return {
    lfVersion: LF_VERSION,
    contractId,
    packageName,
    templateId,
    signatories,
    stakeholders,
    actingParties: sortedParties(actAs),
    interfaceId: undefined,
    choiceId: choice,
    chosenValue,
    consuming,
    children: [],
    exerciseResult: consuming ? { sum: { $case: 'unit', value: {} } } : chosenValue,
    choiceObservers: [],
    key: undefined,
    byKey: false,
    externalCallResults: [],
  }
}
