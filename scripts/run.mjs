// Runs a TypeScript program of the repository: `node scripts/run.mjs bench/main.ts ARGUMENTS`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) throw new Error('name a TypeScript file')

// Inside node_modules, so that the packages left outside the bundle are found from there.
const directory = mkdtempSync(join(root, 'node_modules', '.cantosign-run-'))
try {
  const outfile = join(directory, 'program.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'warning',
  })
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
