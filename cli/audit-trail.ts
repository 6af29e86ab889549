/** The audit trail of one command: what is written to `--audit-log`, and when (docs/audit.md section 3). */
import { hostname } from 'node:os'
import { appendAuditEntry, checkAuditLog, type WrittenEntry } from '../src/audit/log.ts'
import type { AuditedTransaction, AuditEvent, AuditFacts } from '../src/audit/entry.ts'
import { toHex } from '../src/base/bytes.ts'
import { ExitStatus, exitStatusOf } from '../src/base/error-codes.ts'
import { CantosignError } from '../src/base/errors.ts'
import { escapeText } from '../src/base/text.ts'
import { sha256 } from '../src/crypto/hash.ts'
import { keyScheme } from '../src/signer/key-uri.ts'
import type { Signer } from '../src/signer/signer.ts'
import type { Arguments, CommandSpec } from './command.ts'
import { policyBytes } from './commands/policy-input.ts'
import type { AuditTrail, Io } from './io.ts'
import { ReportedError } from './present/error.ts'

/** Collects what an entry says while the command runs. */
class Trail implements AuditTrail {
  readonly #path: string
  readonly #say: (line: string) => void
  readonly #base: Omit<
    AuditFacts,
    'event' | 'key' | 'transactions' | 'combined' | 'signatures' | 'error'
  >
  readonly #rules = new Map<string, string | null>()
  readonly #messages: string[] = []
  readonly #signatures: string[] = []
  #key: string | null = null
  #released = false

  constructor(path: string, command: CommandSpec, args: Arguments, io: Io) {
    this.#path = path
    this.#say = (line) => {
      if (!args.quiet) io.stderr.write(`${line}\n`)
    }
    const policy = policyBytes(args)
    const { name, version } = io.program
    this.#base = {
      user: String(process.getuid?.() ?? ''),
      host: hostname(),
      program: `${name} ${version}`,
      command: command.words.join(' '),
      file: args.positional('file'),
      signer: keyScheme(args.string('key') ?? '') ?? 'file',
      approval: policy === undefined ? (args.yes ? 'yes' : 'person') : 'policy',
      policy: policy === undefined ? null : toHex(sha256(policy)),
    }
  }

  about(transactions: readonly AuditedTransaction[]): void {
    for (const { hash, rule } of transactions) this.#rules.set(hash, rule)
  }

  watching(signer: Signer): Signer {
    const made = (messages: readonly Uint8Array[], signatures: readonly Uint8Array[]): void => {
      this.#messages.push(...messages.map(toHex))
      this.#signatures.push(...signatures.map((one) => toHex(sha256(one))))
    }
    return {
      publicKey: async () => {
        const key = await signer.publicKey()
        this.#key = key.fingerprint
        return key
      },
      sign: async ({ message }) => {
        const signature = await signer.sign({ message })
        made([message], [signature])
        return signature
      },
      signAll: async (messages, fast) => {
        const signed = await signer.signAll(messages, fast)
        made(messages, signed.signatures)
        return signed
      },
      close: () => {
        signer.close()
      },
    }
  }

  release(): void {
    if (this.#signatures.length === 0 || this.#released) return
    const { sequence, hash } = this.#append('signed', null)
    this.#released = true
    this.#say(`entry ${sequence} of ${escapeText(this.#path)}: ${hash}`)
  }

  /** @throws CantosignError as `appendAuditEntry` */
  failed(error: CantosignError): void {
    const { code, message } = error
    const status = exitStatusOf(code)
    // A command line that is not understood asks for no signature.
    if (status === ExitStatus.usage && this.#signatures.length === 0) return
    this.#append(status === ExitStatus.refused ? 'refused' : 'failed', { code, message })
  }

  #append(event: AuditEvent, error: AuditFacts['error']): WrittenEntry {
    const known = [...this.#rules].map(([hash, rule]) => ({ hash, rule }))
    // One signature over something that is none of the transactions is over all of them together.
    const together = this.#messages.filter((message) => !this.#rules.has(message))
    const combined = known.length > 0 ? (together[0] ?? null) : null
    return appendAuditEntry(
      this.#path,
      {
        ...this.#base,
        event,
        key: this.#key,
        transactions:
          known.length > 0 ? known : this.#messages.map((hash) => ({ hash, rule: null })),
        combined,
        signatures: this.#signatures,
        error,
      },
      Date.now(),
    )
  }
}

function knownError(error: unknown): CantosignError {
  if (error instanceof ReportedError) return error.reported
  if (error instanceof CantosignError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new CantosignError('internal-fault', reason, 'please report this', { cause: error })
}

/**
 * Runs a command that signs so that each signature has its entry before it leaves, and each refusal
 * has one as well.
 * @throws CantosignError `audit-log-…` if the log does not take entries, and what the command throws
 */
export async function underAudit(
  path: string,
  command: CommandSpec,
  args: Arguments,
  io: Io,
  run: (io: Io) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  checkAuditLog(path)
  const trail = new Trail(path, command, args, io)
  try {
    return await run({ ...io, audit: trail })
  } catch (error) {
    try {
      trail.failed(knownError(error))
    } catch (failure) {
      const { message } = knownError(failure)
      io.stderr.write(
        `${io.program.name}: warning: the audit log does not say so: ${escapeText(message)}\n`,
      )
    }
    throw error
  }
}
