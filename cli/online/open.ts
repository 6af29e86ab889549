/** The connections of a command, closed when it ends. */
import { AdminApi } from '../../src/online/admin.ts'
import { Routes, type ConnectionSettings } from '../../src/online/connection.ts'
import type { LedgerApi } from '../../src/online/ledger.ts'
import { GrpcLedgerApi } from '../../src/online/ledger-grpc.ts'
import { JsonLedgerApi } from '../../src/online/ledger-json.ts'
import { missingAddress } from './connection.ts'

/** What is configured: each API that has an address. */
export interface Apis {
  readonly admin: AdminApi | undefined
  readonly ledger: LedgerApi | undefined
}

/** The Ledger API over gRPC where both are configured: it is exact about numbers. */
function openLedger(settings: ConnectionSettings, routes: Routes): LedgerApi | undefined {
  if (settings.ledgerApi !== undefined) return new GrpcLedgerApi(routes.grpc(settings.ledgerApi))
  if (settings.jsonApi === undefined) return undefined
  return new JsonLedgerApi(routes.json(settings.jsonApi), settings.jsonApi)
}

/** Runs with what is configured. */
export async function withApis<T>(
  settings: ConnectionSettings,
  use: (apis: Apis) => Promise<T>,
): Promise<T> {
  const routes = new Routes(settings)
  const { adminApi } = settings
  const admin = adminApi === undefined ? undefined : new AdminApi(routes.grpc(adminApi))
  let ledger: LedgerApi | undefined
  try {
    ledger = openLedger(settings, routes)
    return await use({ admin, ledger })
  } finally {
    admin?.close()
    ledger?.close()
  }
}

/** @throws CantosignError `address-missing` */
export async function withAdmin<T>(
  settings: ConnectionSettings,
  use: (admin: AdminApi) => Promise<T>,
): Promise<T> {
  const { adminApi } = settings
  if (adminApi === undefined) throw missingAddress('Admin API', '--admin-api HOST:PORT')
  return await withApis(
    { ...settings, ledgerApi: undefined, jsonApi: undefined },
    async ({ admin }) => {
      if (admin === undefined) throw new Error('the Admin API was not opened')
      return await use(admin)
    },
  )
}

/** @throws CantosignError `address-missing` */
export async function withLedger<T>(
  settings: ConnectionSettings,
  use: (ledger: LedgerApi) => Promise<T>,
): Promise<T> {
  return await withApis({ ...settings, adminApi: undefined }, async ({ ledger }) => {
    if (ledger === undefined) {
      throw missingAddress('Ledger API', '--ledger-api HOST:PORT or --json-api URL')
    }
    return await use(ledger)
  })
}
