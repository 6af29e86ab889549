/** What a command may touch of the world beside files: two outputs and a terminal. */
import type { AuditedTransaction } from '../src/audit/entry.ts'
import type { Signer } from '../src/signer/signer.ts'
import type { Terminal } from '../src/host/terminal.ts'
import type { Program } from './version.ts'

export interface Output {
  readonly isTerminal: boolean
  write(data: string | Uint8Array): void
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly terminal: Terminal
  readonly program: Program
  /** With `--audit-log`: what is told of signing, and asked before anything signed leaves. */
  readonly audit?: AuditTrail
}

/** What a command that signs tells the audit log on its way. */
export interface AuditTrail {
  /** What is decided about; told again with the rules that allowed it. */
  about(transactions: readonly AuditedTransaction[]): void
  /** The signer, with what it signs noted. */
  watching(signer: Signer): Signer
  /** Called before a signature leaves the program. @throws CantosignError `audit-log-…` */
  release(): void
}
