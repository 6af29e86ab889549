/** The options by which commands of the online half find a participant. */
import type { OptionSpec } from '../command.ts'

const COMMON: readonly OptionSpec[] = [
  {
    name: 'profile',
    kind: 'string',
    value: 'NAME',
    describe: 'the connection of this name in the configuration file',
  },
  {
    name: 'config',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the configuration file (~/.config/cantosign/config.yaml)',
  },
  {
    name: 'tls-ca',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'believe the certificate authorities in FILE alone (PEM)',
  },
  {
    name: 'tls-cert',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'show the participant this certificate (PEM)',
  },
  {
    name: 'tls-key',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'the key of that certificate (PEM)',
  },
  { name: 'plaintext', kind: 'flag', describe: 'connect without TLS' },
  {
    name: 'token-file',
    kind: 'string',
    value: 'FILE',
    path: true,
    describe: 'send the token in FILE; it is read again when it changes',
  },
  {
    name: 'timeout',
    kind: 'string',
    value: 'SECONDS',
    describe: 'how long a call may take (30)',
  },
]

const ADMIN_API: OptionSpec = {
  name: 'admin-api',
  kind: 'string',
  value: 'HOST:PORT',
  describe: 'the Admin API of the participant',
}

const LEDGER_API: readonly OptionSpec[] = [
  {
    name: 'ledger-api',
    kind: 'string',
    value: 'HOST:PORT',
    describe: 'the Ledger API of the participant, over gRPC',
  },
  {
    name: 'json-api',
    kind: 'string',
    value: 'URL',
    describe: 'the JSON Ledger API of the participant',
  },
]

export const ADMIN_CONNECTION: readonly OptionSpec[] = [ADMIN_API, ...COMMON]
export const LEDGER_CONNECTION: readonly OptionSpec[] = [...LEDGER_API, ...COMMON]
export const ANY_CONNECTION: readonly OptionSpec[] = [ADMIN_API, ...LEDGER_API, ...COMMON]
