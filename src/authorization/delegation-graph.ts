/** The delegations of one normal namespace (docs/protocol/authorization.md section 4). */
import type { Fingerprint, Namespace } from '../ident/fingerprint.ts'
import { canSign, type Restriction } from '../topology/check/namespaces.ts'
import { mappingRow } from '../topology/mapping.ts'

interface Delegation {
  readonly target: Fingerprint
  readonly restriction: Restriction
  readonly signers: ReadonlySet<string>
}

const DELEGATION_CODE = mappingRow('namespaceDelegation').code

/**
 * Active delegations and the keys that the root reaches through them. Adding a delegation extends
 * what is known, so that a history of any length is replayed in linear time; replacing or removing
 * one that leads further starts anew at the next question.
 */
export class DelegationGraph {
  readonly #namespace: Namespace
  readonly #delegations = new Map<string, Delegation>()
  readonly #targetsBySigner = new Map<string, Set<Fingerprint>>()
  /** Every key that is reached from the root; `undefined` where it has to be found anew. */
  #reached: Set<string> | undefined = new Set()
  readonly #candidates = new Map<number, readonly Fingerprint[]>()

  constructor(namespace: Namespace) {
    this.#namespace = namespace
  }

  /** Puts a delegation in force; an earlier one to the same target loses its edges. */
  set(delegation: Delegation): void {
    this.delete(delegation.target)
    this.#delegations.set(delegation.target, delegation)
    for (const signer of delegation.signers) {
      const targets = this.#targetsBySigner.get(signer) ?? new Set()
      targets.add(delegation.target)
      this.#targetsBySigner.set(signer, targets)
    }
    if (this.#reached === undefined) return
    const { target, signers } = delegation
    const isRoot = (target as string) === this.#namespace
    const reached = this.#reached
    if (isRoot || [...signers].some((signer) => this.#passesOn(reached, signer))) {
      this.#visit(reached, target)
    }
  }

  delete(target: Fingerprint): void {
    this.#candidates.clear()
    const delegation = this.#delegations.get(target)
    if (delegation === undefined) return
    this.#delegations.delete(target)
    for (const signer of delegation.signers) {
      const targets = this.#targetsBySigner.get(signer)
      targets?.delete(target)
      if (targets?.size === 0) this.#targetsBySigner.delete(signer)
    }
    // A key that signed no delegation leads nowhere: nothing else changes.
    if (this.#targetsBySigner.has(target)) this.#reached = undefined
    else this.#reached?.delete(target)
  }

  /** Whoever signed the root certificate that is in force. */
  get rootSigners(): ReadonlySet<string> | undefined {
    return this.#delegations.get(this.#namespace)?.signers
  }

  /** True if there is a root certificate that the root key signed. */
  get rooted(): boolean {
    return this.rootSigners?.has(this.#namespace) === true
  }

  /** True if any delegation is in force, whether the root leads to it or not. */
  get inUse(): boolean {
    return this.#delegations.size > 0
  }

  /** True if the key may sign mappings with this code for the namespace. */
  mayAuthorize(key: string, code: number): boolean {
    const delegation = this.#delegations.get(key)
    return (
      delegation !== undefined && this.#reach().has(key) && canSign(delegation.restriction, code)
    )
  }

  /** Those of the keys that may sign mappings with this code for the namespace. */
  authorizing(keys: ReadonlySet<string>, code: number): readonly Fingerprint[] {
    // Whichever side is smaller: a namespace has few keys, and a transaction few signers.
    const reached = this.#reach()
    const [few, many] = keys.size < reached.size ? [keys, reached] : [reached, keys]
    const found: Fingerprint[] = []
    for (const key of few) {
      const delegation = many.has(key) ? this.#delegations.get(key) : undefined
      if (delegation !== undefined && canSign(delegation.restriction, code)) {
        found.push(delegation.target)
      }
    }
    return found
  }

  /** Every key that may sign mappings with this code for the namespace, sorted. */
  candidates(code: number): readonly Fingerprint[] {
    const known = this.#candidates.get(code)
    if (known !== undefined) return known
    const found = [...this.authorizing(this.#reach(), code)].sort()
    this.#candidates.set(code, found)
    return found
  }

  #reach(): Set<string> {
    if (this.#reached !== undefined) return this.#reached
    const reached = new Set<string>()
    this.#reached = reached
    const root = this.#delegations.get(this.#namespace)
    if (root !== undefined) this.#visit(reached, root.target)
    return reached
  }

  #passesOn(reached: ReadonlySet<string>, key: string): boolean {
    const delegation = this.#delegations.get(key)
    return (
      delegation !== undefined &&
      reached.has(key) &&
      canSign(delegation.restriction, DELEGATION_CODE)
    )
  }

  /** Adds a key and all that it leads to; a loop, because a chain can be of any length. */
  #visit(reached: Set<string>, start: Fingerprint): void {
    if (!this.rooted) return
    const open = [start]
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (reached.has(key) || !this.#delegations.has(key)) continue
      reached.add(key)
      if (!this.#passesOn(reached, key)) continue
      for (const target of this.#targetsBySigner.get(key) ?? []) {
        if (!reached.has(target)) open.push(target)
      }
    }
  }
}
