/** What a prepared Daml transaction is, in the terms of a policy (docs/policy.md section 3). */
import { templateText } from '../daml/template-text.ts'
import { executionOrder, type ExecutedNode } from '../daml/tree.ts'
import type { PreparedReport } from '../explain/prepared-report.ts'
import { logicalSynchronizerText } from '../ident/identifiers.ts'
import type { Identifier, Metadata, PreparedTransaction } from '../wire/generated/schema.ts'
import type { Content } from './dimensions.ts'
import type { PolicyFacts, RangeFacts, SetFacts } from './facts.ts'

/** True of every prepared transaction, whatever it holds: no rule has to accept it. */
const ALWAYS = 'executable-by-others'

const MICROS = 1_000_000n

const typeText = ({ packageId, moduleName, entityName }: Identifier): string =>
  `${packageId}:${moduleName}:${entityName}`

function rootFacts({ node }: ExecutedNode): SetFacts {
  switch (node.$case) {
    case 'create':
      return {
        action: ['create'],
        template: [templateText(node.value.packageName, node.value.templateId)],
      }
    case 'exercise': {
      const { packageName, templateId, interfaceId, choiceId, contractId } = node.value
      return {
        action: ['exercise'],
        template: [templateText(packageName, templateId)],
        choice: [choiceId],
        contract: [contractId],
        interface: interfaceId === undefined ? [] : [typeText(interfaceId)],
      }
    }
    // Refused before a policy is asked.
    case 'fetch':
    case 'queryByKey':
    case 'rollback':
      return { action: [node.$case] }
  }
}

function effectOf({ node }: ExecutedNode): readonly string[] {
  if (node.$case === 'rollback') return []
  const template = templateText(node.value.packageName, node.value.templateId)
  switch (node.$case) {
    case 'create':
    case 'fetch':
      return [`${template}=${node.$case}`]
    case 'queryByKey':
      return [`${template}=query`]
    case 'exercise':
      return [`${template}=exercise.${node.value.choiceId}`]
  }
}

/** The end of what is signed, if there is one: under V2 the latest record time is in no hash. */
function expiryOf(
  { maxRecordTime }: Metadata,
  scheme: PreparedReport['scheme'],
): bigint | undefined {
  return scheme === 'V2' ? undefined : maxRecordTime
}

function timeFacts(
  metadata: Metadata,
  scheme: PreparedReport['scheme'],
  now: bigint | undefined,
): RangeFacts {
  const { preparationTime } = metadata
  const expiry = expiryOf(metadata, scheme)
  // One that lies ahead has no age; that it does is a danger of its own.
  const age = now === undefined || now < preparationTime ? 0n : (now - preparationTime) / MICROS
  return {
    ageSeconds: Number(age),
    ...(expiry === undefined
      ? {}
      : {
          validitySeconds:
            expiry <= preparationTime
              ? 0
              : Number((expiry - preparationTime + MICROS - 1n) / MICROS),
        }),
  }
}

/**
 * The facts of a prepared transaction. Every danger but the one that all have counts as one that a
 * rule has to accept by name: nobody looks at what is signed by a policy.
 * @param now microseconds since 1970, as it was given to the report
 */
export function preparedFactsOf(
  { transaction, metadata }: PreparedTransaction,
  { scheme, refusals, statement }: PreparedReport,
  now: bigint | undefined,
): PolicyFacts {
  const findings = refusals.map(({ code }) => code)
  const dangers = statement.dangers
    .filter(({ code }) => code !== ALWAYS)
    .map(({ code }) => ({ code, grave: true }))
  const [root, ...below] = transaction === undefined ? [] : executionOrder(transaction)
  if (root === undefined || metadata === undefined) {
    return { sets: {}, ranges: {}, dangers, findings: [...findings, 'missing-field'] }
  }
  const content: readonly Content[] = [
    root.node.$case === 'create' ? 'create-argument' : 'choice-argument',
    ...(expiryOf(metadata, scheme) === undefined ? (['no-expiry'] as const) : []),
  ]
  return {
    sets: {
      actAs: metadata.submitterInfo?.actAs ?? [],
      ...rootFacts(root),
      effect: [...new Set(below.flatMap(effectOf))],
      informee: statement.informed,
      package: statement.packageIds,
      synchronizer: [logicalSynchronizerText(metadata.synchronizerId)],
      content,
    },
    ranges: timeFacts(metadata, scheme, now),
    dangers,
    findings,
  }
}
