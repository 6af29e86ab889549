// Builds each executable as one readable file, dist/cantosign.mjs and dist/cantosign-online.mjs, and
// the library beside them in dist/lib; `--executables` leaves out the library. The same sources give
// the same bytes.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const executables = { cantosign: 'cli/offline.ts', 'cantosign-online': 'cli/online.ts' }

/** Libraries without what they ask of the machine, or bring along (docs/decisions/0005). */
const lean = {
  name: 'lean',
  setup(builder) {
    const replace = (filter, file) => {
      builder.onResolve({ filter }, () => ({ path: join(root, 'scripts/bundle', file) }))
    }
    replace(/\/platform-shims\/esm\.mjs$/, 'yargs-platform.mjs')
    replace(/^long$/, 'long.cjs')
    // gRPC loads .proto files with it; messages are coded here.
    replace(/^@grpc\/proto-loader$/, 'no-proto-loader.cjs')
    // Its modules in place of its CommonJS form, which would need require() at run time.
    builder.onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/index.js'),
    }))
    // Classes set their names in static blocks, so the bundler cannot see that an unused one has no
    // effect; the mark says so. pkijs's engine, which looks for WebCrypto, is never used.
    builder.onLoad({ filter: /node_modules\/(pkijs|asn1js)\/build\/index\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replace(
          /^var (\w+) = class\b([\s\S]*?)^\};$/gm,
          'var $1 = /* @__PURE__ */ (() => class$2})();',
        )
        .replace(/^initCryptoEngine\(\);$/m, ''),
    }))
  },
}

/** What libraries of the connected half call for modules of Node.js; the air-gapped half has none. */
const REQUIRE = `
import { createRequire as createRequireOfNode } from 'node:module'
const require = createRequireOfNode(import.meta.url)`

/** One executable: one file, dist/NAME.mjs, which stands on its own wherever it is copied to. */
async function buildExecutable(name, entry) {
  const connected = name === 'cantosign-online'
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: `dist/${name}.mjs`,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // A file of ASCII alone is loaded as one byte a character.
    charset: 'ascii',
    // Readable on purpose: what signs with a root key is to be read before it is trusted.
    minify: false,
    legalComments: 'eof',
    banner: { js: `#!/usr/bin/env node${connected ? REQUIRE : ''}` },
    define: { CANTOSIGN_VERSION: JSON.stringify(version) },
    // What is installed by who needs it, and loaded when a key URI names it.
    external: [
      'pkcs11js',
      '@aws-sdk/client-kms',
      '@google-cloud/kms',
      '@azure/keyvault-keys',
      '@azure/identity',
    ],
    plugins: [lean],
    write: false,
    logLevel: 'warning',
  })
  mkdirSync(join(root, 'dist'), { recursive: true })
  for (const { path, contents } of outputFiles) {
    // Under another name first: a program that is running keeps its file.
    writeFileSync(`${path}.new`, contents)
    chmodSync(`${path}.new`, 0o755)
    renameSync(`${path}.new`, path)
  }
}

for (const [name, entry] of Object.entries(executables)) await buildExecutable(name, entry)

if (!process.argv.includes('--executables')) {
  rmSync(join(root, 'dist/lib'), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
