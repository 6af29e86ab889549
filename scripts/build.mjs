// Builds the executables dist/cantosign.mjs and dist/cantosign-online.mjs from readable files, and
// the library beside them in dist/lib; `--executables` leaves out the library. The same sources give
// the same bytes.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
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
    replace(/^long$/, 'long.mjs')
    // Its modules in place of its CommonJS form, which would need require() at run time.
    builder.onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/index.js'),
    }))
  },
}

/** Stands in the program file for the table of its parts until they are built. */
const partsPlace = '"table of parts"'

/**
 * One executable: dist/NAME.mjs, and in dist/NAME/ the parts it loads when a command needs them. The
 * program file holds the SHA-256 of every part, so that one hash stands for the program.
 */
async function buildExecutable(name, entry) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: entry },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    chunkNames: `${name}/[name]-[hash]`,
    splitting: true,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // A file of ASCII alone is loaded as one byte a character.
    charset: 'ascii',
    // Readable on purpose: what signs with a root key is to be read before it is trusted.
    minify: false,
    legalComments: 'eof',
    define: { CANTOSIGN_VERSION: JSON.stringify(version), CANTOSIGN_PARTS: partsPlace },
    plugins: [lean],
    write: false,
    logLevel: 'warning',
  })
  const dist = join(root, 'dist')
  const files = outputFiles.map(({ path, contents }) => ({ path: relative(dist, path), contents }))
  const main = files.find(({ path }) => path === `${name}.mjs`)
  const parts = files.filter((file) => file !== main).sort((a, b) => (a.path < b.path ? -1 : 1))
  const hashes = parts.map(({ path, contents }) => [
    path,
    createHash('sha256').update(contents).digest('hex'),
  ])
  // The bundler evaluates its own helpers first; here they are evaluated with the part that uses them,
  // and the program file stands on its own, so that it can tell of parts that are missing.
  const text = Buffer.from(main.contents)
    .toString('utf8')
    .replaceAll(/^import "\.\/.+";\n/gm, '')
  if (/^import .*"\./m.test(text)) throw new Error(`${name}.mjs shares code with its parts`)
  const [before, after, ...more] = text.split(partsPlace)
  if (after === undefined || more.length > 0)
    throw new Error(`${name}.mjs names its parts not once`)
  const filled = `${before}${JSON.stringify(Object.fromEntries(hashes), undefined, 2)}${after}`

  mkdirSync(join(dist, name), { recursive: true })
  for (const { path, contents } of parts) write(join(dist, path), contents)
  // Last, so that a program that is started meanwhile finds its parts, the old ones or the new.
  const program = join(dist, `${name}.mjs`)
  write(program, `#!/usr/bin/env node\n${filled}`)
  chmodSync(program, 0o755)
  const wanted = new Set(parts.map(({ path }) => path))
  for (const old of readdirSync(join(dist, name))) {
    if (!wanted.has(`${name}/${old}`)) rmSync(join(dist, name, old))
  }
}

/** Under another name first: a program that is running keeps its file. */
function write(path, contents) {
  writeFileSync(`${path}.new`, contents)
  renameSync(`${path}.new`, path)
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
