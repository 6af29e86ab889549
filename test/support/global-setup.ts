/** Once for a test run: builds what is stale, and makes the place where all output is kept. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUILD_FAILURE, OUTPUT_DIRECTORY } from './run-environment.ts'

const root = join(import.meta.dirname, '..', '..')

function newest(path: string): number {
  const whole = join(root, path)
  const status = statSync(whole)
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(0, ...readdirSync(whole).map((name) => newest(join(path, name))))
}

function oldest(paths: readonly string[]): number {
  return Math.min(
    ...paths.map((path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0)),
  )
}

/** @returns what the script said if it failed */
function runScript(args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
  })
  return status === 0 ? undefined : `${args.join(' ')} failed\n${stdout}${stderr}`
}

/** @returns why the programs could not be built, if so */
function buildIfStale(): string | undefined {
  const generated = ['src/wire/generated/schema.ts']
  if (Math.max(newest('src/wire/proto'), newest('scripts/generate.mjs')) > oldest(generated)) {
    const failure = runScript(['scripts/generate.mjs'])
    if (failure !== undefined) return failure
  }
  const sources = ['src', 'cli', 'scripts', 'package.json'].map(newest)
  const programs = ['dist/cantosign.mjs', 'dist/cantosign-online.mjs']
  return Math.max(...sources) > oldest(programs)
    ? runScript(['scripts/build.mjs', '--executables'])
    : undefined
}

export default function setup(): (() => void) | undefined {
  if (process.env[OUTPUT_DIRECTORY] !== undefined) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'cantosign-test-'))
  process.env[OUTPUT_DIRECTORY] = directory
  const failure = buildIfStale()
  // Tests that run no program run all the same.
  if (failure !== undefined) process.env[BUILD_FAILURE] = failure
  return () => {
    rmSync(directory, { recursive: true, force: true })
  }
}
