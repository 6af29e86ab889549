/** Decompression of gzip (RFC 1952) with a limit on how far it expands. */
import { CantosignError } from '../base/errors.ts'

const CHUNK_BYTES = 32 * 1024

const invalid = (path: string, reason: string): CantosignError =>
  new CantosignError(
    'gzip-invalid',
    `${path} holds damaged gzip data: ${reason}`,
    'get the file again from its source',
  )

/**
 * @param path names the file in errors
 * @param maxRatio bytes that may come out for each byte that went in
 * @throws CantosignError `gzip-invalid`, `gzip-ratio`, and what `chunks` throws
 */
export async function* decompress(
  chunks: Iterable<Uint8Array>,
  path: string,
  maxRatio: number,
): AsyncGenerator<Uint8Array> {
  // Loaded here: few runs decompress anything, and every run pays for what is imported at its start.
  const [{ Readable }, { createGunzip }] = await Promise.all([
    import('node:stream'),
    import('node:zlib'),
  ])
  let fed = 0
  let failure: unknown
  const counted = function* (): Generator<Uint8Array> {
    try {
      for (const chunk of chunks) {
        fed += chunk.length
        yield chunk
      }
    } catch (error) {
      failure = error
      throw error
    }
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  const source = Readable.from(counted(), { highWaterMark: 1 })
  source.on('error', (error) => gunzip.destroy(error))
  source.pipe(gunzip)
  let produced = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      produced += chunk.length
      if (produced > maxRatio * fed) {
        throw new CantosignError(
          'gzip-ratio',
          `${path} expands to more than ${maxRatio} times its size`,
          'this is not a snapshot of a network; do not decompress it by other means either',
        )
      }
      yield chunk
    }
  } catch (error) {
    if (failure !== undefined || error instanceof CantosignError) throw error
    throw invalid(path, error instanceof Error ? error.message : 'it cannot be decompressed')
  } finally {
    source.destroy()
    gunzip.destroy()
  }
  // The decompressor stops at padding behind the last member and says nothing.
  if (gunzip.bytesWritten !== fed) throw invalid(path, 'something follows the compressed data')
}
