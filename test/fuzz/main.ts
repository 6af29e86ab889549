/**
 * The fuzz lane: `npm run fuzz -- [--count N] [--seed N] [--decoder NAME] [--from N]`. Fails on a
 * crash (anything thrown that is no CantosignError), an input over a second, more than 512 MB, a
 * decoder whose mutants mostly fail at the gate, or a code of the walker that no mutant provoked.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { decoders } from './decoders.ts'
import { fuzz, type FuzzResult } from './run.ts'
import { codesNamedIn, WALKER_FILES } from './walker-codes.ts'

const SLOW_MILLIS = 1000
const MAX_MEMORY = 512 * 1024 * 1024
const FULL_COUNT = 100_000

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: String(FULL_COUNT) },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    decoder: { type: 'string' },
  },
})
const options = {
  count: Number(values.count),
  seed: Number(values.seed),
  from: Number(values.from),
}
const chosen = decoders.filter(
  ({ name }) => values.decoder === undefined || name === values.decoder,
)
if (chosen.length === 0 || !Object.values(options).every(Number.isSafeInteger)) {
  throw new Error(
    `options: --count, --seed, --from (numbers), --decoder (${decoders.map(({ name }) => name).join(', ')})`,
  )
}

const faults: string[] = []
const results: FuzzResult[] = []
for (const decoder of chosen) {
  const result = await fuzz(decoder, options)
  results.push(result)
  const { name, count, inside, crashes, slowestMillis, slowestNumber, millis } = result
  const share = Math.round((100 * inside) / count)
  const memory = process.memoryUsage().rss
  console.log(
    `${name.padEnd(22)} ${String(count).padStart(7)} mutants, ${String(share).padStart(3)} % inside, ` +
      `${String(result.codes.size).padStart(3)} codes, slowest ${slowestMillis.toFixed(0)} ms ` +
      `(number ${slowestNumber}), ${(millis / 1000).toFixed(1)} s, ${(memory / 1e6).toFixed(0)} MB`,
  )
  for (const { number, error, input } of crashes) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    faults.push(`${name}: input ${number} crashed: ${text}\n  input ${input.slice(0, 400)}`)
  }
  if (slowestMillis > SLOW_MILLIS) faults.push(`${name}: input ${slowestNumber} took over a second`)
  if (memory > MAX_MEMORY) faults.push(`${name}: more than 512 MB in use`)
  if (count >= 1000 && share < 50) faults.push(`${name}: only ${share} % got past the outside`)
}

const hit = new Map<string, number>()
for (const { codes } of results) {
  for (const [code, count] of codes) hit.set(code, (hit.get(code) ?? 0) + count)
}
for (const [code, count] of [...hit].sort(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(`  ${code.padEnd(32)} ${count}`)
}
if (values.decoder === undefined && options.count >= FULL_COUNT) {
  for (const code of codesNamedIn('.', ...WALKER_FILES)) {
    if (!hit.has(code)) faults.push(`no mutant provoked ${code}`)
  }
}
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
