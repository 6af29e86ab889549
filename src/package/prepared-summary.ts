/**
 * The few facts that a package repeats beside the bytes of a prepared Daml transaction. They are
 * computed, written, and compared when read; nothing is decided by them.
 */
import { templateText } from '../daml/template-text.ts'
import { nodesById } from '../daml/tree.ts'
import type { PreparedTransaction } from '../wire/generated/schema.ts'

export interface PreparedSummary {
  readonly actAs: readonly string[]
  readonly commandId: string
  readonly synchronizerId: string
  /** What the first root is; `null` if there is none. */
  readonly action: 'create' | 'exercise' | 'fetch' | 'rollback' | 'query-by-key' | null
  /** `#package-name:Module.Name:Entity` of the first root. */
  readonly template: string | null
  readonly choice: string | null
}

type Root = Pick<PreparedSummary, 'action' | 'template' | 'choice'>

function rootOf({ transaction }: PreparedTransaction): Root {
  const [id = ''] = transaction?.roots ?? []
  const node = transaction === undefined ? undefined : nodesById(transaction).get(id)?.node
  if (node === undefined) return { action: null, template: null, choice: null }
  if (node.$case === 'rollback') return { action: 'rollback', template: null, choice: null }
  return {
    action: node.$case === 'queryByKey' ? 'query-by-key' : node.$case,
    template: templateText(node.value.packageName, node.value.templateId),
    choice: node.$case === 'exercise' ? node.value.choiceId : null,
  }
}

export function preparedSummaryOf(prepared: PreparedTransaction): PreparedSummary {
  const { metadata } = prepared
  return {
    actAs: metadata?.submitterInfo?.actAs ?? [],
    commandId: metadata?.submitterInfo?.commandId ?? '',
    synchronizerId: metadata?.synchronizerId ?? '',
    ...rootOf(prepared),
  }
}
