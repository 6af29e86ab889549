/** The whole sandbox: one synchronizer and its participants, made anew or taken from saved records. */
import { encryptionKeyFromSpki, signingPublicKey } from '../../build/keys.ts'
import { Usage } from '../../build/names.ts'
import { generatePrivateKey } from '../../crypto/private-key.ts'
import { parseNamespace, type Namespace } from '../../ident/fingerprint.ts'
import { uniqueIdentifierText } from '../../ident/identifiers.ts'
import type { KnownMapping } from '../../topology/mapping.ts'
import { encodeMessage, wrap } from '../../wire/codec.ts'
import type { PublicKey, SigningPublicKey } from '../../wire/generated/schema.ts'
import { ECHO_PACKAGE } from './echo-package.ts'
import { KeyVault } from './key-vault.ts'
import { Participant } from './participant.ts'
import { parseTransaction, type Submitted } from './submitted.ts'
import { Synchronizer } from './synchronizer.ts'
import { timestampOf } from './times.ts'
import { addTransactions } from './topology-write.ts'

export interface SandboxOptions {
  readonly participants: number
  readonly protocolVersion: number
  /** From sequencing to effect, microseconds. */
  readonly effectDelay: bigint
  /** The time of the genesis, microseconds since 1970. */
  readonly now: bigint
}

export interface Sandbox {
  readonly synchronizer: Synchronizer
  /** Keys of the owner of the synchronizer, who is no participant. */
  readonly owner: KeyVault
  readonly participants: readonly Participant[]
}

const SECONDS = 1n
const HOURS = 3600n * SECONDS
const duration = (seconds: bigint) => ({ seconds, nanos: 0 })

/** The synchronizer's parameters at its start; the facts name their defaults where there are any. */
const PARAMETERS = {
  confirmationResponseTimeout: duration(30n),
  mediatorReactionTimeout: duration(30n),
  assignmentExclusivityTimeout: duration(60n),
  ledgerTimeRecordTimeTolerance: duration(60n),
  reconciliationInterval: duration(60n),
  mediatorDeduplicationTimeout: duration(48n * HOURS),
  maxRequestSize: 10 * 1024 * 1024,
  onboardingRestriction: 1,
  participantSynchronizerLimits: { confirmationRequestsMaxRate: 1_000_000 },
  sequencerAggregateSubmissionTimeout: duration(5n * 60n),
  trafficControl: undefined,
  acsCommitmentsCatchup: undefined,
  preparationTimeRecordTimeTolerance: duration(24n * HOURS),
}

const NAMESPACE_KEY: readonly number[] = [Usage.namespace]
const PROTOCOL_KEY: readonly number[] = [Usage.protocol]
const SEQUENCER_LOGIN_KEY: readonly number[] = [Usage.sequencerAuthentication]

/** A signed first transaction. */
function firstTransaction(
  mapping: KnownMapping,
  vault: KeyVault,
  signers: readonly string[],
): Submitted {
  const parsed = parseTransaction(
    wrap(encodeMessage('TopologyTransaction', { operation: 1, serial: 1, mapping: { mapping } })),
  )
  const signatures = signers.map((key) => ({
    wire: vault.sign(key, parsed.hash),
    hashes: undefined,
  }))
  return { ...parsed, signatures, proposal: false }
}

export function rootDelegation(namespace: string, targetKey: SigningPublicKey): KnownMapping {
  return {
    $case: 'namespaceDelegation',
    value: {
      namespace,
      targetKey,
      isRootDelegation: false,
      restriction: { $case: 'canSignAllMappings', value: {} },
    },
  }
}

/** A new namespace: its root key goes into the vault. */
async function foundNamespace(
  vault: KeyVault,
): Promise<{ readonly namespace: Namespace; readonly root: Submitted }> {
  const key = await generatePrivateKey('EC_CURVE25519')
  const target = vault.add(key, NAMESPACE_KEY)
  const namespace = parseNamespace(key.publicKey.fingerprint)
  return {
    namespace,
    root: firstTransaction(rootDelegation(namespace, target), vault, [namespace]),
  }
}

/** The keys of a member, signed by its namespace and by each key itself. */
async function memberKeys(
  vault: KeyVault,
  namespace: Namespace,
  member: string,
): Promise<Submitted> {
  const publicKeys: PublicKey[] = []
  const signers: string[] = [namespace]
  for (const usage of [PROTOCOL_KEY, SEQUENCER_LOGIN_KEY]) {
    const key = await generatePrivateKey('EC_CURVE25519')
    vault.add(key, usage)
    const value = signingPublicKey(key.publicKey, usage)
    publicKeys.push({ key: { $case: 'signingPublicKey', value } })
    signers.push(key.publicKey.fingerprint)
  }
  if (member.startsWith('PAR::')) {
    // Nothing is ever encrypted here: the private half is not kept.
    const { publicKey, secret } = await generatePrivateKey('EC_P256')
    secret.fill(0)
    const value = encryptionKeyFromSpki(publicKey.spki)
    publicKeys.push({ key: { $case: 'encryptionPublicKey', value } })
  }
  return firstTransaction(
    { $case: 'ownerToKeyMapping', value: { member, publicKeys } },
    vault,
    signers,
  )
}

async function foundSynchronizer(options: SandboxOptions): Promise<{
  readonly synchronizer: Synchronizer
  readonly owner: KeyVault
}> {
  const owner = new KeyVault()
  const { namespace, root } = await foundNamespace(owner)
  const uid = (identifier: string): string => uniqueIdentifierText({ identifier, namespace })
  const { protocolVersion, effectDelay, now } = options
  const synchronizerId = uid('sandbox')
  const synchronizer = new Synchronizer({ logical: synchronizerId, protocolVersion, effectDelay })
  const first = (mapping: KnownMapping): Submitted => firstTransaction(mapping, owner, [namespace])
  const genesis = [
    root,
    await memberKeys(owner, namespace, `SEQ::${uid('sequencer1')}`),
    await memberKeys(owner, namespace, `MED::${uid('mediator1')}`),
    first({
      $case: 'synchronizerParametersState',
      value: { synchronizerId, synchronizerParameters: PARAMETERS },
    }),
    first({
      $case: 'sequencerSynchronizerState',
      value: { synchronizerId, threshold: 1, active: [uid('sequencer1')], observers: [] },
    }),
    first({
      $case: 'mediatorSynchronizerState',
      value: { synchronizerId, group: 0, threshold: 1, active: [uid('mediator1')], observers: [] },
    }),
  ]
  for (const one of genesis) {
    const accepted = synchronizer.store.judge(one, { expectFull: true, effective: now })
    synchronizer.store.commit(accepted, { sequenced: now, validFrom: now })
  }
  synchronizer.resumeAfter(now)
  return { synchronizer, owner }
}

/** A participant with its keys and vetted packages, which joins the synchronizer. */
async function addParticipant(
  identifier: string,
  synchronizer: Synchronizer,
  now: bigint,
): Promise<Participant> {
  const vault = new KeyVault()
  const { namespace, root } = await foundNamespace(vault)
  const participant = new Participant({ identifier, namespace }, vault, synchronizer)
  const { uid } = participant
  const keys = await memberKeys(vault, namespace, `PAR::${uid}`)
  const first = (mapping: KnownMapping): Submitted => firstTransaction(mapping, vault, [namespace])
  const transactions = [
    root,
    keys,
    first({
      $case: 'synchronizerTrustCertificate',
      value: { participantUid: uid, synchronizerId: synchronizer.logical, featureFlags: [] },
    }),
    first({
      $case: 'vettedPackages',
      value: {
        participantUid: uid,
        packageIds: [],
        packages: [
          {
            packageId: ECHO_PACKAGE.id,
            validFromInclusive: timestampOf(0n),
            validUntilExclusive: undefined,
          },
        ],
      },
    }),
  ]
  const node = {
    participant,
    uid,
    hasPackage: () => true,
    isSignatory: () => false,
    hasContracts: () => false,
  }
  const options = { flags: new Set<number>(), expectFull: true, now }
  addTransactions(node, participant.authorized, transactions, options)
  return participant
}

export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { synchronizer, owner } = await foundSynchronizer(options)
  const participants: Participant[] = []
  for (let i = 1; i <= options.participants; i++) {
    participants.push(await addParticipant(`participant${i}`, synchronizer, options.now))
  }
  return { synchronizer, owner, participants }
}
