/** The row of `sandbox`: what it is given. */
import type { CommandSpec } from '../command.ts'

export const SANDBOX_COMMAND: CommandSpec = {
  words: ['sandbox'],
  describe: 'start participants in memory to rehearse with, until it is interrupted',
  positionals: [],
  options: [
    {
      name: 'participants',
      kind: 'string',
      value: 'N',
      describe: 'so many participants on one synchronizer (2)',
    },
    {
      name: 'port',
      kind: 'string',
      value: 'PORT',
      describe: 'first of three ports for each participant; free ones if left out',
    },
    {
      name: 'state',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'keep the state in FILE, and begin with it if it is there',
    },
    {
      name: 'protocol-version',
      kind: 'string',
      value: 'N',
      choices: ['34', '35'],
      describe: 'the protocol version of the synchronizer (35)',
    },
    {
      name: 'effect-delay',
      kind: 'string',
      value: 'MILLISECONDS',
      describe: 'time from sequencing a topology transaction to its effect (250)',
    },
    {
      name: 'clearance-delay',
      kind: 'string',
      value: 'MILLISECONDS',
      describe: 'time until the onboarding flag of a new host may be cleared (2000)',
    },
    {
      name: 'seed-parties',
      kind: 'string',
      value: 'N',
      describe: 'begin with so many parties, a transaction each',
    },
    {
      name: 'tls-cert',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'serve TLS with this certificate chain (PEM)',
    },
    {
      name: 'tls-key',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'the key of the certificate (PEM)',
    },
    {
      name: 'tls-client-ca',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'ask clients for a certificate of this authority (PEM)',
    },
    {
      name: 'token-file',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'ask clients for the token in FILE',
    },
    {
      name: 'reader-token-file',
      kind: 'string',
      value: 'FILE',
      path: true,
      describe: 'let the token in FILE read, and nothing else',
    },
  ],
  examples: ['sandbox', 'sandbox --participants 3 --port 7000 --state sandbox.json'],
  load: () => import('./sandbox.ts'),
}
