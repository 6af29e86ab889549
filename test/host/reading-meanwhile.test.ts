/** What a path names can change while a program works: what was judged is what is read. */
import type * as Fs from 'node:fs'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { openChunks, readRegularFile } from '../../src/host/files.ts'
import { openPlainChunks } from '../../src/host/reading.ts'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-reading-'))
const path = join(directory, 'file')
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** Done once, right after the first system call on the path. */
let meanwhile: (() => void) | undefined

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof Fs>()
  const followed =
    (call: (...input: never[]) => unknown) =>
    (...input: never[]): unknown => {
      const result = call(...input)
      const [name] = input as readonly unknown[]
      const then = name === path ? meanwhile : undefined
      if (then !== undefined) {
        meanwhile = undefined
        then()
      }
      return result
    }
  return { ...fs, statSync: followed(fs.statSync), openSync: followed(fs.openSync) }
})

beforeEach(() => {
  rmSync(path, { force: true })
  writeFileSync(path, 'what was judged')
  meanwhile = () => {
    symlinkSync('/dev/zero', `${path}.new`)
    renameSync(`${path}.new`, path)
  }
})

test.each([
  ['whole', () => readRegularFile(path, 1000)],
  ['in chunks', () => openPlainChunks(path).next().value as Uint8Array],
  ['in chunks that may be gzip', async () => (await openChunks(path).next()).value as Uint8Array],
])('a regular file that becomes a device is read as it was: %s', async (_how, read) => {
  expect(Buffer.from(await read()).toString()).toBe('what was judged')
  expect(meanwhile).toBeUndefined()
})
