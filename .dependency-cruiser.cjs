// The rooms of docs/architecture.md: a room imports only rooms below it, and no circle.
const below = {
  base: [],
  ident: ['base'],
  host: ['base'],
  wire: ['base'],
  crypto: ['base', 'ident'],
  topology: ['base', 'ident', 'wire', 'crypto'],
  daml: ['base', 'ident', 'wire', 'crypto'],
  authorization: ['base', 'ident', 'wire', 'crypto', 'topology'],
  package: ['base', 'ident', 'wire', 'crypto', 'topology', 'daml', 'authorization'],
  signer: ['base', 'ident', 'wire', 'crypto', 'host', 'topology'],
  audit: ['base', 'ident', 'crypto', 'host'],
  kms: ['base', 'ident', 'wire', 'crypto', 'host', 'topology', 'signer'],
  explain: ['base', 'ident', 'wire', 'crypto', 'daml', 'topology', 'authorization', 'package'],
  build: ['base', 'ident', 'wire', 'crypto', 'daml', 'topology'],
  policy: [
    'base',
    'ident',
    'wire',
    'crypto',
    'daml',
    'topology',
    'authorization',
    'explain',
    'build',
  ],
  online: [
    'base',
    'ident',
    'wire',
    'crypto',
    'host',
    'daml',
    'topology',
    'authorization',
    'package',
    'explain',
    'build',
  ],
}
const networkModules =
  '^(node:)?(net|http|https|http2|dgram|dns|dns/promises|tls|inspector|cluster|child_process)$'

/** Rooms of the connected half. */
const connectedRooms = '^src/(online|kms|sandbox)/'
/** Files of the air-gapped half that load such a module when a key URI names it, and the module. */
const exceptions = {
  '^src/signer/exec/process\\.ts$': '^(node:)?child_process$',
  '^src/signer/ssh-agent/socket\\.ts$': '^(node:)?net$',
}

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([room, rooms]) => ({
      name: `${room}-only-knows-rooms-below`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^(src|cli)/', pathNot: `^src/(${[room, ...rooms].join('|')})/` },
    })),
    {
      name: 'src-never-knows-cli',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^cli/' },
    },
    {
      name: 'offline-never-reaches-connected-rooms',
      severity: 'error',
      from: { path: '^cli/offline\\.ts$' },
      to: { path: connectedRooms, reachable: true },
    },
    {
      name: 'no-other-file-reaches-network-or-processes',
      severity: 'error',
      from: {
        path: '^(src|cli)/',
        pathNot: [connectedRooms, ...Object.keys(exceptions)],
      },
      to: { path: networkModules },
    },
    ...Object.entries(exceptions).flatMap(([file, module]) => [
      {
        name: 'an-exception-is-for-one-module',
        severity: 'error',
        from: { path: file },
        to: { path: networkModules, pathNot: module },
      },
      {
        name: 'an-exception-is-loaded-when-it-is-needed',
        severity: 'error',
        from: { path: file },
        to: { path: module, dependencyTypesNot: ['dynamic-import', 'type-only'] },
      },
    ]),
    {
      name: 'pure-rooms-touch-no-machine',
      severity: 'error',
      from: {
        path: '^src/(base|ident|wire|daml|topology|authorization|package|explain|build|policy|sandbox/core)/',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-crypto-knows-node-crypto',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/crypto/' },
      to: { path: '^(node:)?crypto$' },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      // Optional peers: installed where such keys are.
      to: {
        couldNotResolve: true,
        pathNot:
          '^(pkcs11js|@aws-sdk/client-kms|@google-cloud/kms|@azure/(keyvault-keys|identity))$',
      },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'] },
  },
}
