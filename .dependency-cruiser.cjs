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
  package: ['base', 'ident', 'wire', 'crypto', 'topology', 'authorization'],
  signer: ['base', 'ident', 'wire', 'crypto', 'host', 'topology'],
  explain: ['base', 'ident', 'wire', 'crypto', 'daml', 'topology', 'authorization'],
  build: ['base', 'ident', 'wire', 'crypto', 'topology'],
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
}
const networkModules =
  '^(node:)?(net|http|https|http2|dgram|dns|dns/promises|tls|inspector|cluster|child_process)$'

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
      name: 'offline-never-reaches-network',
      severity: 'error',
      from: { path: '^cli/offline\\.ts$' },
      to: { path: networkModules, reachable: true },
    },
    {
      name: 'pure-rooms-touch-no-machine',
      severity: 'error',
      from: {
        path: '^src/(base|ident|wire|daml|topology|authorization|package|explain|build|policy)/',
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
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'] },
  },
}
