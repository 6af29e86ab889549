/** Versions, and what the hashing scheme leaves unsigned (docs/protocol/prepared-transactions.md section 4.4). */
import type {
  GlobalKeyWithMaintainers,
  Metadata,
  PreparedTransaction,
} from '../wire/generated/schema.ts'
import { synchronizerIdForm } from './check-metadata.ts'
import type { NodeType } from './encode-node.ts'
import type { Report } from './report.ts'
import { HASHING_SCHEMES, LF_VERSIONS, type HashingScheme } from './scheme.ts'
import { placedNodes } from './tree.ts'

/** Contract keys came with Daml-LF `2`. */
const WITHOUT_KEYS = '2.1'

/** `2.1` before `2` before `dev`; -1 for a version that is refused as unknown. */
const rank = (lfVersion: string): number => LF_VERSIONS.indexOf(lfVersion)

function checkLfVersion(
  lfVersion: string,
  path: string,
  scheme: HashingScheme,
  report: Report,
): void {
  if (rank(lfVersion) < 0 || HASHING_SCHEMES[scheme].lfVersions.includes(lfVersion)) return
  const message = `Daml-LF version ${lfVersion} is not allowed under hashing scheme ${scheme}`
  report('lf-version-not-in-scheme', path, message)
}

function checkKey(
  key: GlobalKeyWithMaintainers | undefined,
  lfVersion: string,
  path: string,
  scheme: HashingScheme,
  report: Report,
): void {
  if (key === undefined) return
  if (scheme === 'V2') {
    report('key-not-signed', `${path}.key`, 'hashing scheme V2 leaves the contract key unsigned')
  } else if (lfVersion === WITHOUT_KEYS) {
    const message = `a contract key on a node of Daml-LF version ${lfVersion}, which has none`
    report('key-not-in-lf-version', `${path}.key`, message)
  }
}

function checkByKey(
  byKey: boolean,
  lfVersion: string,
  path: string,
  scheme: HashingScheme,
  report: Report,
): void {
  if (!byKey) return
  if (scheme === 'V2') {
    report('by-key-not-signed', `${path}.by_key`, 'hashing scheme V2 leaves by_key unsigned')
  } else if (lfVersion === WITHOUT_KEYS) {
    const message = `by_key on a node of Daml-LF version ${lfVersion}, which has no keys`
    report('key-not-in-lf-version', `${path}.by_key`, message)
  }
}

function checkNodeScheme(
  node: NodeType,
  path: string,
  scheme: HashingScheme,
  report: Report,
): void {
  if (node.$case === 'rollback') return
  const { lfVersion, key } = node.value
  checkLfVersion(lfVersion, `${path}.lf_version`, scheme, report)
  if (node.$case === 'queryByKey') {
    if (lfVersion === WITHOUT_KEYS) {
      const message = `a query by key of Daml-LF version ${lfVersion}, which has no keys`
      report('key-not-in-lf-version', path, message)
    }
    return
  }
  checkKey(key, lfVersion, path, scheme, report)
  if (node.$case === 'create') return
  checkByKey(node.value.byKey, lfVersion, path, scheme, report)
  if (node.$case === 'exercise' && node.value.externalCallResults.length > 0) {
    const message = `hashing scheme ${scheme} leaves the results of external calls unsigned`
    report('external-call-not-signed', `${path}.external_call_results[0]`, message)
  }
}

function checkMetadataScheme(metadata: Metadata, scheme: HashingScheme, report: Report): void {
  metadata.inputContracts.forEach(({ contract }, i) => {
    if (contract === undefined) return
    const path = `metadata.input_contracts[${i}].v1`
    checkNodeScheme({ $case: 'create', value: contract.value }, path, scheme, report)
  })
  const withBlob = metadata.inputContracts.filter(({ eventBlob }) => eventBlob.length > 0).length
  if (withBlob > 0) {
    const message = `no hash covers event_blob, which ${withBlob === 1 ? 'one input contract carries' : `${withBlob} input contracts carry`}`
    report('event-blob-not-signed', 'metadata.input_contracts', message)
  }
  if (scheme === 'V2' && metadata.maxRecordTime !== undefined) {
    const message =
      'hashing scheme V2 leaves max_record_time unsigned: others can change or drop it'
    report('max-record-time-not-signed', 'metadata.max_record_time', message)
  }
  const form = synchronizerIdForm(metadata.synchronizerId)
  if (scheme === 'V3' && form === 'logical') {
    const message = 'V3 needs protocol version 35, whose transactions name a physical synchronizer'
    report('synchronizer-id-form', 'metadata.synchronizer_id', message)
  }
}

/** What the scheme forbids, leaves unsigned, or leaves unsigned by design. */
export function checkScheme(
  prepared: PreparedTransaction,
  scheme: HashingScheme,
  report: Report,
): void {
  const { transaction, metadata } = prepared
  if (transaction !== undefined) {
    checkLfVersion(transaction.version, 'transaction.version', scheme, report)
    for (const { node, path } of placedNodes(transaction)) {
      checkNodeScheme(node, path, scheme, report)
      if (node.$case === 'rollback') continue
      if (
        rank(node.value.lfVersion) > rank(transaction.version) &&
        rank(transaction.version) >= 0
      ) {
        const message = `the node has Daml-LF version ${node.value.lfVersion}, its transaction ${transaction.version}`
        report('lf-version-above-transaction', `${path}.lf_version`, message)
      }
    }
  }
  if (metadata !== undefined) checkMetadataScheme(metadata, scheme, report)
}
