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

/** yargs without what it asks of the machine (docs/decisions/0005). */
const yargsPlatform = {
  name: 'yargs-platform',
  setup(builder) {
    builder.onResolve({ filter: /\/platform-shims\/esm\.mjs$/ }, () => ({
      path: join(root, 'scripts/bundle/yargs-platform.mjs'),
    }))
  },
}

mkdirSync(join(root, 'dist'), { recursive: true })
for (const [name, entry] of Object.entries(executables)) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: `dist/${name}.mjs`,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    charset: 'utf8',
    // Readable on purpose: what signs with a root key is to be read before it is trusted.
    minify: false,
    legalComments: 'eof',
    banner: { js: '#!/usr/bin/env node' },
    define: { CANTOSIGN_VERSION: JSON.stringify(version) },
    plugins: [yargsPlatform],
    // Its build for Node.js is CommonJS, which would bring a loader along.
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    write: false,
    logLevel: 'warning',
  })
  for (const { path, contents } of result.outputFiles) {
    // Under another name first: a program that is running keeps its file.
    writeFileSync(`${path}.new`, contents)
    chmodSync(`${path}.new`, 0o755)
    renameSync(`${path}.new`, path)
  }
}

if (!process.argv.includes('--executables')) {
  rmSync(join(root, 'dist/lib'), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
