/** A party of a decentralized namespace, from one spec, signed by everybody who has to. */
import { writeFileSync } from 'node:fs'
import { done, type Desk, type Person } from './rehearsal.ts'

export interface DecentralizedParty {
  readonly namespace: string
  readonly party: string
  /** A package with every signature that is needed, but those of the hosts. */
  readonly file: string
}

export interface AskedDecentralizedParty {
  readonly name: string
  readonly owners: readonly Person[]
  /** Owners that have to sign. */
  readonly threshold: number
  /** The party's own signing keys, and how many of them have to sign. */
  readonly keys: readonly Person[]
  readonly keyThreshold: number
  /** Uids of the participants, all confirming. */
  readonly hosts: readonly string[]
  readonly synchronizer: string
}

/** Each signs a copy of their own, as in several companies; the copies are combined. */
export async function decentralizedParty(
  desk: Desk,
  asked: AskedDecentralizedParty,
): Promise<DecentralizedParty> {
  const { name, owners, threshold, keys, keyThreshold, hosts, synchronizer } = asked
  const { json } = await done(
    ...['namespace', 'decentralized', '--json'],
    ...owners.flatMap(({ fingerprint }) => ['--owner', fingerprint]),
  )
  const { namespace } = json as { namespace: string }
  const party = `${name}::${namespace}`
  const spec = desk.file(`${name}.yaml`)
  writeFileSync(
    spec,
    [
      'transactions:',
      ...owners.flatMap(({ fingerprint, publicKey }) => [
        '  - namespaceDelegation:',
        `      namespace: ${fingerprint}`,
        `      targetKey: { publicKey: "file:${publicKey}", usage: [namespace] }`,
        '      restriction: all',
      ]),
      '  - decentralizedNamespaceDefinition:',
      `      decentralizedNamespace: ${namespace}`,
      `      threshold: ${threshold}`,
      `      owners: [${owners.map(({ fingerprint }) => fingerprint).join(', ')}]`,
      '  - partyToParticipant:',
      `      party: "${party}"`,
      '      threshold: 1',
      '      participants:',
      ...hosts.map((host) => `        - { participant: "${host}", permission: confirmation }`),
      '      partySigningKeys:',
      `        threshold: ${keyThreshold}`,
      '        keys:',
      ...keys.map((one) => `          - { publicKey: "file:${one.publicKey}", usage: [protocol] }`),
      '',
    ].join('\n'),
  )
  const made = desk.file(`${name}.json`)
  await done('build', '-f', spec, '--synchronizer', synchronizer, '-o', made)
  const copies: string[] = []
  for (const person of [...owners, ...keys]) {
    copies.push(await desk.sign(made, person, '--combined'))
  }
  const file = desk.file(`${name}.signed.json`)
  await done('combine', ...copies, '-o', file)
  return { namespace, party, file }
}
