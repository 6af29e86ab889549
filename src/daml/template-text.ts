/** Templates as the Ledger API takes them by the name of their package. */
import type { Identifier } from '../wire/generated/schema.ts'

/** `#package-name:Module.Name:Entity`. */
export function templateText(packageName: string, templateId: Identifier | undefined): string {
  return `#${packageName}:${templateId?.moduleName ?? ''}:${templateId?.entityName ?? ''}`
}
