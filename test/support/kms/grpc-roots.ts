/**
 * Imported before anything that loads gRPC, which looks for the file of the certificates that it
 * trusts when it is loaded, and reads it when it is first needed.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The file: a test puts its authority there. */
export const GRPC_ROOTS = join(mkdtempSync(join(tmpdir(), 'cantosign-roots-')), 'ca.pem')
process.env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'] = GRPC_ROOTS
