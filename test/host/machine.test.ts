import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkFitness, checkIntegrity, type Judgement } from '../../src/host/fitness.ts'
import { readMachine, type Machine } from '../../src/host/machine.ts'

const parent = mkdtempSync(join(tmpdir(), 'cantosign-machine-'))
afterAll(() => {
  rmSync(parent, { recursive: true, force: true })
})

const ROUTE_HEAD = 'Iface\tDestination\tGateway\tFlags\n'
const SWAP_HEAD = 'Filename\tType\tSize\tUsed\tPriority\n'
const ZERO = '0'.repeat(32)

/** What a machine without network, swap and core dumps shows. */
const CLEAN: Readonly<Record<string, string>> = {
  'sys/class/net/lo/flags': '0x9\n',
  'sys/class/net/lo/type': '772\n',
  'proc/net/route': ROUTE_HEAD,
  'proc/net/ipv6_route': `${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 1 0 00200200       lo\n`,
  'proc/swaps': SWAP_HEAD,
  'proc/self/limits':
    'Max core file size        0                    unlimited            bytes     \n',
  'proc/sys/kernel/core_pattern': 'core\n',
  'proc/sys/kernel/random/entropy_avail': '256\n',
  'proc/sys/kernel/yama/ptrace_scope': '2\n',
  'proc/self/status': 'Name:\tnode\nUmask:\t0077\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\n',
}

let count = 0
function machine(changes: Readonly<Record<string, string | undefined>> = {}): Machine {
  const root = join(parent, String(count++))
  for (const [path, text] of Object.entries({ ...CLEAN, ...changes })) {
    if (text === undefined) continue
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const program = join(root, 'program')
  writeFileSync(program, '')
  chmodSync(program, 0o755)
  chmodSync(root, 0o755)
  return { ...readMachine(program, root), injected: [] }
}

function judgement(facts: Machine, name: string): Judgement {
  const check = checkFitness(facts).find((one) => one.name === name)
  if (check === undefined) throw new Error(`there is no check ${name}`)
  // A finding without advice helps nobody.
  expect(check.judgement === 'ok').toBe(check.advice === '')
  return check.judgement
}

test('a machine without network, swap and core dumps is fit in every respect', () => {
  const checks = checkFitness(machine())
  expect(checks.filter((check) => check.judgement !== 'ok')).toEqual([])
  expect(checks.length).toBeGreaterThan(10)
})

test('the machine that runs this test can be read, without a tracer', () => {
  const facts = readMachine(process.execPath)
  expect(facts.interfaces?.some(({ loopback }) => loopback)).toBe(true)
  expect(facts.effectiveUser).toBe(process.geteuid?.())
  expect(facts.tracer).toBe(0)
  expect(facts.umask).toBe(
    Number.parseInt(execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }), 8),
  )
})

test('a machine that tells nothing is not fit: what cannot be seen is not taken for granted', () => {
  const facts = readMachine('/nowhere', '/nowhere')
  expect(judgement(facts, 'interfaces')).toBe('unfit')
  expect(judgement(facts, 'routes')).toBe('unfit')
  for (const name of ['entropy', 'swap', 'core-dumps', 'file-modes', 'program-file']) {
    expect(judgement(facts, name)).toBe('attention')
  }
})

const eth = (flags: string): Readonly<Record<string, string>> => ({
  'sys/class/net/eth0/flags': flags,
  'sys/class/net/eth0/type': '1\n',
})

describe.each<[string, string, Judgement, Readonly<Record<string, string | undefined>>]>([
  ['interfaces', 'an interface that is up', 'unfit', eth('0x1003\n')],
  ['interfaces', 'an interface that is down', 'attention', eth('0x1002\n')],
  [
    'interfaces',
    'an interface called lo that is none',
    'unfit',
    { 'sys/class/net/lo/type': '1\n' },
  ],
  [
    'radio',
    'a wireless interface that is down',
    'attention',
    { ...eth('0x1002\n'), 'sys/class/net/eth0/wireless/x': '' },
  ],
  ['radio', 'a bluetooth adapter', 'attention', { 'sys/class/bluetooth/hci0/x': '' }],
  [
    'routes',
    'a route',
    'unfit',
    { 'proc/net/route': `${ROUTE_HEAD}eth0\t00000000\t010200C0\t0003\n` },
  ],
  [
    'routes',
    'a route of IPv6 only',
    'unfit',
    { 'proc/net/ipv6_route': `${ZERO} 00 ${ZERO} 00 ${ZERO} 00000400 1 0 00000003 wlan0\n` },
  ],
  ['entropy', 'little randomness', 'attention', { 'proc/sys/kernel/random/entropy_avail': '40\n' }],
  [
    'swap',
    'a swap partition',
    'unfit',
    { 'proc/swaps': `${SWAP_HEAD}/dev/sda2 partition 1 0 -2\n` },
  ],
  ['swap', 'a swap file', 'unfit', { 'proc/swaps': `${SWAP_HEAD}/swapfile file 1 0 -2\n` }],
  [
    'swap',
    'a mapped partition that is not encrypted',
    'unfit',
    {
      'proc/swaps': `${SWAP_HEAD}/dev/dm-1 partition 1 0 -2\n`,
      'sys/block/dm-1/dm/uuid': 'LVM-x',
    },
  ],
  [
    'swap',
    'an encrypted partition',
    'attention',
    {
      'proc/swaps': `${SWAP_HEAD}/dev/dm-1 partition 1 0 -2\n`,
      'sys/block/dm-1/dm/uuid': 'CRYPT-PLAIN-swap',
    },
  ],
  [
    'swap',
    'compressed memory',
    'attention',
    { 'proc/swaps': `${SWAP_HEAD}/dev/zram0 partition 1 0 100\n` },
  ],
  [
    'core-dumps',
    'core dumps to a file',
    'unfit',
    { 'proc/self/limits': 'Max core file size        unlimited   unlimited   bytes\n' },
  ],
  [
    'core-dumps',
    'core dumps to a program, whatever the limit',
    'attention',
    { 'proc/sys/kernel/core_pattern': '|/usr/lib/systemd/systemd-coredump %P\n' },
  ],
  [
    'core-dumps',
    'core dumps to a program that drops them',
    'ok',
    {
      'proc/sys/kernel/core_pattern': '|/bin/false\n',
      'proc/self/limits': 'Max core file size        unlimited   unlimited   bytes\n',
    },
  ],
  ['file-modes', 'an open umask', 'attention', { 'proc/self/status': 'Umask:\t0022\n' }],
  ['tracing', 'a tracer', 'unfit', { 'proc/self/status': 'TracerPid:\t42\n' }],
  ['tracing', 'free tracing', 'attention', { 'proc/sys/kernel/yama/ptrace_scope': '0\n' }],
  ['user', 'root', 'attention', { 'proc/self/status': 'Uid:\t0\t0\t0\t0\n' }],
  ['user', 'a setuid program', 'attention', { 'proc/self/status': 'Uid:\t1000\t0\t0\t0\n' }],
])('%s', (name, what, expected, changes) => {
  test(`${what}: ${expected}`, () => {
    expect(judgement(machine(changes), name)).toBe(expected)
  })
})

test.each<[string, Judgement, Partial<Machine>]>([
  ['clock', 'unfit', { systemClock: 0 }],
  ['clock', 'unfit', { systemClock: Date.UTC(2024, 11, 31) / 1000 }],
  ['clock', 'unfit', { systemClock: Date.UTC(2120, 0, 1) / 1000 }],
  ['clock', 'attention', { hardwareClock: Date.now() / 1000 + 3600 }],
  ['clock', 'ok', { hardwareClock: Date.now() / 1000 + 5 }],
  ['injection', 'unfit', { injected: ['LD_PRELOAD'] }],
  ['program-file', 'unfit', { program: { file: 0o775, directory: 0o755 } }],
  ['program-file', 'unfit', { program: { file: 0o757, directory: 0o755 } }],
  ['program-file', 'unfit', { program: { file: 0o755, directory: 0o777 } }],
  ['program-file', 'ok', { program: { file: 0o755, directory: 0o1777 } }],
])('%s is judged %s given %j', (name, expected, changes) => {
  expect(judgement({ ...machine(), ...changes }, name)).toBe(expected)
})

test('settings that put code into the process are found', () => {
  process.env['LD_AUDIT'] = '/tmp/x.so'
  try {
    expect(readMachine('/nowhere').injected).toContain('LD_AUDIT')
  } finally {
    delete process.env['LD_AUDIT']
  }
})

describe('integrity', () => {
  const hash = 'ab'.repeat(32)
  test.each<[string, string | undefined, Judgement]>([
    ['the same', hash, 'ok'],
    ['the same in upper case', hash.toUpperCase(), 'ok'],
    ['another', `${hash.slice(0, -1)}c`, 'unfit'],
    ['none', undefined, 'attention'],
  ])('against %s', (_what, expected, result) => {
    expect(checkIntegrity(hash, expected).judgement).toBe(result)
  })
})
