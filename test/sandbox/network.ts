/** A sandbox for tests: its time is a number, keys of people live beside it. */
import { signingPublicKey } from '../../src/build/keys.ts'
import { Usage } from '../../src/build/names.ts'
import { NodeSigner } from '../../src/crypto/node-signer.ts'
import { generatePrivateKey, type PrivateKey } from '../../src/crypto/private-key.ts'
import { CantonError, type CantonErrorCode } from '../../src/sandbox/core/canton-error.ts'
import { parseSubmittedMessage, type Submitted } from '../../src/sandbox/core/submitted.ts'
import {
  addTransactions,
  type WriteOptions,
  type WritingNode,
} from '../../src/sandbox/core/topology-write.ts'
import type { Participant } from '../../src/sandbox/core/participant.ts'
import { createSandbox, rootDelegation, type Sandbox } from '../../src/sandbox/core/sandbox.ts'
import type { TopologyStore } from '../../src/sandbox/core/topology-store.ts'
import { signatureMessage } from '../../src/topology/assemble.ts'
import type { KnownMapping } from '../../src/topology/mapping.ts'
import { combinedHash } from '../../src/topology/namespace.ts'
import { transactionHash } from '../../src/topology/transaction.ts'
import { encodeMessage, wrap } from '../../src/wire/codec.ts'
import type {
  HostingParticipant,
  PartyToParticipant,
  Signature,
  SigningPublicKey,
} from '../../src/wire/generated/schema.ts'

export const START = 1_800_000_000_000_000n
/** The delay of the sandbox of tests. */
export const DELAY = 250_000n
export const WHOLE_USAGE = [Usage.namespace, Usage.protocol, Usage.proofOfOwnership]

/** The key of a person, outside of every node. */
export interface Person {
  readonly key: PrivateKey
  readonly fingerprint: string
  readonly sign: (message: Uint8Array) => Signature
  readonly publicKey: (usage?: readonly number[]) => SigningPublicKey
}

export async function newPerson(): Promise<Person> {
  const key = await generatePrivateKey('EC_CURVE25519')
  const signer = new NodeSigner(key)
  const { fingerprint } = key.publicKey
  return {
    key,
    fingerprint,
    sign: (message) => signatureMessage(key.keySpec, fingerprint, signer.sign(message)),
    publicKey: (usage = WHOLE_USAGE) => signingPublicKey(key.publicKey, usage),
  }
}

export interface Network extends Sandbox {
  readonly participant: (index: number) => Participant
  readonly node: (index: number) => WritingNode
  /** What the nodes hold of contracts, by party: for the checks that ask. */
  readonly contracts: Map<string, 'signatory' | 'observer'>
  now: bigint
}

export async function newNetwork(participants = 2): Promise<Network> {
  const sandbox = await createSandbox({
    participants,
    protocolVersion: 35,
    effectDelay: DELAY,
    now: START,
  })
  const contracts = new Map<string, 'signatory' | 'observer'>()
  const participant = (index: number): Participant => {
    const found = sandbox.participants[index - 1]
    if (found === undefined) throw new Error(`no participant ${index}`)
    return found
  }
  return {
    ...sandbox,
    participant,
    contracts,
    now: START + 1_000_000n,
    node: (index) => ({
      participant: participant(index),
      uid: participant(index).uid,
      hasPackage: (id) => id === 'known',
      isSignatory: (party) => contracts.get(party) === 'signatory',
      hasContracts: (party) => contracts.has(party),
    }),
  }
}

export interface Draft {
  readonly mapping: KnownMapping
  readonly serial?: number
  readonly remove?: boolean
}

/** A wrapped TopologyTransaction. */
export function transactionOf({ mapping, serial = 1, remove = false }: Draft): Uint8Array {
  const operation = remove ? 2 : 1
  return wrap(encodeMessage('TopologyTransaction', { operation, serial, mapping: { mapping } }))
}

export type Signer = (message: Uint8Array) => Signature

/** A transaction signed by people and vaults, read as a node reads it. */
export function signed(draft: Draft, signers: readonly Signer[], proposal = false): Submitted {
  const transaction = transactionOf(draft)
  const hash = transactionHash(transaction)
  return parseSubmittedMessage({
    transaction,
    signatures: signers.map((sign) => sign(hash)),
    proposal,
    multiTransactionSignatures: [],
  })
}

/** Several transactions, each with one signature of every signer over all of them. */
export function signedTogether(
  drafts: readonly Draft[],
  signers: readonly Signer[],
): readonly Submitted[] {
  const transactions = drafts.map(transactionOf)
  const transactionHashes = transactions.map(transactionHash)
  const signatures = signers.map((sign) => sign(combinedHash(transactionHashes)))
  return transactions.map((transaction) =>
    parseSubmittedMessage({
      transaction,
      signatures: [],
      proposal: false,
      multiTransactionSignatures: [{ transactionHashes, signatures }],
    }),
  )
}

/** A participant signs with its namespace key. */
export const ofNode =
  ({ vault, id }: Participant): Signer =>
  (message) =>
    vault.sign(id.namespace, message)

/** The synchronizer's owner signs. */
export const ofOwner =
  ({ owner, synchronizer }: Sandbox): Signer =>
  (message) =>
    owner.sign(synchronizer.logical.slice(synchronizer.logical.indexOf('::') + 2), message)

export const root = (person: Person): KnownMapping =>
  rootDelegation(person.fingerprint, person.publicKey([Usage.namespace]))

export function delegation(
  namespace: string,
  target: Person,
  restriction: 'all' | 'allButNamespaceDelegations' = 'allButNamespaceDelegations',
): KnownMapping {
  return {
    $case: 'namespaceDelegation',
    value: {
      namespace,
      targetKey: target.publicKey([Usage.namespace]),
      isRootDelegation: false,
      restriction:
        restriction === 'all'
          ? { $case: 'canSignAllMappings', value: {} }
          : { $case: 'canSignAllButNamespaceDelegations', value: {} },
    },
  }
}

export const host = (
  { uid }: Pick<Participant, 'uid'>,
  permission = 2,
  onboarding = false,
): HostingParticipant => ({
  participantUid: uid,
  permission,
  onboarding: onboarding ? {} : undefined,
})

export function hosting(
  person: Person,
  hosts: readonly HostingParticipant[],
  change: Partial<PartyToParticipant> = {},
): KnownMapping {
  return {
    $case: 'partyToParticipant',
    value: {
      party: `alice::${person.fingerprint}`,
      threshold: 1,
      participants: hosts,
      partySigningKeys: { keys: [person.publicKey()], threshold: 1 },
      ...change,
    },
  }
}

/** Submits to the synchronizer's store through the first participant. */
export function submit(
  network: Network,
  transactions: readonly Submitted[],
  options: Partial<WriteOptions> & { readonly store?: TopologyStore; readonly node?: number } = {},
): void {
  const { store = network.synchronizer.store, node = 1, ...rest } = options
  network.now += 1_000_000n
  addTransactions(network.node(node), store, transactions, {
    flags: new Set(),
    expectFull: false,
    now: network.now,
    ...rest,
  })
}

/** The code that the action is refused with; anything else it does is a failure. */
export function refusal(action: () => unknown): CantonErrorCode {
  try {
    action()
  } catch (error) {
    if (error instanceof CantonError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}
