/** Histories of networks that lie beside a checkout, read and verified as a stream. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { KeyBook, verifyStream, type VerifiedRecord } from '../../src/topology/stream.ts'

/** Every record of a file in order, with the keys of the whole file known from the start. */
export async function readHistory(
  path: string,
  layout: StreamLayout,
): Promise<readonly VerifiedRecord[]> {
  const source = (): AsyncIterable<Uint8Array> =>
    path.endsWith('.gz') ? createReadStream(path).pipe(createGunzip()) : createReadStream(path)
  const book = new KeyBook()
  const pass = async (): Promise<readonly VerifiedRecord[]> => {
    const records: VerifiedRecord[] = []
    for await (const batch of verifyStream(source, layout, book)) {
      for (const event of batch) if (event.$case === 'record') records.push(event)
    }
    return records
  }
  await pass()
  return await pass()
}
