/**
 * A second evaluator, written to be obviously right and not fast: docs/protocol/authorization.md as
 * logic over sets, found by trying. It shares nothing with src/ and imports nothing.
 */

export interface RefKey {
  readonly fingerprint: string
  /** As on the wire; empty means every usage. */
  readonly usage: readonly number[]
}

export interface RefHost {
  readonly uid: string
  readonly namespace: string
  readonly permission: number
  readonly onboarding: boolean
}

export type RefMapping =
  | {
      readonly kind: 'delegation'
      readonly namespace: string
      readonly target: string
      readonly restriction: 'all' | 'all-but-delegations' | readonly number[]
    }
  | {
      readonly kind: 'definition'
      readonly namespace: string
      readonly owners: readonly string[]
      readonly threshold: number
    }
  | {
      readonly kind: 'owner-keys' | 'party-keys'
      readonly id: string
      readonly namespace: string
      readonly keys: readonly RefKey[]
    }
  | {
      readonly kind: 'hosting'
      readonly party: string
      readonly namespace: string
      readonly threshold: number
      readonly hosts: readonly RefHost[]
      readonly keys: { readonly threshold: number; readonly list: readonly RefKey[] } | undefined
    }
  | {
      readonly kind: 'plain'
      readonly code: number
      readonly id: string
      readonly namespace: string
    }

export interface RefTransaction {
  /** Equal names are equal transactions. */
  readonly name: string
  readonly operation: 'replace' | 'remove'
  readonly mapping: RefMapping
}

export interface RefRecord extends RefTransaction {
  readonly signers: readonly string[]
}

export interface RefCase {
  /** In order; the last of a mapping counts. */
  readonly history: readonly RefRecord[]
  readonly synchronizer: string
  readonly judged: RefTransaction
  readonly valid: readonly string[]
  readonly invalid: readonly string[]
  readonly snapshot: boolean
}

export interface RefAnswer {
  readonly status: 'authorized' | 'incomplete' | 'unauthorized' | 'unknown'
  readonly superfluous: readonly string[]
  /** Namespaces and keys without which the requirement cannot be met, and that are not there. */
  readonly indispensable: readonly string[]
  /** For each of those namespaces the keys that would bring it nearer. */
  readonly candidates: Readonly<Record<string, readonly string[]>>
}

const NAMESPACE_USAGE = 1

function codeOf(mapping: RefMapping): number {
  switch (mapping.kind) {
    case 'delegation':
      return 1
    case 'definition':
      return 3
    case 'owner-keys':
      return 4
    case 'party-keys':
      return 18
    case 'hosting':
      return 9
    case 'plain':
      return mapping.code
  }
}

/** What is the same for transactions that replace each other. */
export function mappingName(mapping: RefMapping): string {
  switch (mapping.kind) {
    case 'delegation':
      return `delegation ${mapping.namespace} ${mapping.target}`
    case 'definition':
      return `definition ${mapping.namespace}`
    case 'owner-keys':
    case 'party-keys':
      return `${mapping.kind} ${mapping.id}`
    case 'hosting':
      return `hosting ${mapping.party}`
    case 'plain':
      return `plain ${mapping.code} ${mapping.id}`
  }
}

/** The last record of each mapping; late signatures on the same transaction have joined it. */
function currentRecords(history: readonly RefRecord[]): readonly RefRecord[] {
  const names = [...new Set(history.map((record) => mappingName(record.mapping)))]
  return names.map((name) => {
    const chain = history.filter((record) => mappingName(record.mapping) === name)
    const last = chain[chain.length - 1] as RefRecord
    let from = chain.length - 1
    while (chain[from - 1]?.name === last.name) from--
    return { ...last, signers: [...new Set(chain.slice(from).flatMap((record) => record.signers))] }
  })
}

function allows(
  restriction: 'all' | 'all-but-delegations' | readonly number[],
  code: number,
): boolean {
  if (restriction === 'all') return true
  if (restriction === 'all-but-delegations') return code !== 1
  return restriction.includes(code)
}

/** Whether one key may sign a code for a normal namespace: is there a chain from the root to it? */
function mayAct(
  key: string,
  namespace: string,
  code: number,
  records: readonly RefRecord[],
): boolean {
  const active = records.flatMap(({ operation, mapping, signers }) =>
    operation === 'replace' && mapping.kind === 'delegation' && mapping.namespace === namespace
      ? [{ mapping, signers }]
      : [],
  )
  const isRooted = active.some(
    ({ mapping, signers }) => mapping.target === namespace && signers.includes(namespace),
  )
  if (!isRooted) return false
  const chainTo = (wanted: string, visited: readonly string[]): boolean => {
    if (wanted === namespace) return true
    const link = active.find(({ mapping }) => mapping.target === wanted)
    return (
      link !== undefined &&
      link.signers.some((signer) => {
        const own = active.find(({ mapping }) => mapping.target === signer)
        return (
          !visited.includes(signer) &&
          own !== undefined &&
          allows(own.mapping.restriction, 1) &&
          chainTo(signer, [...visited, wanted])
        )
      })
    )
  }
  const own = active.find(({ mapping }) => mapping.target === key)
  return own !== undefined && allows(own.mapping.restriction, code) && chainTo(key, [])
}

function usages(key: RefKey): readonly number[] {
  const named = key.usage.filter((one) => one !== 2)
  if (named.length === 0) return [1, 3, 4, 5]
  if (named.every((one) => one === NAMESPACE_USAGE)) return [1]
  return [...new Set([...named, 5])].sort()
}

const whole = (key: RefKey): string => `${key.fingerprint} ${usages(key).join(' ')}`

/** A requirement as a question: would it be met, if these namespaces and keys were there? */
type Question = (namespace: (one: string) => boolean, key: (one: string) => boolean) => boolean

interface Rule {
  readonly question: Question
  readonly namespaces: readonly string[]
  readonly keys: readonly string[]
}

function allOf(namespaces: readonly string[], keys: readonly string[] = []): Rule {
  return { question: (n, k) => namespaces.every(n) && keys.every(k), namespaces, keys }
}

function eitherOf(a: string, b: string): Rule {
  return { question: (n) => n(a) || n(b), namespaces: [a, b], keys: [] }
}

function together(rules: readonly Rule[]): Rule {
  return {
    question: (n, k) => rules.every(({ question }) => question(n, k)),
    namespaces: rules.flatMap(({ namespaces }) => namespaces),
    keys: rules.flatMap(({ keys }) => keys),
  }
}

type Hosting = RefMapping & { readonly kind: 'hosting' }

const keyList = (hosting: Hosting | undefined): readonly RefKey[] => hosting?.keys?.list ?? []

function keysText(hosting: Hosting | undefined): string {
  if (hosting?.keys === undefined) return 'none'
  return `${hosting.keys.threshold}: ${[...new Set(keyList(hosting).map(whole))].sort().join()}`
}

function hostingText(hosting: Hosting): string {
  const hosts = hosting.hosts.map((one) => `${one.uid} ${one.permission} ${one.onboarding}`)
  return `${hosting.threshold} / ${hosts.sort().join()} / ${keysText(hosting)}`
}

function hostingRule(now: Hosting, before: Hosting | undefined, snapshot: boolean): Rule {
  const party = now.namespace
  const rules: Rule[] = []
  const old = new Map(before?.hosts.map((host) => [host.uid, host]))
  const added = keyList(now)
    .map(({ fingerprint }) => fingerprint)
    .filter((one) => !keyList(before).some(({ fingerprint }) => fingerprint === one))
  if (now.threshold !== before?.threshold) rules.push(allOf([party]))
  if (keysText(now) !== keysText(before)) rules.push(allOf([party], added))
  for (const host of now.hosts) {
    const was = old.get(host.uid)
    if (was === undefined) rules.push(allOf([party, host.namespace]))
    else {
      if (host.permission < was.permission) {
        rules.push(snapshot ? allOf([party]) : allOf([party, host.namespace]))
      }
      if (host.permission > was.permission) rules.push(eitherOf(party, host.namespace))
      if (was.onboarding && !host.onboarding) rules.push(allOf([host.namespace]))
      if (!was.onboarding && host.onboarding) rules.push(allOf([party]))
    }
  }
  for (const host of old.values()) {
    const stays = now.hosts.some(({ uid }) => uid === host.uid)
    if (!stays) rules.push(eitherOf(party, host.namespace))
  }
  return rules.length === 0 ? allOf([party]) : together(rules)
}

/** `undefined`: the rules leave it open. */
function ruleFor(
  { operation, mapping }: RefTransaction,
  previous: RefRecord | undefined,
  snapshot: boolean,
): Rule | undefined {
  const active = previous?.operation === 'replace' ? previous.mapping : undefined
  switch (mapping.kind) {
    case 'delegation':
    case 'plain':
      return allOf([mapping.namespace])
    case 'definition': {
      if (previous?.mapping.kind !== 'definition') return allOf(mapping.owners)
      const before = previous.mapping.owners
      return allOf([mapping.namespace, ...mapping.owners.filter((one) => !before.includes(one))])
    }
    case 'owner-keys':
    case 'party-keys': {
      if (mapping.kind === 'owner-keys' && snapshot) return allOf([mapping.namespace])
      const before = active !== undefined && active.kind === mapping.kind ? active.keys : []
      const known = before.map(whole)
      const added = mapping.keys.filter((key) => !known.includes(whole(key)))
      return allOf(
        [mapping.namespace],
        added.map(({ fingerprint }) => fingerprint),
      )
    }
    case 'hosting': {
      const before = active?.kind === 'hosting' ? active : undefined
      const isSame = before !== undefined && hostingText(before) === hostingText(mapping)
      if (operation === 'remove' && !isSame) return undefined
      return hostingRule(mapping, before, snapshot)
    }
  }
}

export function referee(input: RefCase): RefAnswer {
  const { judged, snapshot, synchronizer } = input
  const { mapping, operation } = judged
  const code = codeOf(mapping)
  const records = currentRecords(input.history)
  const previous = records.find((one) => mappingName(one.mapping) === mappingName(mapping))
  const isActive = previous?.name === judged.name
  const stored = isActive ? previous.signers : []

  const own = mapping.kind === 'hosting' ? keyList(mapping) : []
  const selfKey = own.find(({ fingerprint }) => fingerprint === mapping.namespace)
  const selfCounts = selfKey !== undefined && usages(selfKey).includes(NAMESPACE_USAGE)
  const poisoned = selfKey !== undefined && !selfCounts ? [selfKey.fingerprint] : []
  const claimed = [...new Set([...input.valid, ...input.invalid])]
  const bad = [...input.invalid, ...poisoned.filter((one) => claimed.includes(one))].filter(
    (one) => !stored.includes(one),
  )
  const all = [...new Set([...claimed, ...stored])]
  const good = all.filter((one) => !bad.includes(one))

  const rootRemoval = records.find(
    (one) =>
      one.operation === 'remove' &&
      one.mapping.kind === 'delegation' &&
      one.mapping.target === mapping.namespace &&
      one.mapping.namespace === mapping.namespace,
  )
  const selfBlocked =
    rootRemoval?.signers.length === 1 && rootRemoval.signers[0] === mapping.namespace

  const asked = new Map<string, readonly boolean[]>()
  /** Whether a key helps with a namespace: one answer for each owner of a decentralized one. */
  const mayHelp = (namespace: string, key: string): readonly boolean[] => {
    const known = asked.get(namespace + key) ?? tryKey(namespace, key)
    asked.set(namespace + key, known)
    return known
  }
  const tryKey = (namespace: string, key: string): readonly boolean[] => {
    const definition = records.find(
      (one) =>
        one.operation === 'replace' &&
        one.mapping.kind === 'definition' &&
        one.mapping.namespace === namespace,
    )
    if (definition?.mapping.kind === 'definition') {
      return [...new Set(definition.mapping.owners)].map((owner) =>
        mayAct(key, owner, code, records),
      )
    }
    const bySelf =
      mapping.kind === 'hosting' &&
      namespace === mapping.namespace &&
      selfCounts &&
      !selfBlocked &&
      key === namespace
    return [bySelf || mayAct(key, namespace, code, records)]
  }
  const thresholdOf = (namespace: string): number => {
    const definition = records.find(
      (one) =>
        one.operation === 'replace' &&
        one.mapping.kind === 'definition' &&
        one.mapping.namespace === namespace,
    )
    return definition?.mapping.kind === 'definition' ? definition.mapping.threshold : 1
  }
  const stepsDone = (namespace: string, keys: readonly string[]): number => {
    const rows = keys.map((key) => mayHelp(namespace, key))
    const width = mayHelp(namespace, '').length
    return Array.from({ length: width }, (_, i) => i).filter((i) => rows.some((row) => row[i]))
      .length
  }
  const isAuthorized = (namespace: string): boolean =>
    stepsDone(namespace, good) >= thresholdOf(namespace)

  const everyKey = [
    ...new Set([
      ...all,
      ...records.flatMap((one) => (one.mapping.kind === 'delegation' ? [one.mapping.target] : [])),
      ...(selfKey === undefined ? [] : [selfKey.fingerprint]),
    ]),
  ].sort()
  const candidatesFor = (namespace: string): readonly string[] =>
    everyKey.filter((key) => stepsDone(namespace, [...good, key]) > stepsDone(namespace, good))

  const rootShaped =
    mapping.kind === 'delegation' &&
    mapping.target === mapping.namespace &&
    allows(mapping.restriction, 1)
  if (rootShaped && all.every((one) => one === mapping.namespace)) {
    const missing = {
      [mapping.namespace]: [
        ...new Set([
          mapping.namespace,
          ...everyKey.filter((key) => mayAct(key, mapping.namespace, 1, records)),
        ]),
      ].sort(),
    }
    const signed = good.length > 0
    return {
      status: signed ? 'authorized' : 'unauthorized',
      superfluous: [],
      indispensable: signed ? [] : [mapping.namespace],
      candidates: signed ? {} : missing,
    }
  }

  const rule = ruleFor(judged, previous, snapshot)
  if (rule === undefined) {
    const status = all.length === 0 ? 'unauthorized' : 'unknown'
    return { status, superfluous: [], indispensable: [], candidates: {} }
  }
  const first = ruleFor({ ...judged, operation: 'replace' }, undefined, false)
  const joined: Question =
    operation === 'remove' ? (n, k) => rule.question(n, k) || n(synchronizer) : rule.question
  const namespaces = [
    ...new Set([
      ...rule.namespaces,
      ...(first?.namespaces ?? []),
      ...(operation === 'remove' ? [synchronizer] : []),
    ]),
  ]
  const extra = operation === 'replace' ? [...rule.keys, ...(first?.keys ?? [])] : []
  const standsForSomebody = (key: string): boolean =>
    namespaces.some((namespace) => mayHelp(namespace, key).includes(true))
  const usable = all.filter((key) => standsForSomebody(key) || extra.includes(key))
  const superfluous = claimed.filter((key) => !usable.includes(key)).sort()

  const keyThere = (key: string): boolean => extra.includes(key) && good.includes(key)
  const met = isActive || joined(isAuthorized, keyThere)
  const neededNamespaces = namespaces.filter(
    (one) =>
      !isAuthorized(one) &&
      !joined(
        (n) => n !== one,
        () => true,
      ),
  )
  const neededKeys = rule.keys.filter(
    (one) =>
      !keyThere(one) &&
      !joined(
        () => true,
        (k) => k !== one,
      ),
  )
  const indispensable = met ? [] : [...new Set([...neededNamespaces, ...neededKeys])].sort()
  const candidates = Object.fromEntries(
    (met ? [] : neededNamespaces).map((one) => [one, candidatesFor(one)]),
  )
  const answer = { superfluous, indispensable, candidates }
  if (usable.some((key) => bad.includes(key))) return { ...answer, status: 'unauthorized' }
  if (isActive) return { ...answer, status: 'authorized' }
  if (!all.some(standsForSomebody)) return { ...answer, status: 'unauthorized' }
  return { ...answer, status: met ? 'authorized' : 'incomplete' }
}
