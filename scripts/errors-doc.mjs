// Writes the tables of docs/errors.md from the codes in the source.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The exports of a TypeScript file that needs nothing but other such files. */
async function load(path) {
  const { outputFiles } = await build({
    entryPoints: [join(root, path)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
  })
  const text = Buffer.from(outputFiles[0].contents).toString('base64')
  return await import(`data:text/javascript;base64,${text}`)
}

const { ERROR_CODES } = await load('src/base/error-codes.ts')
const { FINDING_CODES } = await load('src/base/finding-codes.ts')
const { PREPARED_FINDING_CODES } = await load('src/base/prepared-finding-codes.ts')
const { DANGER_CODES } = await load('src/explain/dangers/codes.ts')

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
const byExit = ([, a], [, b]) => a.exit - b.exit

const tables = {
  errors: table(
    ['code', 'exit', 'meaning'],
    Object.entries(ERROR_CODES)
      .toSorted(byExit)
      .map(([code, { exit, meaning }]) => [`\`${code}\``, exit, meaning]),
  ),
  findings: table(
    ['code', 'severity', 'accept', 'meaning'],
    Object.entries(FINDING_CODES)
      .filter(([code]) => !(code in PREPARED_FINDING_CODES))
      .map(([code, { severity, acceptable, meaning }]) => [
        `\`${code}\``,
        severity,
        acceptable ? 'yes' : '',
        meaning,
      ]),
  ),
  prepared: table(
    ['code', 'severity', 'meaning'],
    Object.entries(PREPARED_FINDING_CODES).map(([code, { severity, meaning }]) => [
      `\`${code}\``,
      severity,
      meaning,
    ]),
  ),
  dangers: table(
    ['code', 'grave', 'meaning'],
    Object.entries(DANGER_CODES).map(([code, { grave, meaning }]) => [
      `\`${code}\``,
      grave ? 'grave' : '',
      meaning,
    ]),
  ),
}

const page = join(root, 'docs/errors.md')
let text = readFileSync(page, 'utf8')
for (const [name, content] of Object.entries(tables)) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`docs/errors.md has no place for the ${name}`)
  text = `${before}${begin}\n${content}\n${end}${after}`
}
writeFileSync(page, text)
