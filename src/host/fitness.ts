/** Whether a machine is fit for an offline ceremony, judged from its facts. */
import type { Machine } from './machine.ts'

/** `unfit` speaks against using the machine; `attention` is for a person to weigh. */
export type Judgement = 'ok' | 'attention' | 'unfit'

export interface Check {
  readonly name: string
  readonly judgement: Judgement
  /** What was found, one sentence without a full stop. */
  readonly found: string
  /** What to do; empty if there is nothing to do. */
  readonly advice: string
}

type Rule = (machine: Machine) => Omit<Check, 'name'>

const ok = (found: string): Omit<Check, 'name'> => ({ judgement: 'ok', found, advice: '' })
const attention = (found: string, advice: string): Omit<Check, 'name'> => ({
  judgement: 'attention',
  found,
  advice,
})
const unfit = (found: string, advice: string): Omit<Check, 'name'> => ({
  judgement: 'unfit',
  found,
  advice,
})

/** No machine of a ceremony has a clock before this program was written, 2025-01-01. */
const EARLIEST = Date.UTC(2025, 0, 1) / 1000
const LATEST = Date.UTC(2100, 0, 1) / 1000
const CLOCK_TOLERANCE = 120

/** Kernels since 5.18 always tell 256; older ones count down from 4096. */
const LOW_ENTROPY = 128

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000
const READABLE_BY_OTHERS = 0o077

const interfaces: Rule = ({ interfaces: all }) => {
  if (all === undefined) {
    return unfit('network interfaces cannot be listed', 'use a Linux system with /sys mounted')
  }
  const outside = all.filter(({ loopback }) => !loopback)
  const names = (some: typeof outside): string => some.map(({ name }) => name).join(', ')
  const up = outside.filter(({ up: isUp }) => isUp)
  if (up.length > 0) {
    return unfit(
      `network interfaces are up: ${names(up)}`,
      'pull the cable, switch the radio off, and take them down: ip link set NAME down',
    )
  }
  if (outside.length > 0) {
    return attention(
      `network interfaces are there, and down: ${names(outside)}`,
      'take the hardware out, or disable it in the firmware',
    )
  }
  return ok('there is no network interface but loopback')
}

const radio: Rule = ({ interfaces: all, bluetooth }) => {
  const wireless = (all ?? []).filter((one) => one.wireless).map(({ name }) => name)
  const found = [...wireless, ...(bluetooth ? ['bluetooth'] : [])]
  return found.length === 0
    ? ok('no radio hardware is visible')
    : attention(
        `radio hardware is visible: ${found.join(', ')}`,
        'take it out, or disable it in the firmware',
      )
}

const routes: Rule = ({ routedInterfaces }) => {
  if (routedInterfaces === undefined) {
    return unfit('routes cannot be listed', 'use a Linux system with /proc mounted')
  }
  return routedInterfaces.length === 0
    ? ok('no route leads anywhere')
    : unfit(
        `routes lead to ${routedInterfaces.join(', ')}`,
        'take the interfaces down: ip link set NAME down',
      )
}

const clock: Rule = ({ systemClock, hardwareClock }) => {
  const text = new Date(systemClock * 1000).toISOString()
  if (systemClock < EARLIEST || systemClock > LATEST) {
    return unfit(`the clock tells ${text}, which cannot be`, 'set the clock from a watch')
  }
  if (hardwareClock !== undefined && Math.abs(hardwareClock - systemClock) > CLOCK_TOLERANCE) {
    return attention(
      `the clock tells ${text}, the hardware clock another time`,
      'compare both with a watch and set them: date -s, hwclock -w',
    )
  }
  return ok(`the clock tells ${text}: compare it with a watch`)
}

const entropy: Rule = ({ entropy: bits }) => {
  if (bits === undefined) {
    return attention(
      'the state of the random generator cannot be read',
      'make keys on a Linux system with /proc mounted',
    )
  }
  return bits < LOW_ENTROPY
    ? attention(
        `the kernel has gathered only ${bits} bits of randomness`,
        'wait, type and move the mouse before making a key',
      )
    : ok(`the kernel's random generator is seeded (${bits} bits)`)
}

const swap: Rule = ({ swap: areas }) => {
  if (areas === undefined) {
    return attention('swap areas cannot be listed', 'make sure that none is in use')
  }
  const names = (kind: string): string =>
    areas
      .filter((area) => area.kind === kind)
      .map(({ name }) => name)
      .join(', ')
  if (names('disk') !== '') {
    return unfit(
      `memory is swapped to ${names('disk')}, where secrets would stay`,
      'switch it off: swapoff -a',
    )
  }
  const others = [names('encrypted'), names('memory')].filter((text) => text !== '').join(', ')
  return others === ''
    ? ok('no memory is swapped out')
    : attention(
        `memory is swapped to ${others} (encrypted, or compressed memory)`,
        'better switch it off: swapoff -a',
      )
}

const coreDumps: Rule = ({ coreLimit, corePattern }) => {
  if (coreLimit === undefined || corePattern === undefined) {
    return attention('whether core dumps are written cannot be read', 'set: ulimit -c 0')
  }
  // A dump that goes to a program is made whatever the limit is (core(5)).
  if (corePattern.startsWith('|') && !/^\|(\/usr)?\/bin\/false\b/.test(corePattern)) {
    return attention(
      'after a crash the memory of a process goes to another program',
      "set: sysctl kernel.core_pattern='|/bin/false'",
    )
  }
  return coreLimit === '0' || corePattern.startsWith('|')
    ? ok('no core dumps are written')
    : unfit(
        `after a crash the memory of a process is written to a file (limit ${coreLimit})`,
        'set: ulimit -c 0',
      )
}

const fileModes: Rule = ({ umask }) => {
  if (umask === undefined) return attention('the umask cannot be read', 'set: umask 077')
  return (umask & READABLE_BY_OTHERS) === READABLE_BY_OTHERS
    ? ok('new files are readable by their owner alone')
    : attention(
        `new files are readable by others (umask ${umask.toString(8).padStart(3, '0')}); ` +
          'private keys are not, whatever the umask',
        'set: umask 077',
      )
}

const tracing: Rule = ({ tracer, ptraceScope }) => {
  if (tracer !== undefined && tracer !== 0) {
    return unfit(
      `process ${tracer} traces this one and sees everything in it`,
      'start again without it',
    )
  }
  return ptraceScope === undefined || ptraceScope === 0
    ? attention(
        'processes of the same user can read the memory of each other',
        'set: sysctl kernel.yama.ptrace_scope=2',
      )
    : ok(`tracing of processes is restricted (ptrace_scope ${ptraceScope})`)
}

const user: Rule = ({ effectiveUser }) =>
  effectiveUser === 0
    ? attention(
        'this runs as root, and so would a fault in it',
        'use an account made for the ceremony',
      )
    : ok(effectiveUser === undefined ? 'the user is not known' : 'this does not run as root')

const injection: Rule = ({ injected }) =>
  injected.length === 0
    ? ok('nothing puts other code into this process')
    : unfit(`other code may run in this process: ${injected.join(', ')}`, 'start again without it')

const programFile: Rule = ({ program }) => {
  if (program === undefined) {
    return attention('the permissions of the program cannot be read', 'check them by hand')
  }
  const open = (mode: number): boolean => (mode & WRITABLE_BY_OTHERS) !== 0
  // In a sticky directory such as /tmp only the owner of a file can replace it.
  const replaceable = open(program.directory) && (program.directory & STICKY) === 0
  return open(program.file) || replaceable
    ? unfit(
        'others can change the program file',
        'set: chmod go-w on the file and on its directory, after checking its SHA-256',
      )
    : ok('only its owner can change the program file')
}

const RULES: Readonly<Record<string, Rule>> = {
  interfaces,
  radio,
  routes,
  clock,
  entropy,
  swap,
  'core-dumps': coreDumps,
  'file-modes': fileModes,
  tracing,
  user,
  injection,
  'program-file': programFile,
}

/** Every check, in the order in which a person goes through them. */
export function checkFitness(machine: Machine): readonly Check[] {
  return Object.entries(RULES).map(([name, rule]) => ({ name, ...rule(machine) }))
}

/**
 * The program against the SHA-256 that was published.
 * @param actual of the program file, 64 lower-case hex characters
 * @param expected of either case; nothing if there is none to compare with
 */
export function checkIntegrity(actual: string, expected: string | undefined): Check {
  const name = 'integrity'
  if (expected === undefined) {
    return {
      name,
      ...attention(
        `the program has the SHA-256 ${actual}`,
        'compare it with the published one: --expect-sha256 HEX',
      ),
    }
  }
  return actual === expected.toLowerCase()
    ? { name, ...ok(`the program has the expected SHA-256 ${actual}`) }
    : {
        name,
        ...unfit(
          `the program has the SHA-256 ${actual}, not the expected ${expected.toLowerCase()}`,
          'do not use it; get the program again from its publisher',
        ),
      }
}
