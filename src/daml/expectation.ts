/**
 * What was asked for, against what came back (docs/protocol/prepared-transactions.md section 4.6).
 * A preparing node that lies can keep template, choice and argument and aim at another contract.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Identifier, PreparedTransaction, Value } from '../wire/generated/schema.ts'
import type { NodeType } from './encode-node.ts'
import { encodeValue } from './encode-value.ts'
import { Preimage } from './preimage.ts'
import type { Report } from './report.ts'
import { nodesById } from './tree.ts'

/** A template or interface; with a package id only this one package will do. */
export interface ExpectedType {
  readonly packageId?: string
  readonly moduleName: string
  readonly entityName: string
}

/** The command that was asked for. What is left out is not compared. */
export type ExpectedRoot =
  | {
      readonly $case: 'create'
      readonly template: ExpectedType
      readonly packageName?: string
      readonly argument?: Value
    }
  | {
      readonly $case: 'exercise'
      readonly template?: ExpectedType
      readonly packageName?: string
      /** Left out only for an exercise by key. */
      readonly contractId?: string
      /** `null`: the command named a template, no interface. */
      readonly interface: ExpectedType | null
      readonly choice: string
      readonly argument?: Value
      /** For an exercise by key: the key that the contract must have been found by. */
      readonly key?: Value
    }

export interface ExpectedTransaction {
  readonly root?: ExpectedRoot
  readonly actAs?: readonly string[]
  readonly commandId?: string
  readonly synchronizerId?: string
}

function sameValue(expected: Value, actual: Value | undefined): boolean {
  if (actual === undefined) return false
  const [a, b] = [new Preimage(), new Preimage()]
  encodeValue(a, expected)
  encodeValue(b, actual)
  return equalBytes(a.bytes, b.bytes)
}

function sameType(expected: ExpectedType, actual: Identifier | undefined): boolean {
  return (
    actual !== undefined &&
    expected.moduleName === actual.moduleName &&
    expected.entityName === actual.entityName &&
    (expected.packageId === undefined || expected.packageId === actual.packageId)
  )
}

type Root<Case extends 'create' | 'exercise'> = Extract<NodeType, { $case: Case }>['value']
type Expected<Case extends 'create' | 'exercise'> = Extract<ExpectedRoot, { $case: Case }>

/** What a create and an exercise have in common. */
function compareTemplate(
  expected: ExpectedRoot,
  actual: { readonly templateId: Identifier | undefined; readonly packageName: string },
  path: string,
  report: Report,
): void {
  if (expected.template !== undefined && !sameType(expected.template, actual.templateId)) {
    report('other-template', `${path}.template_id`, 'the root is about another template')
  }
  if (expected.packageName !== undefined && expected.packageName !== actual.packageName) {
    report('other-package', `${path}.package_name`, 'the root names another package')
  }
}

function compareCreate(
  expected: Expected<'create'>,
  create: Root<'create'>,
  path: string,
  report: Report,
): void {
  compareTemplate(expected, create, path, report)
  if (expected.argument !== undefined && !sameValue(expected.argument, create.argument)) {
    report('other-argument', `${path}.argument`, 'the contract has another argument')
  }
}

function compareExercise(
  expected: Expected<'exercise'>,
  exercise: Root<'exercise'>,
  path: string,
  report: Report,
): void {
  compareTemplate(expected, exercise, path, report)
  if (expected.contractId !== undefined && expected.contractId !== exercise.contractId) {
    report('other-contract', `${path}.contract_id`, 'the choice is exercised on another contract')
  }
  const sameInterface =
    expected.interface === null
      ? exercise.interfaceId === undefined
      : sameType(expected.interface, exercise.interfaceId)
  if (!sameInterface) {
    const message = 'the choice is exercised through another interface'
    report('other-interface', `${path}.interface_id`, message)
  }
  if (expected.choice !== exercise.choiceId) {
    report('other-choice', `${path}.choice_id`, 'another choice is exercised')
  }
  if (expected.argument !== undefined && !sameValue(expected.argument, exercise.chosenValue)) {
    report('other-argument', `${path}.chosen_value`, 'the choice has another argument')
  }
  const { key } = expected
  if ((key !== undefined) !== exercise.byKey) {
    const message = exercise.byKey ? 'the contract was found by a key' : 'no key was looked up'
    report('other-key', `${path}.by_key`, message)
  } else if (key !== undefined && !sameValue(key, exercise.key?.key?.key)) {
    report('other-key', `${path}.key`, 'the contract was found by another key')
  }
}

function compareRoot(expected: ExpectedRoot, node: NodeType, path: string, report: Report): void {
  if (expected.$case === 'create' && node.$case === 'create') {
    compareCreate(expected, node.value, path, report)
  } else if (expected.$case === 'exercise' && node.$case === 'exercise') {
    compareExercise(expected, node.value, path, report)
  } else {
    const message = `the root is not the ${expected.$case} that was asked for`
    report('other-root-kind', path, message)
  }
}

/**
 * @param prepared in its one form: `checkForm` reported no hash obstacle
 */
export function checkExpectation(
  prepared: PreparedTransaction,
  expected: ExpectedTransaction,
  report: Report,
): void {
  const { transaction, metadata } = prepared
  if (expected.root !== undefined && transaction !== undefined) {
    const placed = nodesById(transaction).get(transaction.roots[0] ?? '')
    if (placed !== undefined) compareRoot(expected.root, placed.node, placed.path, report)
  }
  const info = metadata?.submitterInfo
  if (expected.actAs !== undefined) {
    const wanted = new Set(expected.actAs)
    const found = new Set(info?.actAs ?? [])
    if (wanted.size !== found.size || [...wanted].some((party) => !found.has(party))) {
      const message = 'the parties that act are not exactly those asked for'
      report('other-act-as', 'metadata.submitter_info.act_as', message)
    }
  }
  if (expected.commandId !== undefined && expected.commandId !== info?.commandId) {
    report('other-command-id', 'metadata.submitter_info.command_id', 'the command id is another')
  }
  if (
    expected.synchronizerId !== undefined &&
    expected.synchronizerId !== metadata?.synchronizerId
  ) {
    report('other-synchronizer', 'metadata.synchronizer_id', 'the synchronizer is another')
  }
}
