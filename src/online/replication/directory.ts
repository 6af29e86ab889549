/** The directory of one replication: its state, the package to sign, the contracts. */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CantosignError } from '../../base/errors.ts'
import { runningSha256 } from '../../crypto/hash.ts'
import { takeLock } from '../../host/lock.ts'
import { readRegularFile, startFile, writeWholeFile } from '../../host/files.ts'
import { openPlainChunks } from '../../host/reading.ts'
import { departure } from './hosting.ts'
import {
  dataOf,
  isDone,
  readReplication,
  writeReplication,
  type ReplicationState,
} from './state.ts'

const STATE_FILE = 'replication.json'
const PACKAGE_FILE = 'hosting.cantosign.json'
const CONTRACTS_FILE = 'contracts.acs.gz'

/** Another run lasts longer than anybody waits for it. */
const LOCK_PATIENCE_MILLIS = 200

const MAX_STATE_BYTES = 16 * 1024 * 1024

/** What is in it is of the party: only its owner reads it. */
const PRIVATE = 0o600

/** Every file in it is written whole or not at all. */
export class ReplicationDirectory {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  get statePath(): string {
    return join(this.path, STATE_FILE)
  }

  get packagePath(): string {
    return join(this.path, PACKAGE_FILE)
  }

  get contractsPath(): string {
    return join(this.path, CONTRACTS_FILE)
  }

  /**
   * Does something while no other run does anything in this directory.
   * @throws CantosignError `replication-locked`
   */
  async alone<T>(use: () => Promise<T>): Promise<T> {
    const held = takeLock(this.statePath, LOCK_PATIENCE_MILLIS)
    if (held.$case === 'taken') {
      const { lock, pid } = held
      throw new CantosignError(
        'replication-locked',
        `another run works in ${this.path}${pid === undefined ? '' : ` (process ${pid})`}`,
        `wait until it ends; if there is none, remove ${lock}`,
        { details: { lock, pid: pid ?? null } },
      )
    }
    try {
      return await use()
    } finally {
      held.release()
    }
  }

  /**
   * The state, or `undefined` where no replication was begun.
   * @throws CantosignError `replication-state-invalid`, `file-unreadable`
   */
  load(): ReplicationState | undefined {
    if (!existsSync(this.statePath)) return undefined
    const state = readReplication(readRegularFile(this.statePath, MAX_STATE_BYTES))
    if (!isDone(state, 'proposal')) return state
    const reason = departure(state.plan, dataOf(state, 'proposal'))
    if (reason === undefined) return state
    throw new CantosignError(
      'replication-state-invalid',
      `the proposal in ${this.statePath} is not what its plan says: ${reason}`,
      'the file was edited: take it from a copy, or begin anew in another directory',
    )
  }

  /**
   * Makes the directory if it is missing, and puts the first state into it.
   * @throws CantosignError `output-exists` if it holds files that a replication makes
   */
  create(state: ReplicationState): void {
    if (!existsSync(this.path) && existsSync(dirname(this.path))) mkdirSync(this.path, 0o700)
    const other = [this.packagePath, this.contractsPath].find((path) => existsSync(path))
    if (other !== undefined) {
      throw new CantosignError(
        'output-exists',
        `${other} is there, and no ${STATE_FILE} beside it`,
        'choose another directory for a new replication',
      )
    }
    writeWholeFile(this.statePath, writeReplication(state), { force: false, mode: PRIVATE })
  }

  /** Replaces the state; before or after a crash there is one whole state. */
  save(state: ReplicationState): void {
    writeWholeFile(this.statePath, writeReplication(state), { force: true, mode: PRIVATE })
  }

  /** A package that is there already comes from a run that was stopped. */
  writePackage(bytes: Uint8Array): void {
    writeWholeFile(this.packagePath, bytes, { force: true })
  }

  /** Writes the contracts as they come. A file that is there comes from a run that was stopped. */
  async writeContracts(
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly sha256: string; readonly length: number }> {
    const hash = runningSha256()
    const file = startFile(this.contractsPath, { force: true, mode: PRIVATE })
    let length = 0
    try {
      for await (const chunk of chunks) {
        file.write(chunk)
        hash.update(chunk)
        length += chunk.length
      }
    } catch (error) {
      file.discard()
      throw error
    }
    file.finish()
    return { sha256: hash.text(), length }
  }

  /**
   * Compares the contracts with what was exported.
   * @throws CantosignError `replication-file`, `file-unreadable`
   */
  checkContracts(sha256: string): void {
    const hash = runningSha256()
    for (const chunk of this.contracts()) hash.update(chunk)
    const found = hash.text()
    if (found === sha256) return
    throw new CantosignError(
      'replication-file',
      `${this.contractsPath} is not what was exported: its SHA-256 is ${found}, and ${sha256} was written`,
      `copy ${basename(this.contractsPath)} again from where it was exported`,
    )
  }

  /** The contracts from their beginning. */
  contracts(): Iterable<Uint8Array> {
    return openPlainChunks(this.contractsPath)
  }
}
