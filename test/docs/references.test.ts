/** Every page and section of docs that the source refers to exists; so does every link between pages. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const SKIPPED = new Set(['generated', 'node_modules', 'dist'])

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, ending)
    return ending.test(entry.name) ? [path] : []
  })
}

/** Numbers of the sections of a page, from headings such as `## 4. Keys` and `### 4.1 Usages`. */
function sectionsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(join(root, page), 'utf8')
  return new Set(
    [...text.matchAll(/^#{2,4} (\d+(?:\.\d+)*)\.? /gm)].map(([, number]) => number ?? ''),
  )
}

interface Reference {
  readonly from: string
  readonly page: string
  readonly sections: readonly string[]
}

const SECTIONS = String.raw`(?:(?:,|\s|\*|//)+sections?\s((?:\d+(?:\.\d+)*(?:,\s|\sand\s|\sto\s)?)+))?`

function referencesIn(file: string): readonly Reference[] {
  const text = readFileSync(join(root, file), 'utf8')
  // A reference to a page at the root of docs, or, from one page of docs to another, a bare name.
  const isPage = file.startsWith('docs/')
  const name = isPage
    ? String.raw`(?<![\w/-])((?:docs/)?[\w/-]+\.md)`
    : String.raw`\b(docs/[\w/-]+\.md)`
  return [...text.matchAll(new RegExp(name + SECTIONS, 'g'))].map(
    ([, page = '', sections = '']) => ({
      from: file,
      page: page.startsWith('docs/') ? page : join(dirname(file), page),
      sections: sections.match(/\d+(?:\.\d+)*/g) ?? [],
    }),
  )
}

const source = ['src', 'cli', 'scripts', 'bench'].flatMap((folder) =>
  filesBelow(folder, /\.(ts|mjs|sh|proto)$/),
)
const pages = filesBelow('docs', /\.md$/)
const references = [...source, ...pages].flatMap(referencesIn)

test('the source refers to its documentation in many places', () => {
  expect(references.filter(({ from }) => from.startsWith('src/')).length).toBeGreaterThan(30)
  expect(references.filter(({ sections }) => sections.length > 0).length).toBeGreaterThan(20)
})

test('every page that is referred to exists', () => {
  const missing = references
    .filter(({ page }) => !existsSync(join(root, page)))
    .map(({ from, page }) => `${from}: ${page}`)
  expect(missing).toEqual([])
})

test('every section that is referred to exists', () => {
  const missing = references
    .filter(({ page }) => existsSync(join(root, page)))
    .flatMap(({ from, page, sections }) =>
      sections
        .filter((section) => !sectionsOf(page).has(section))
        .map((section) => `${from}: ${page} section ${section}`),
    )
  expect(missing).toEqual([])
})

test('sections of the protocol pages are numbered without a gap', () => {
  for (const page of filesBelow('docs/protocol', /\.md$/)) {
    const top = [...sectionsOf(page)].filter((number) => !number.includes('.')).map(Number)
    expect(top, relative(root, page)).toEqual(top.map((_number, i) => i + 1))
    expect(top.length, basename(page)).toBeGreaterThan(3)
  }
})
