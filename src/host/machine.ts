/**
 * Facts about the machine, read from files of the Linux kernel (/proc and /sys, see proc(5) and the
 * kernel's sysfs documentation). The functions of node:os that tell the same open sockets, and this
 * program opens none. What cannot be read is `undefined`, never guessed.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface NetworkInterface {
  readonly name: string
  readonly loopback: boolean
  /** Administratively up. */
  readonly up: boolean
  readonly wireless: boolean
}

export interface SwapArea {
  readonly name: string
  readonly kind: 'memory' | 'encrypted' | 'disk'
}

export interface Machine {
  readonly interfaces: readonly NetworkInterface[] | undefined
  /** Interfaces that routes lead to, loopback left out. */
  readonly routedInterfaces: readonly string[] | undefined
  readonly bluetooth: boolean
  /** Seconds since 1970, of the system and of the hardware clock. */
  readonly systemClock: number
  readonly hardwareClock: number | undefined
  /** Bits, as the kernel estimates them. */
  readonly entropy: number | undefined
  readonly swap: readonly SwapArea[] | undefined
  /** The soft limit: `0`, a number of bytes, or `unlimited`. */
  readonly coreLimit: string | undefined
  readonly corePattern: string | undefined
  readonly umask: number | undefined
  readonly effectiveUser: number | undefined
  /** Process that traces this one; 0 for none. */
  readonly tracer: number | undefined
  readonly ptraceScope: number | undefined
  /** Settings that put other code into this process. */
  readonly injected: readonly string[]
  readonly program: FileModes | undefined
}

/** Permission bits of a file and of the directory it lies in. */
export interface FileModes {
  readonly file: number
  readonly directory: number
}

/** `ARPHRD_LOOPBACK` and `IFF_UP` of the kernel's headers. */
const TYPE_LOOPBACK = '772'
const FLAG_UP = 1

/** Environment variables that load code or open a debugger. */
const INJECTING = ['NODE_OPTIONS', 'LD_PRELOAD', 'LD_AUDIT', 'NODE_V8_COVERAGE']

class Files {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  text(path: string): string | undefined {
    try {
      return readFileSync(join(this.#root, path), 'utf8')
    } catch {
      return undefined // whatever the reason, the fact is not known
    }
  }

  names(path: string): readonly string[] | undefined {
    try {
      return readdirSync(join(this.#root, path)).sort()
    } catch {
      return undefined
    }
  }

  exists(path: string): boolean {
    return existsSync(join(this.#root, path))
  }

  number(path: string): number | undefined {
    const text = this.text(path)?.trim()
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
  }
}

function interfaces(files: Files): readonly NetworkInterface[] | undefined {
  const directory = 'sys/class/net'
  return files
    .names(directory)
    ?.filter((name) => files.exists(`${directory}/${name}/flags`))
    .map((name) => ({
      name,
      loopback: files.text(`${directory}/${name}/type`)?.trim() === TYPE_LOOPBACK,
      up: (Number(files.text(`${directory}/${name}/flags`)?.trim()) & FLAG_UP) !== 0,
      wireless:
        files.exists(`${directory}/${name}/wireless`) ||
        files.exists(`${directory}/${name}/phy80211`),
    }))
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')
const columns = (line: string): readonly string[] => line.trim().split(/\s+/)

function routedInterfaces(files: Files): readonly string[] | undefined {
  const version4 = files.text('proc/net/route')
  if (version4 === undefined) return undefined
  // A kernel without IPv6 has no such file.
  const version6 = files.text('proc/net/ipv6_route') ?? ''
  const names = [
    ...lines(version4)
      .slice(1)
      .map((line) => columns(line)[0]),
    ...lines(version6).map((line) => columns(line).at(-1)),
  ]
  return [...new Set(names)].filter((name) => name !== undefined).filter((name) => name !== 'lo')
}

function swapKind(files: Files, name: string): SwapArea['kind'] {
  if (/^\/dev\/zram\d+$/.test(name)) return 'memory'
  const mapped = /^\/dev\/(dm-\d+)$/.exec(name)?.[1]
  const encrypted =
    mapped !== undefined && files.text(`sys/block/${mapped}/dm/uuid`)?.startsWith('CRYPT-') === true
  return encrypted ? 'encrypted' : 'disk'
}

function swap(files: Files): readonly SwapArea[] | undefined {
  const text = files.text('proc/swaps')
  if (text === undefined) return undefined
  return lines(text)
    .slice(1)
    .map((line) => columns(line)[0] ?? '')
    .map((name) => ({ name, kind: swapKind(files, name) }))
}

/** A line of /proc/self/status. */
function status(files: Files, name: string): string | undefined {
  const text = files.text('proc/self/status')
  return lines(text ?? '')
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim()
}

function whole(text: string | undefined, radix = 10): number | undefined {
  const value = Number.parseInt(text ?? '', radix)
  return Number.isNaN(value) ? undefined : value
}

function modes(path: string): FileModes | undefined {
  try {
    return { file: statSync(path).mode & 0o7777, directory: statSync(dirname(path)).mode & 0o7777 }
  } catch {
    return undefined
  }
}

/**
 * Reads what the machine tells about itself; nothing is changed and no socket is opened.
 * @param program the running program file
 * @param root where /proc and /sys are found, for tests
 */
export function readMachine(program: string, root = '/'): Machine {
  const files = new Files(root)
  const coreLimit = /^Max core file size\s+(\S+)/m.exec(files.text('proc/self/limits') ?? '')?.[1]
  return {
    interfaces: interfaces(files),
    routedInterfaces: routedInterfaces(files),
    bluetooth: (files.names('sys/class/bluetooth') ?? []).length > 0,
    systemClock: Math.floor(Date.now() / 1000),
    hardwareClock: files.number('sys/class/rtc/rtc0/since_epoch'),
    entropy: files.number('proc/sys/kernel/random/entropy_avail'),
    swap: swap(files),
    coreLimit,
    corePattern: files.text('proc/sys/kernel/core_pattern')?.trim(),
    umask: whole(status(files, 'Umask'), 8),
    effectiveUser: whole(columns(status(files, 'Uid') ?? '')[1]),
    tracer: whole(status(files, 'TracerPid')),
    ptraceScope: files.number('proc/sys/kernel/yama/ptrace_scope'),
    injected: [
      ...INJECTING.filter((name) => (process.env[name] ?? '') !== ''),
      ...process.execArgv.map((argument) => `node ${argument}`),
    ],
    program: modes(program),
  }
}
