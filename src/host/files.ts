/** Files as commands use them: read whole or in chunks, written whole or not at all. */
export { openChunks, readRegularFile, readWholeFile } from './reading.ts'
export {
  checkTarget,
  flushDirectory,
  startFile,
  writeFiles,
  writeWholeFile,
  type FileInPieces,
  type NamedBytes,
  type WriteOptions,
} from './writing.ts'
