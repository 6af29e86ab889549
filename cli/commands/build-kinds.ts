/** The kinds of `build`: options read, handed to the pure functions of src/build/kinds. */
import { CantosignError, unreachable } from '../../src/base/errors.ts'
import type { PreviousTransaction } from '../../src/build/build.ts'
import { encryptionKeyFromSpki } from '../../src/build/keys.ts'
import { changedSigningKeys, ownerToKey, partyToKey } from '../../src/build/kinds/keys.ts'
import {
  changedOwners,
  decentralizedNamespaceDefinition,
  delegation,
  revocation,
  rootBlock,
  rootDelegation,
  type DelegationRestriction,
} from '../../src/build/kinds/namespaces.ts'
import { changedHosting, externalParty, type Host } from '../../src/build/kinds/parties.ts'
import { enumChoices, MAPPING_CODES, Usage } from '../../src/build/names.ts'
import type { ReleaseLine, TransactionDraft } from '../../src/build/rules.ts'
import { RESTRICTIONS } from '../../src/build/spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { parseFingerprint, parseNamespace } from '../../src/ident/fingerprint.ts'
import { parseMemberId, parsePartyId, parseUniqueIdentifier } from '../../src/ident/identifiers.ts'
import type { Arguments } from '../command.ts'
import type { BuildKind } from './build-options.ts'
import { MAX_KEY_BYTES, readPublicKeyFile } from './public-key-input.ts'

function usage(message: string, hint: string): CantosignError {
  return new CantosignError('usage', message, hint)
}

function required(args: Arguments, name: string, value: string): string {
  const text = args.string(name)
  if (text === undefined) throw usage(`--${name} is missing`, `add --${name} ${value}`)
  return text
}

function count(args: Arguments, name: string): number | undefined {
  const text = args.string(name)
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw usage(`--${name} ${text} is no whole number above 0`, `say for example --${name} 2`)
  }
  return Number(text)
}

export function releaseOf(args: Arguments): ReleaseLine {
  const text = args.string('for-release')
  return text === '3.3' || text === '3.4' ? text : '3.5'
}

function hostOf(text: string, option: string): Host {
  const [uid = '', permission = '', ...more] = text.split('=')
  const number = enumChoices('ParticipantPermission').get(permission)
  if (number === undefined || more.length > 0) {
    throw usage(
      `--${option} ${text} does not say participant=permission`,
      'the permission is confirmation, observation or submission',
    )
  }
  return { participant: parseUniqueIdentifier(uid, `--${option}`), permission: number }
}

/** Options of one run: every file that is read is noted, so that none of them is overwritten. */
class KindOptions {
  readonly #args: Arguments
  readonly #inputs: string[]

  constructor(args: Arguments, inputs: string[]) {
    this.#args = args
    this.#inputs = inputs
  }

  bytes(path: string): Uint8Array {
    this.#inputs.push(path)
    return readWholeFile(path, MAX_KEY_BYTES)
  }

  async key(name: string): Promise<PublicKey> {
    return await this.#publicKey(required(this.#args, name, 'FILE'))
  }

  async keys(name: string): Promise<readonly PublicKey[]> {
    const keys: PublicKey[] = []
    for (const path of this.#args.strings(name)) keys.push(await this.#publicKey(path))
    return keys
  }

  async #publicKey(path: string): Promise<PublicKey> {
    this.#inputs.push(path)
    return await readPublicKeyFile(path)
  }

  hosts(name: string): readonly Host[] {
    return this.#args.strings(name).map((text) => hostOf(text, name))
  }

  participants(name: string): readonly ReturnType<typeof parseUniqueIdentifier>[] {
    return this.#args.strings(name).map((text) => parseUniqueIdentifier(text, `--${name}`))
  }

  fingerprints(name: string): readonly ReturnType<typeof parseFingerprint>[] {
    return this.#args.strings(name).map((text) => parseFingerprint(text, `--${name}`))
  }

  namespaces(name: string): readonly ReturnType<typeof parseNamespace>[] {
    return this.#args.strings(name).map((text) => parseNamespace(text, `--${name}`))
  }
}

function single(previous: readonly PreviousTransaction[]): PreviousTransaction | undefined {
  const [first, second] = previous
  if (second === undefined) return first
  throw usage('--previous is given more than once', 'a kind changes one transaction at a time')
}

function changed(previous: readonly PreviousTransaction[]): PreviousTransaction {
  const own = single(previous)
  if (own !== undefined) return own
  throw usage('--previous is missing', 'give the transaction in force that is to be changed')
}

function restrictionOf(words: readonly string[]): DelegationRestriction {
  const [first = 'all-but-namespace-delegations', second] = words
  const word = RESTRICTIONS.get(first)
  if (word !== undefined) {
    if (second === undefined) return word
    throw usage(`--restriction ${first} stands beside others`, 'give that one alone, or mappings')
  }
  const codes = words.map((name) => {
    const code = MAPPING_CODES.get(name)
    if (code !== undefined) return code
    throw usage(
      `--restriction ${name} is neither a mapping nor all nor all-but-namespace-delegations`,
      'a mapping is named as in a spec, for example partyToParticipant',
    )
  })
  if (new Set(codes).size !== codes.length)
    throw usage('a restriction is given twice', 'name it once')
  return {
    $case: 'canSignSpecificMapings',
    value: { mappings: codes.toSorted((a, b) => a - b) },
  }
}

/** Exactly one of `--namespace-key` and `--namespace`. */
async function controlOf(
  args: Arguments,
  options: KindOptions,
): Promise<Parameters<typeof externalParty>[0]['control']> {
  const namespace = args.string('namespace')
  const keyed = args.string('namespace-key') !== undefined
  if (keyed === (namespace !== undefined)) {
    throw usage(
      keyed ? '--namespace-key and --namespace are given' : 'the namespace is missing',
      'give --namespace-key FILE or --namespace FINGERPRINT',
    )
  }
  if (namespace === undefined) return { $case: 'key', key: await options.key('namespace-key') }
  return { $case: 'namespace', namespace: parseNamespace(namespace, '--namespace') }
}

/**
 * The transactions that a kind asks for.
 * @throws CantosignError `usage` for options that are missing or do not go together, and what the
 * functions of src/build/kinds throw
 */
export async function draftsOf(
  kind: BuildKind,
  args: Arguments,
  previous: readonly PreviousTransaction[],
  inputs: string[],
): Promise<readonly TransactionDraft[]> {
  const options = new KindOptions(args, inputs)
  switch (kind) {
    case 'root-delegation':
      return [rootDelegation(await options.key('namespace-key'))]
    case 'delegation': {
      const control = await controlOf(args, options)
      const { fingerprint } = control.$case === 'key' ? control.key : { fingerprint: undefined }
      return [
        delegation({
          namespace:
            control.$case === 'namespace'
              ? control.namespace
              : parseNamespace(fingerprint ?? '', '--namespace-key'),
          target: await options.key('target-key'),
          restriction: restrictionOf(args.strings('restriction')),
          previous: single(previous),
        }),
      ]
    }
    case 'revoke': {
      const own = single(previous)
      const keyed = args.string('namespace-key') !== undefined
      if (keyed === (own !== undefined)) {
        throw usage(
          keyed ? '--previous and --namespace-key are given' : 'nothing says what to revoke',
          'give --previous FILE, or --namespace-key FILE to block a root key that was never published',
        )
      }
      return [own === undefined ? rootBlock(await options.key('namespace-key')) : revocation(own)]
    }
    case 'decentralized-namespace':
      return [decentralizedNamespaceDraft(args, options, single(previous))]
    case 'external-party':
      return externalParty({
        hint: required(args, 'party', 'NAME'),
        control: await controlOf(args, options),
        signingKeys: await options.keys('signing-key'),
        signingThreshold: count(args, 'signing-threshold'),
        hosts: options.hosts('host'),
        threshold: count(args, 'threshold'),
        release: releaseOf(args),
      })
    case 'hosting':
      return [
        changedHosting({
          previous: changed(previous),
          addHosts: options.hosts('add-host'),
          removeHosts: options.participants('remove-host'),
          permissions: options.hosts('permission'),
          onboarding: options.participants('onboarding'),
          onboarded: options.participants('onboarded'),
          threshold: count(args, 'threshold'),
        }),
      ]
    case 'signing-keys':
      return [
        changedSigningKeys({
          previous: changed(previous),
          addKeys: await options.keys('add-key'),
          removeKeys: options.fingerprints('remove-key'),
          signingThreshold: count(args, 'signing-threshold'),
          dropNamespaceKey: args.flag('drop-namespace-key'),
        }),
      ]
    case 'owner-to-key':
      return [await ownerToKeyDraft(args, options, single(previous))]
    case 'party-to-key':
      return [
        partyToKey({
          party: parsePartyId(required(args, 'party', 'PARTY')),
          signingKeys: await options.keys('signing-key'),
          signingThreshold: count(args, 'signing-threshold'),
        }),
      ]
    default:
      return unreachable(kind)
  }
}

function decentralizedNamespaceDraft(
  args: Arguments,
  options: KindOptions,
  previous: PreviousTransaction | undefined,
): TransactionDraft {
  const owners = options.namespaces('owner')
  const addOwners = options.namespaces('add-owner')
  const removeOwners = options.namespaces('remove-owner')
  const threshold = count(args, 'threshold')
  if (previous !== undefined) {
    if (owners.length === 0) {
      return changedOwners({ previous, addOwners, removeOwners, threshold })
    }
    throw usage('--owner is for a new namespace', 'say --add-owner or --remove-owner')
  }
  if (addOwners.length + removeOwners.length > 0) {
    throw usage('--previous is missing', 'give the definition in force, or name all with --owner')
  }
  if (threshold === undefined) {
    throw usage('--threshold is missing', 'say how many owners have to sign: --threshold N')
  }
  return decentralizedNamespaceDefinition(owners, threshold)
}

async function ownerToKeyDraft(
  args: Arguments,
  options: KindOptions,
  previous: PreviousTransaction | undefined,
): Promise<TransactionDraft> {
  const member = args.string('member')
  const both = [Usage.protocol, Usage.sequencerAuthentication]
  const signingKeys = [
    ...(await options.keys('signing-key')).map((key) => ({ key, usages: both })),
    ...(await options.keys('protocol-key')).map((key) => ({ key, usages: [Usage.protocol] })),
    ...(await options.keys('authentication-key')).map((key) => ({
      key,
      usages: [Usage.sequencerAuthentication],
    })),
  ]
  return ownerToKey({
    member: member === undefined ? undefined : parseMemberId(member),
    signingKeys,
    encryptionKeys: args
      .strings('encryption-key')
      .map((path) => encryptionKeyFromSpki(options.bytes(path))),
    previous,
    removeKeys: options.fingerprints('remove-key'),
  })
}
