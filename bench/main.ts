/**
 * `npm run bench`: the program beside its yardsticks, measured in turn so that a machine whose clock
 * drifts slows both. Quote the ratios, not the times.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rawPublicKey } from '../src/crypto/public-key.ts'
import { parseFingerprint } from '../src/ident/fingerprint.ts'
import { StreamKeys } from '../src/topology/stream-keys.ts'
import { readStream } from '../src/topology/stream.ts'
import { writeParties } from './package.ts'
import { writeTree, writeValues } from './prepared.ts'
import { writeRootDelegation, writeSnapshot } from './snapshot.ts'
import { measureStateExports } from './online.ts'
import { measureToken } from './token.ts'

const program = join(process.cwd(), 'dist', 'cantosign.mjs')
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Wall time of one process in milliseconds; a failure ends the run. */
function time(command: string, args: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const elapsed = performance.now() - start
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr.toString()}`)
  return elapsed
}

interface Row {
  readonly what: string
  readonly ours: string
  readonly yardstick: string
  readonly ratio: number
  readonly limit: number | undefined
}

const rows: Row[] = []

/** Runs two commands in turn and keeps the median of the ratios. */
function against(
  what: string,
  ours: readonly string[],
  yardstick: readonly [string, ...string[]],
  limit: number | undefined,
): void {
  const [command, ...args] = yardstick
  const own: number[] = []
  const other: number[] = []
  time(process.execPath, [program, ...ours])
  time(command, args)
  for (let round = 0; round < ROUNDS; round++) {
    other.push(time(command, args))
    own.push(time(process.execPath, [program, ...ours]))
  }
  rows.push({
    what,
    ours: `${median(own).toFixed(0)} ms`,
    yardstick: `${median(other).toFixed(0)} ms, ${[command === process.execPath ? 'node' : command, ...args.slice(0, 2)].join(' ')}`,
    ratio: median(own.map((value, i) => value / (other[i] ?? Number.NaN))),
    limit,
  })
}

/** Holds a verification against what its signatures alone would take on one core. */
function againstSignatures(
  what: string,
  ours: readonly string[],
  signatures: number,
  limit: number,
): void {
  const own: number[] = []
  const bounds: number[] = []
  time(process.execPath, [program, ...ours])
  for (let round = 0; round < Math.max(3, ROUNDS / 3); round++) {
    bounds.push((1000 * signatures) / opensslVerifications(1))
    own.push(time(process.execPath, [program, ...ours]))
  }
  rows.push({
    what,
    ours: `${median(own).toFixed(0)} ms`,
    yardstick: `${median(bounds).toFixed(0)} ms, openssl speed ed25519, one core`,
    ratio: median(own.map((value, i) => value / (bounds[i] ?? Number.NaN))),
    limit,
  })
}

/** What a program of a few lines takes for the same signatures: the part that no reader can save. */
async function bareVerification(snapshot: string, file: string): Promise<number> {
  const source = (): AsyncIterable<Uint8Array> => createReadStream(snapshot)
  const keys = new StreamKeys(source, 'snapshot-v1')
  await keys.complete()
  const rows: (readonly [string, string, string])[] = []
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  for await (const batch of readStream(source, 'snapshot-v1', 'keys')) {
    for (const event of batch) {
      if (event.$case !== 'record') continue
      for (const { wire, message } of event.record.signed.signatures) {
        const key = keys.resolve(parseFingerprint(wire.signedBy))
        if (key === undefined) throw new Error('a signature by an unknown key')
        rows.push([text(rawPublicKey(key)), text(message), text(wire.signature)])
      }
    }
  }
  writeFileSync(file, JSON.stringify(rows))
  const bare = join(process.cwd(), 'bench', 'bare-verify.mjs')
  return median(Array.from({ length: 5 }, () => time(process.execPath, [bare, file])))
}

/** Commands on a package of 1,000 transactions and one of 10,000: ten times the work, not more. */
function packagesSideBySide(path: (name: string) => string, keyPath: string): void {
  const sizes = [1_000, 10_000] as const
  for (const size of sizes) writeParties(path(`${size}.json`), keyPath, size)
  const commands = (size: number): readonly (readonly [string, readonly string[]])[] => {
    const [unsigned, signed] = [path(`${size}.json`), path(`${size}.signed.json`)]
    const sign = ['sign', unsigned, '--key', keyPath, '--yes', '--quiet', '-o', signed]
    return [
      ['inspect', ['inspect', unsigned, '--json']],
      ['sign', sign],
      ['combine', ['combine', unsigned, signed, '--quiet', '-o', path(`${size}.combined.json`)]],
      ['verify', ['verify', signed, '--json']],
    ]
  }
  const times = sizes.map((size) =>
    commands(size).map(
      ([name, args]) => [name, time(process.execPath, [program, ...args])] as const,
    ),
  )
  const [few = [], many = []] = times
  few.forEach(([name, elapsed], i) => {
    const longer = many[i]?.[1] ?? Number.NaN
    rows.push({
      what: `${name} of a package with 10,000 transactions`,
      ours: `${(longer / 1000).toFixed(1)} s`,
      yardstick: `${(elapsed / 1000).toFixed(1)} s, the same with 1,000`,
      ratio: longer / elapsed,
      limit: 12,
    })
  })
}

/** Prepared Daml transactions of ten times the size: ten times the work, not more. */
function preparedSideBySide(path: (name: string) => string): void {
  const inspect = (file: string): readonly string[] => [
    ...['transaction', 'inspect', path(file), '--hashing-scheme', 'v2', '--json'],
  ]
  const cases: readonly (readonly [string, string, (file: string, size: number) => void])[] = [
    [
      'a prepared transaction of 10,000 nodes',
      '1,000 nodes',
      (file, size) => {
        writeTree(path(file), size, 'wide')
      },
    ],
    [
      'a prepared transaction 10,000 nodes deep',
      '1,000 deep',
      (file, size) => {
        writeTree(path(file), size, 'deep')
      },
    ],
    [
      'a prepared transaction of 1,000 values 100 deep',
      '100 of them',
      (file, size) => {
        writeValues(path(file), size / 10, 100)
      },
    ],
  ]
  const bare = median([1, 2, 3].map(() => time(process.execPath, [program, '--version'])))
  for (const [what, fewer, write] of cases) {
    write('few.bin', 1_000)
    write('many.bin', 10_000)
    const few: number[] = []
    const many: number[] = []
    for (let round = 0; round < Math.max(3, ROUNDS / 3); round++) {
      few.push(time(process.execPath, [program, ...inspect('few.bin')]))
      many.push(time(process.execPath, [program, ...inspect('many.bin')]))
    }
    const [short, long] = [few, many].map((times) => median(times) - bare) as [number, number]
    rows.push({
      what: `inspect of ${what}, without the start of the program`,
      ours: `${long.toFixed(0)} ms`,
      yardstick: `${short.toFixed(0)} ms, ${fewer}`,
      ratio: long / short,
      limit: 12,
    })
  }
}

/** Ed25519 verifications a second of one core, as openssl measures it. */
function opensslVerifications(seconds: number): number {
  const { stdout } = spawnSync('openssl', ['speed', '-seconds', String(seconds), 'ed25519'], {
    encoding: 'utf8',
  })
  const line = stdout.split('\n').find((text) => text.includes('EdDSA (Ed25519)'))
  const rate = Number(line?.trim().split(/\s+/).at(-1))
  if (!(rate > 0)) throw new Error('openssl speed gave no rate for ed25519')
  return rate
}

/** Peak resident memory of one process in MiB, from the kernel's high-water mark. */
async function peakMemory(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  let peak = 0
  const timer = setInterval(() => {
    const status = `/proc/${child.pid ?? 0}/status`
    if (!existsSync(status)) return
    const mark = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))
    peak = Math.max(peak, Number(mark?.[1] ?? 0) / 1024)
  }, 5)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`the process that was measured ended with ${String(code)}`)
  return peak
}

const directory = mkdtempSync(join(tmpdir(), 'cantosign-bench-'))
try {
  const path = (name: string): string => join(directory, name)

  const small = writeSnapshot(path('small'), 3_500)
  const large = writeSnapshot(path('large'), 70_000)
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  console.log(
    `snapshot: ${small.transactions} transactions, ${small.signatures} signatures, ` +
      `${small.keys} keys, ${megabytes(small.bytes)}; large: ${megabytes(large.bytes)}`,
  )
  const signaturesOnly = ['--signatures-only', '--quiet']
  const verify = ['verify', path('small'), ...signaturesOnly]
  againstSignatures('verify --signatures-only of the snapshot', verify, small.signatures, 1.3)
  const replay = ['verify', path('small'), '--quiet']
  // Twice what signatures alone may take.
  againstSignatures('verify of the snapshot with authorization', replay, small.signatures, 2.6)

  const bare = await bareVerification(path('small'), path('signatures'))
  console.log(`signatures: verified by a bare Node.js program in ${bare.toFixed(0)} ms`)

  const smallPeak = await peakMemory(verify)
  const largePeak = await peakMemory(['verify', path('large'), ...signaturesOnly])
  console.log(
    `memory: ${smallPeak.toFixed(0)} MiB for ${megabytes(small.bytes)}, ` +
      `${largePeak.toFixed(0)} MiB for ${megabytes(large.bytes)}: ` +
      `${(largePeak - smallPeak).toFixed(1)} MiB more (limit 16)`,
  )

  against('--version', ['--version'], [process.execPath, '-e', '0'], 1.4)

  spawnSync('openssl', [
    'genpkey',
    '-algorithm',
    'ed25519',
    '-outform',
    'DER',
    '-out',
    path('key.der'),
  ])
  chmodSync(path('key.der'), 0o600)
  const root = path('root.prep')
  const { hash } = writeRootDelegation(root, path('key.der'))
  const sign = ['sign', root, '--key', path('key.der'), '--detached', '--yes', '--quiet']
  const signOnce = [...sign, '--force', '-o', path('signature')]
  against('sign --detached, Ed25519', signOnce, [process.execPath, '-e', '0'], 2.2)
  const hashFile = path('root.hash')
  writeFileSync(hashFile, hash)
  against(
    'sign --detached against openssl pkeyutl',
    signOnce,
    [
      'openssl',
      'pkeyutl',
      '-sign',
      '-rawin',
      '-inkey',
      path('key.der'),
      '-keyform',
      'DER',
      '-in',
      hashFile,
      '-out',
      path('openssl.sig'),
    ],
    undefined,
  )

  const token = await measureToken(hash)
  if (token !== undefined) {
    rows.push({
      what: `a signature by a SoftHSM2 token, one of ${token.signatures} in one run`,
      ours: `${token.ours.toFixed(1)} ms`,
      yardstick: `${token.tool.toFixed(1)} ms, pkcs11-tool --sign`,
      ratio: token.ours / token.tool,
      limit: 1,
    })
  }

  packagesSideBySide(path, path('key.der'))
  preparedSideBySide(path)

  const [few, many] = await measureStateExports([10_000, 100_000], path)
  if (few !== undefined && many !== undefined) {
    rows.push({
      what: `memory of state export, ${many.records} records streamed in ${many.seconds.toFixed(1)} s`,
      ours: `${many.peak.toFixed(0)} MiB`,
      yardstick: `${few.peak.toFixed(0)} MiB, ${few.records} records`,
      ratio: many.peak / few.peak,
      limit: 1.5,
    })
  }

  console.log()
  for (const { what, ours, yardstick, ratio, limit } of rows) {
    const verdict =
      limit === undefined
        ? ''
        : ratio < limit
          ? ` (limit ${limit}: kept)`
          : ` (limit ${limit}: EXCEEDED)`
    console.log(`${what}: ${ours} against ${yardstick}: ratio ${ratio.toFixed(2)}${verdict}`)
  }
  const memoryKept = largePeak - smallPeak < 16
  if (!memoryKept || rows.some(({ ratio, limit }) => limit !== undefined && ratio >= limit)) {
    process.exitCode = 1
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
