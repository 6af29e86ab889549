import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { utf8Bytes } from '../../src/base/bytes.ts'
import { checkTarget, writeFiles, writeWholeFile } from '../../src/host/files.ts'

const parent = mkdtempSync(join(tmpdir(), 'cantosign-writing-'))
let directory = ''
let count = 0
beforeEach(() => {
  directory = join(parent, String(count++))
  mkdirSync(directory)
})
afterAll(() => {
  rmSync(parent, { recursive: true, force: true })
})

const at = (name: string): string => join(directory, name)
const NEW = utf8Bytes('new')
const coded = (code: string): Error => expect.objectContaining({ code }) as Error
const content = (name: string): string => readFileSync(at(name), 'utf8')

describe('writing one file', () => {
  test('leaves the file and nothing beside it', () => {
    writeWholeFile(at('a'), NEW, { force: false })
    expect(readdirSync(directory)).toEqual(['a'])
    expect(content('a')).toBe('new')
  })

  test('writes large content whole', () => {
    const large = new Uint8Array(5_000_000).fill(0x61)
    writeWholeFile(at('a'), large, { force: false })
    expect(readFileSync(at('a')).equals(large)).toBe(true)
  })

  test('gives a private file its mode whatever the umask', () => {
    const before = process.umask(0)
    try {
      writeWholeFile(at('a'), NEW, { force: false, mode: 0o600 })
    } finally {
      process.umask(before)
    }
    expect(statSync(at('a')).mode & 0o777).toBe(0o600)
  })

  test('keeps an existing file, without and with something else in the way of a link', () => {
    writeFileSync(at('a'), 'old')
    symlinkSync(at('nowhere'), at('dangling'))
    for (const name of ['a', 'dangling']) {
      expect(() => {
        writeWholeFile(at(name), NEW, { force: false })
      }).toThrow(coded('output-exists'))
    }
    expect(content('a')).toBe('old')
    expect(readdirSync(directory).sort()).toEqual(['a', 'dangling'])
  })

  test('replaces an existing file with force, by another file', () => {
    writeFileSync(at('a'), 'old')
    linkSync(at('a'), at('other name of the old file'))
    writeWholeFile(at('a'), NEW, { force: true })
    expect(content('a')).toBe('new')
    expect(content('other name of the old file')).toBe('old')
  })

  test('replaces what a link leads to, not the link', () => {
    writeFileSync(at('real'), 'old')
    symlinkSync('real', at('link'))
    writeWholeFile(at('link'), NEW, { force: true })
    expect(content('real')).toBe('new')
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
  })

  test('writes where a directory is reached through a link', () => {
    mkdirSync(at('sub'))
    symlinkSync('sub', at('link'))
    writeWholeFile(at('link/a'), NEW, { force: false })
    expect(content('sub/a')).toBe('new')
  })

  test.each(['same name', 'hard link', 'symbolic link', 'another spelling'])(
    'never replaces an input, force or not: %s',
    (how) => {
      writeFileSync(at('in'), 'input')
      const outputs: Readonly<Record<string, string>> = {
        'same name': 'in',
        'hard link': 'hard',
        'symbolic link': 'soft',
        'another spelling': '../' + String(count - 1) + '/./in',
      }
      linkSync(at('in'), at('hard'))
      symlinkSync('in', at('soft'))
      const output = join(directory, outputs[how] ?? '')
      for (const force of [false, true]) {
        expect(() => {
          writeWholeFile(output, NEW, { force, inputs: [at('unrelated'), at('in')] })
        }).toThrow(coded('output-is-input'))
      }
      expect(content('in')).toBe('input')
    },
  )

  test.each([
    ['a directory', 'sub', 'it is a directory'],
    ['a missing directory', 'missing/a', 'its directory does not exist'],
    ['a path through a file', 'file/a', 'a part of the path is not a directory'],
    ['a link that leads nowhere', 'dangling', 'it is a link that leads nowhere'],
    ['a name with a NUL character', 'a\0b', 'its name holds a NUL character'],
    ['a name that was not UTF-8', 'a\ufffdb', 'its name is not UTF-8'],
    ['a name that is too long', 'x'.repeat(300), 'the name is too long'],
  ])('refuses %s, force or not', (_what, name, reason) => {
    mkdirSync(at('sub'))
    writeFileSync(at('file'), 'x')
    symlinkSync('nowhere', at('dangling'))
    const before = readdirSync(directory).sort()
    expect(() => {
      writeWholeFile(at(name), NEW, { force: true })
    }).toThrow(
      expect.objectContaining({
        code: 'output-unwritable',
        message: expect.stringContaining(reason) as string,
      }) as Error,
    )
    expect(readdirSync(directory).sort()).toEqual(before)
  })

  test('never replaces a device, not even with force', () => {
    expect(() => {
      writeWholeFile('/dev/null', NEW, { force: true })
    }).toThrow(coded('output-unwritable'))
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('says where it cannot write, and leaves nothing', () => {
    chmodSync(directory, 0o555)
    // root may write anywhere, so the process that tries is another user's.
    expect(inProcess([], true)).toEqual({ status: 0, stdout: 'permission is denied' })
    expect(readdirSync(directory)).toEqual([])
  })

  test('can be checked before the work', () => {
    writeFileSync(at('a'), 'old')
    expect(() => checkTarget(at('a'), { force: false })).toThrow(coded('output-exists'))
    expect(checkTarget(at('a'), { force: true })).toBe(at('a'))
    expect(checkTarget(at('b'), { force: false })).toBe(at('b'))
  })
})

let moduleText = ''
beforeAll(() => {
  const { outputFiles } = buildSync({
    entryPoints: ['src/host/files.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  })
  moduleText = outputFiles[0]?.text ?? ''
})

/** Both ways to write the file `a`, as program text. */
const WAYS = {
  whole: `host.writeWholeFile('a', new Uint8Array(3), { force: false })`,
  'in pieces': `
    const file = host.startFile('a', { force: false })
    try { file.write(new Uint8Array(1)); file.write(new Uint8Array(2)); file.finish() }
    catch (error) { file.discard(); throw error }`,
} as const
type Way = keyof typeof WAYS
const ways = Object.keys(WAYS) as Way[]

/** Writes the file `a` in a process of its own and gives the reason of a failure. */
function inProcess(
  prefix: readonly string[],
  asNobody = false,
  way: Way = 'whole',
): { readonly status: number | null; readonly stdout: string } {
  const script = `
    const url = 'data:text/javascript;base64,' + require('fs').readFileSync(0, 'utf8')
    import(url).then((host) => {
      if (${String(asNobody)} && process.getuid() === 0) process.setuid(65534)
      ${WAYS[way]}
    }).catch((error) => process.stdout.write(error.code ? error.message.split(': ').at(-1) : error.stack))
  `
  chmodSync(parent, 0o755)
  const node = [process.execPath, '-e', script]
  const [command = process.execPath, ...args] = [...prefix, ...node].filter((word) => word !== '')
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    input: Buffer.from(moduleText).toString('base64'),
  })
  if (status !== 0) process.stderr.write(stderr)
  return { status, stdout }
}

const hasStrace = spawnSync('strace', ['-V']).status === 0
if (!hasStrace) process.stderr.write('skipped: faults of file systems (there is no strace)\n')

describe.runIf(hasStrace)('on a file system that', () => {
  const failing = (calls: string, error: string, when = ''): readonly string[] => [
    ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`],
    ...['-e', `inject=${calls}:error=${error}${when}`],
  ]

  test.each(
    ['EPERM', 'EOPNOTSUPP', 'EMLINK'].flatMap((error) => ways.map((way) => [error, way] as const)),
  )('has no hard links (%s) writes all the same, %s', (error, way) => {
    expect(inProcess(failing('link,linkat', error), false, way)).toEqual({ status: 0, stdout: '' })
    expect(readdirSync(directory)).toEqual(['a'])
    expect(statSync(at('a')).size).toBe(3)
  })

  test.each(ways)('has no hard links keeps a file that came in between, %s', (way) => {
    // The check before the work is told that there is no such file.
    writeFileSync(at('a'), 'old')
    const result = inProcess(
      [
        ...['strace', '-f', '-qq', '-o', '/dev/null', '-P', 'a', '-e', 'trace=link,linkat,statx'],
        ...['-e', 'inject=link,linkat:error=EPERM', '-e', 'inject=statx:error=ENOENT:when=1'],
      ],
      false,
      way,
    )
    expect(result).toEqual({ status: 0, stdout: 'a exists already' })
    expect(content('a')).toBe('old')
    expect(readdirSync(directory)).toEqual(['a'])
  })

  test.each(
    [
      ['fsync', 'EIO', 'the system says EIO'],
      ['fsync', 'ENOSPC', 'no space is left'],
      ['link,linkat', 'EACCES', 'permission is denied'],
    ].flatMap(([call = '', error = '', reason = '']) =>
      ways.map((way) => ({ call, error, reason, way })),
    ),
  )('fails at $call with $error is left without the file, $way', ({ call, error, reason, way }) => {
    expect(inProcess(failing(call, error), false, way)).toEqual({ status: 0, stdout: reason })
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('writing several files', () => {
  const files = ['one', 'two', 'three'].map((name) => ({ name, bytes: utf8Bytes(name) }))

  test('writes all of them, and makes the directory', () => {
    writeFiles(at('out'), files, { force: false })
    expect(readdirSync(at('out')).sort()).toEqual(['one', 'three', 'two'])
    expect(content('out/two')).toBe('two')
  })

  test('writes none if one name is taken', () => {
    writeFileSync(at('three'), 'old')
    expect(() => {
      writeFiles(directory, files, { force: false })
    }).toThrow(coded('output-exists'))
    expect(readdirSync(directory)).toEqual(['three'])
    expect(content('three')).toBe('old')
  })

  test('removes the directory it made if nothing can be written into it', () => {
    const odd = [...files, { name: 'y'.repeat(300), bytes: NEW }]
    expect(() => {
      writeFiles(at('out'), odd, { force: false })
    }).toThrow(coded('output-unwritable'))
    expect(existsSync(at('out'))).toBe(false)
  })

  test('makes one directory, not a path of them', () => {
    expect(() => {
      writeFiles(at('a/b/c'), files, { force: false })
    }).toThrow(coded('output-unwritable'))
    expect(readdirSync(directory)).toEqual([])
  })

  test('refuses a file in place of the directory', () => {
    writeFileSync(at('out'), 'a file')
    expect(() => {
      writeFiles(at('out'), files, { force: true })
    }).toThrow(coded('output-unwritable'))
    expect(content('out')).toBe('a file')
  })

  test.each(['../escape', 'a/b', '.hidden', ''])('takes no name %j', (name) => {
    expect(() => {
      writeFiles(directory, [{ name, bytes: NEW }], { force: true })
    }).toThrow()
    expect(readdirSync(directory)).toEqual([])
  })
})
