/** What is published, and what it brings along. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../cli/support/program.ts'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
}
interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
const manifest = read('package.json') as Manifest
const { packages } = read('package-lock.json') as {
  packages: Readonly<Record<string, LockedPackage>>
}

/** The most packages that the air-gapped half may bring along. */
const MAX_PACKAGES = 35

/** Where Node.js finds a package that is needed by the one at `from`. */
function resolve(from: string, name: string): string {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`
    if (packages[path] !== undefined) return path
    if (at === '') throw new Error(`${name}, needed by ${from}, is not locked`)
    if (!at.includes('/node_modules/')) at = ''
  }
}

/** Everything that the dependencies of the package bring along. */
function productionTree(): ReadonlySet<string> {
  const tree = new Set<string>()
  const visit = (path: string): void => {
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      const found = resolve(path, name)
      if (tree.has(found)) continue
      tree.add(found)
      visit(found)
    }
  }
  visit('')
  return tree
}

describe('the package', () => {
  test(`brings at most ${MAX_PACKAGES} packages, none with an install script`, () => {
    const tree = productionTree()
    expect(tree.size).toBeGreaterThan(10)
    expect(tree.size).toBeLessThanOrEqual(MAX_PACKAGES)
    expect([...tree].filter((path) => packages[path]?.hasInstallScript === true)).toEqual([])
  })

  test('runs nothing when it is installed', () => {
    const atInstallation = ['preinstall', 'install', 'postinstall']
    expect(Object.keys(manifest.scripts).filter((name) => atInstallation.includes(name))).toEqual(
      [],
    )
  })

  test('holds the programs, the documents and nothing else', () => {
    const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [packed] = JSON.parse(text) as readonly {
      readonly files: readonly { readonly path: string }[]
    }[]
    const paths = packed?.files.map(({ path }) => path) ?? []
    for (const program of Object.values(manifest.bin)) expect(paths).toContain(program)
    const allowed =
      /^(dist\/(cantosign|cantosign-online)\.mjs|dist\/lib\/.+\.(js|d\.ts)|docs\/.+\.md|schemas\/.+\.schema\.json|package\.json|LICENSE|README\.md|SECURITY\.md|CHANGELOG\.md)$/
    expect(paths.filter((path) => !allowed.test(path))).toEqual([])
  })

  test('exports modules that there are', () => {
    const { exports } = manifest
    const paths = JSON.stringify(exports).match(/\.\/dist\/lib\/[^"]+/g) ?? []
    const sources = paths.map((path) =>
      path.replace('./dist/lib/', 'src/').replace(/(\.d\.ts|\.js)$/, '.ts'),
    )
    expect(sources.length).toBeGreaterThan(2)
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})
