/**
 * The files of Canton's scripts for an offline root key (fixtures/namespace-delegations): read, hashed,
 * signed, assembled and built again, through the executable.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeMessage, unwrap } from '../../src/wire/codec.ts'
import { fixture, fixtureBytes, fromHex } from '../support/vectors.ts'
import { run, runJson, scratch } from './support/program.ts'

interface Case {
  readonly name: string
  readonly root_key: string
  readonly target_key: string
  readonly script_arguments: readonly string[]
  readonly canton_target_pub_key_hex: string | null
  readonly revoked_prepared_transaction_hex: string | null
  readonly namespace: string
  readonly prepared_transaction_hex: string
  readonly hash_hex: string
  readonly signature_hex: string
  readonly signature_deterministic: boolean
  readonly certificate_hex: string
  readonly python_protobuf_bytes_hex: string | null
  readonly python_protobuf_hash_hex: string | null
  readonly decoded: { readonly operation: string; readonly serial: number }
}

const { cases } = fixture('namespace-delegations/reference-script-certificates.json') as {
  readonly cases: readonly Case[]
}
const named = cases.map((one) => [one.name, one] as const)

/** A directory with the root key, its public key, the target's public key, and the files of a case. */
function prepared(one: Case): {
  readonly directory: string
  read(path: string): Uint8Array
  succeed(...args: readonly string[]): unknown
} {
  const directory = scratch()
  const place = (name: string, bytes: Uint8Array, mode = 0o644): void => {
    writeFileSync(join(directory, name), bytes, { mode })
  }
  place('root.der', fixtureBytes(`keys/${one.root_key}.pkcs8.der`), 0o600)
  place('root.pub.der', fixtureBytes(`keys/${one.root_key}.spki.der`))
  place('target.pub.der', fixtureBytes(`keys/${one.target_key}.spki.der`))
  place('one.prep', fromHex(one.prepared_transaction_hex))
  place('recorded.cert', fromHex(one.certificate_hex))
  if (one.revoked_prepared_transaction_hex !== null) {
    place('before.prep', fromHex(one.revoked_prepared_transaction_hex))
  }
  return {
    directory,
    read: (path) => new Uint8Array(readFileSync(join(directory, path))),
    succeed: (...args) => {
      const { status, document } = runJson(args, { directory })
      expect({ status, document }).toEqual({ status: 0, document })
      return document
    },
  }
}

const signedOf = (
  bytes: Uint8Array,
): ReturnType<typeof decodeMessage<'SignedTopologyTransaction'>> =>
  decodeMessage('SignedTopologyTransaction', unwrap(bytes))

/** What `inspect` says of the one transaction in a file, apart from hashes and signatures. */
function contentOf(document: unknown): unknown {
  const { transactions } = document as {
    readonly transactions: readonly {
      readonly operation: string
      readonly serial: number
      readonly mapping: Readonly<Record<string, unknown>>
    }[]
  }
  return transactions.map(({ operation, serial, mapping }) => ({
    operation,
    serial,
    mapping: sorted(mapping),
  }))
}

/** The mappings of a restriction are a set: Canton sorts them, the scripts do not. */
function sorted(mapping: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const restriction = mapping['canSignSpecificMapings'] as { mappings: string[] } | undefined
  return restriction === undefined
    ? mapping
    : { ...mapping, canSignSpecificMapings: [...restriction.mappings].sort() }
}

/** True if no order could differ. */
const hasNoSet = ({ script_arguments: [, list = ''] }: Case): boolean => !list.includes(',')

describe('files of the scripts', () => {
  test.each(named)('%s: read, hashed to what is recorded', (_name, one) => {
    const at = prepared(one)
    expect(at.succeed('hash', 'one.prep')).toEqual({ hash: one.hash_hex })
    expect(at.succeed('hash', 'recorded.cert')).toEqual({ hash: one.hash_hex })
    expect(at.succeed('inspect', 'one.prep')).toMatchObject({
      kind: 'topology-transaction',
      transactions: [
        {
          operation: one.decoded.operation.endsWith('REMOVE') ? 'remove' : 'replace',
          serial: one.decoded.serial,
          mapping: { type: 'NamespaceDelegation', namespace: one.namespace },
        },
      ],
    })
  })

  test.each(named)('%s: the recorded certificate verifies with the root key', (_name, one) => {
    const { directory } = prepared(one)
    const args = ['verify', 'recorded.cert', '--signatures-only', '--state', 'root.pub.der']
    const { status, document } = runJson(args, { directory })
    // A target that cannot act for a namespace is a finding.
    expect(status).toBe(one.canton_target_pub_key_hex === null ? 0 : 3)
    expect(document).toMatchObject({ signatures: { valid: 1, invalid: 0, unverifiable: 0 } })
  })

  const sound = named.filter(([, one]) => one.canton_target_pub_key_hex === null)
  test.each(sound)('%s: signed and assembled', (_name, one) => {
    const at = prepared(one)
    const sign = ['sign', 'one.prep', '--key', 'root.der', '--yes', '--proposal', 'false']
    const removal = one.decoded.operation.endsWith('REMOVE') ? ['--state', 'before.cert'] : []
    if (removal.length > 0) {
      at.succeed('sign', 'before.prep', '--key', 'root.der', '--yes', '-o', 'before.cert')
    }
    const delegates = one.script_arguments[1] === 'NAMESPACE_DELEGATION'
    const danger = delegates ? ['--accept-danger', 'delegate-may-delegate'] : []
    at.succeed(...sign, ...removal, ...danger, '-o', 'signed')
    at.succeed('export', 'signed', '--format', 'cert', '-d', 'out')
    const made = signedOf(at.read('out/01-namespace-delegation.cert'))
    const recorded = signedOf(fromHex(one.certificate_hex))
    expect(made.transaction).toEqual(fromHex(one.prepared_transaction_hex))
    expect(made.proposal).toBe(recorded.proposal)
    const withoutBytes = ({ signatures }: typeof made): unknown =>
      signatures.map(({ format, signedBy, signingAlgorithmSpec }) => ({
        format,
        signedBy,
        signingAlgorithmSpec,
      }))
    expect(withoutBytes(made)).toEqual(withoutBytes(recorded))
    if (one.signature_deterministic) {
      expect(made.signatures[0]?.signature).toEqual(fromHex(one.signature_hex))
    }
    at.succeed(
      'verify',
      'out/01-namespace-delegation.cert',
      '--signatures-only',
      '--state',
      'root.pub.der',
    )
  })

  test('a target key that cannot act for a namespace is not signed', () => {
    const one = cases.find(({ canton_target_pub_key_hex: hex }) => hex !== null)
    if (one === undefined) throw new Error('the case is missing')
    const { directory } = prepared(one)
    const args = ['sign', 'one.prep', '--key', 'root.der', '--yes', '-o', 'signed']
    expect(run(args, { directory }).status).toBe(3)
  })
})

const RESTRICTION_NAMES: Readonly<Record<string, string>> = {
  PARTY_TO_PARTICIPANT: 'partyToParticipant',
  VETTED_PACKAGES: 'vettedPackages',
  NAMESPACE_DELEGATION: 'namespaceDelegation',
}

/** The command line of `build` that says what the arguments of the script say. */
function buildArguments(one: Case): readonly string[] {
  const [option, list = ''] = one.script_arguments
  const both = ['--namespace-key', 'root.pub.der', '--target-key', 'target.pub.der']
  switch (option) {
    case '--root-delegation':
      return ['root-delegation', '--namespace-key', 'root.pub.der']
    case '--intermediate-delegation':
      return ['delegation', ...both]
    case '--delegation-restrictions':
      return [
        'delegation',
        ...both,
        ...list.split(',').flatMap((name) => ['--restriction', RESTRICTION_NAMES[name] ?? name]),
      ]
    default:
      return ['revoke', '--previous', 'before.prep']
  }
}

describe('what is built for the same keys', () => {
  const buildable = named.filter(([, one]) => one.canton_target_pub_key_hex === null)
  test.each(buildable)('%s: says the same, field by field', (_name, one) => {
    const at = prepared(one)
    at.succeed('build', ...buildArguments(one), '-o', 'built.json')
    expect(contentOf(at.succeed('inspect', 'built.json'))).toEqual(
      contentOf(at.succeed('inspect', 'one.prep')),
    )
    at.succeed('export', 'built.json', '--format', 'prep', '-d', 'out')
    const built = at.read('out/01-namespace-delegation.prep')
    if (!hasNoSet(one)) return
    // The same message that another encoder of protobuf writes, where one was asked.
    if (one.python_protobuf_bytes_hex !== null) {
      expect(built).toEqual(fromHex(one.python_protobuf_bytes_hex))
      expect(at.succeed('hash', 'built.json')).toEqual({ hash: one.python_protobuf_hash_hex })
    }
    // The scripts write the version before the data; what is inside the wrapper is the same.
    expect(unwrap(built)).toEqual(unwrap(fromHex(one.prepared_transaction_hex)))
  })
})
