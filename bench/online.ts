/** `state export` of a large store, streamed from a sandbox in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const program = join(process.cwd(), 'dist', 'cantosign-online.mjs')

export interface ExportFigures {
  readonly records: number
  readonly seconds: number
  /** Most memory that the process had, MiB. */
  readonly peak: number
}

async function sandboxOf(
  parties: number,
): Promise<{ readonly adminApi: string; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [program, 'sandbox', '--seed-parties', String(parties)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  const ready = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString()
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
    child.on('close', () => {
      reject(new Error('the sandbox ended before it was ready'))
    })
  })
  const { participants } = JSON.parse(ready) as { participants: { adminApi: string }[] }
  return { adminApi: participants[0]?.adminApi ?? '', child }
}

async function exportWhole(adminApi: string, output: string): Promise<ExportFigures> {
  const start = performance.now()
  const child = spawn(
    process.execPath,
    [program, 'state', 'export', '--all', '--admin-api', adminApi, '--json', '-o', output],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let peak = 0
  let text = ''
  child.stdout.on('data', (part: Buffer) => (text += part.toString()))
  const timer = setInterval(() => {
    const status = `/proc/${child.pid ?? 0}/status`
    if (!existsSync(status)) return
    const mark = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))
    peak = Math.max(peak, Number(mark?.[1] ?? 0) / 1024)
  }, 5)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`state export ended with ${String(code)}`)
  const { records } = JSON.parse(text) as { records: number }
  return { records, seconds: (performance.now() - start) / 1000, peak }
}

/** Exports stores of each size once. */
export async function measureStateExports(
  sizes: readonly number[],
  path: (name: string) => string,
): Promise<readonly ExportFigures[]> {
  const figures: ExportFigures[] = []
  for (const size of sizes) {
    const { adminApi, child } = await sandboxOf(size)
    try {
      figures.push(await exportWhole(adminApi, path(`${size}.snapshot`)))
    } finally {
      child.kill('SIGTERM')
    }
  }
  return figures
}
