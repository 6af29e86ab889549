/** Which descriptors came from outside, and which Node.js opened for its own use. */
import { fstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'

/** The two low bits of the flags of open(2): 0 reads only. */
const ACCESS_MODE = 0o3

/** True if this process could write to the descriptor; false where the system does not tell. */
function isWritable(descriptor: number): boolean {
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
    const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0
  } catch {
    return false // closed meanwhile, or a system without /proc
  }
}

function statOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor)
  } catch {
    return undefined // the descriptor of the listing itself, closed by now
  }
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return [] // a system without /proc
  }
}

/**
 * True for what Node.js opened for itself: event queues, counters, and pipes of which this process
 * holds the writing end too. Reading from one would wait for what nobody outside can send.
 * @param stats of the descriptor
 */
export function isOwnDescriptor(descriptor: number, stats: Stats): boolean {
  if (stats.isFIFO()) {
    return openDescriptors().some((other) => {
      if (other === descriptor) return false
      const { dev, ino } = statOf(other) ?? {}
      return dev === stats.dev && ino === stats.ino && isWritable(other)
    })
  }
  return !stats.isFile() && !stats.isSocket() && !stats.isCharacterDevice() && !stats.isDirectory()
}
