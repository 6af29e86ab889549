/** Histories of networks that lie beside a checkout, read and verified as a stream. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { StreamLayout } from '../../src/topology/record-splitter.ts'
import { StreamKeys } from '../../src/topology/stream-keys.ts'
import { verifyStream, type VerifiedRecord } from '../../src/topology/stream.ts'

/** Every record of a file in order. */
export async function readHistory(
  path: string,
  layout: StreamLayout,
): Promise<readonly VerifiedRecord[]> {
  const source = (): AsyncIterable<Uint8Array> =>
    path.endsWith('.gz') ? createReadStream(path).pipe(createGunzip()) : createReadStream(path)
  const records: VerifiedRecord[] = []
  for await (const batch of verifyStream(source, layout, new StreamKeys(source, layout))) {
    for (const event of batch) if (event.$case === 'record') records.push(event)
  }
  return records
}
