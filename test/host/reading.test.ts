import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fc, test as property } from '@fast-check/vitest'
import { afterAll, describe, expect, test } from 'vitest'
import { openChunks, readWholeFile } from '../../src/host/files.ts'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-reading-'))
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

let count = 0
function file(bytes: Uint8Array): string {
  const path = join(directory, `file-${count++}`)
  writeFileSync(path, bytes)
  return path
}

async function all(path: string, update?: (done: number, total: number) => void): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of openChunks(path, update)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Text that compresses, but no further than text does. */
const text = Buffer.from(readFileSync('package-lock.json'))

describe('reading in chunks', () => {
  property.prop([fc.uint8Array({ maxLength: 5000 })], { numRuns: 50 })(
    'gives the bytes of a file, compressed or not',
    async (bytes) => {
      // Bytes that happen to begin like gzip are gzip.
      fc.pre(!(bytes[0] === 0x1f && bytes[1] === 0x8b))
      expect(await all(file(bytes))).toEqual(Buffer.from(bytes))
      expect(await all(file(gzipSync(bytes)))).toEqual(Buffer.from(bytes))
    },
  )

  test('takes several gzip members as one, as gzip does', async () => {
    const members = Buffer.concat([gzipSync(text), gzipSync('more')])
    expect((await all(file(members))).equals(Buffer.concat([text, Buffer.from('more')]))).toBe(true)
  })

  test('reads what gzip(1) wrote', async () => {
    const path = file(text)
    execFileSync('gzip', ['-9', '-k', path])
    expect((await all(`${path}.gz`)).equals(text)).toBe(true)
  })

  test('tells how far it is', async () => {
    const big = Buffer.alloc(1_000_000, 7)
    const seen: (readonly [number, number])[] = []
    await all(file(big), (done, total) => seen.push([done, total]))
    expect(seen.at(-1)).toEqual([big.length, big.length])
    expect(seen.length).toBeGreaterThan(1)
  })

  test('stops at the first chunk that nobody wants', async () => {
    const path = file(gzipSync(Buffer.alloc(10_000_000, 'abc')))
    for await (const chunk of openChunks(path)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    rmSync(path)
  })

  test.each([
    ['cut short', (whole: Buffer) => whole.subarray(0, whole.length - 20)],
    ['cut in its header', (whole: Buffer) => whole.subarray(0, 5)],
    ['with a changed byte', (whole: Buffer) => flipped(whole, whole.length / 2)],
    ['with a changed checksum', (whole: Buffer) => flipped(whole, whole.length - 6)],
    ['with a changed length', (whole: Buffer) => flipped(whole, whole.length - 1)],
    ['with bytes behind it', (whole: Buffer) => Buffer.concat([whole, Buffer.from('more')])],
    ['with a zero behind it', (whole: Buffer) => Buffer.concat([whole, Buffer.alloc(1)])],
    ['with many zeros behind it', (whole: Buffer) => Buffer.concat([whole, Buffer.alloc(600_000)])],
  ])('refuses gzip data %s', async (_what, change) => {
    await expect(all(file(change(gzipSync(text))))).rejects.toMatchObject({ code: 'gzip-invalid' })
  })

  test('refuses data that expand more than a thousand times, before they fill the memory', async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000), { level: 9 })
    expect(bomb.length).toBeLessThan(40_000)
    const start = performance.now()
    await expect(all(file(bomb))).rejects.toMatchObject({ code: 'gzip-ratio' })
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test.each([
    ['a file that does not exist', 'missing', 'it does not exist'],
    ['a directory', '.', 'it is not a regular file'],
    ['a path through a file', 'plain/inside', 'a part of the path is not a directory'],
    ['a name with a NUL character', 'a\0b', 'its name holds a NUL character'],
    ['a pipe, without waiting for its writer', 'pipe', 'it is not a regular file'],
  ])('refuses %s', async (_what, name, reason) => {
    writeFileSync(join(directory, 'plain'), 'x')
    rmSync(join(directory, 'pipe'), { force: true })
    execFileSync('mkfifo', [join(directory, 'pipe')])
    await expect(all(join(directory, name))).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining(reason) as string,
    })
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const place = Math.floor(at)
  copy.writeUInt8((copy[place] ?? 0) ^ 0x10, place)
  return copy
}

describe('reading whole', () => {
  test('gives the bytes as they are, gzip included', () => {
    const compressed = gzipSync(text)
    expect(Buffer.from(readWholeFile(file(compressed), 1 << 20)).equals(compressed)).toBe(true)
  })

  test('takes exactly as many bytes as the limit, and not one more', () => {
    const path = file(Buffer.alloc(1000, 1))
    expect(readWholeFile(path, 1000)).toHaveLength(1000)
    expect(() => readWholeFile(path, 999)).toThrow(
      expect.objectContaining({ code: 'file-too-large' }) as Error,
    )
  })

  test('stops reading what has no end and tells no size, with little memory beyond the limit', () => {
    expect(() => readWholeFile('/dev/zero', 64 << 20)).toThrow(
      expect.objectContaining({ code: 'file-too-large' }) as Error,
    )
  })

  test('does not believe a size: a sparse file above the limit is refused', () => {
    const path = file(new Uint8Array(1))
    truncateSync(path, 50_000_000)
    expect(() => readWholeFile(path, 1 << 20)).toThrow(
      expect.objectContaining({ code: 'file-too-large' }) as Error,
    )
  })

  test.each(['missing', '.', 'a\0b'])('refuses %j', (name) => {
    mkdirSync(join(directory, 'sub'), { recursive: true })
    expect(() => readWholeFile(join(directory, 'sub', name), 10)).toThrow(
      expect.objectContaining({ code: 'file-unreadable' }) as Error,
    )
  })
})
