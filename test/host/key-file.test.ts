import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { CantosignError } from '../../src/base/errors.ts'
import { readKeyFile, readSigningKeyFile } from '../../src/host/key-file.ts'
import { deviceText, keepsModes, mountOf, parseMountInfo } from '../../src/host/mounts.ts'

const directory = mkdtempSync(join(tmpdir(), 'cantosign-key-'))
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})
const path = join(directory, 'key')
const content = new Uint8Array(48).fill(7)

function code(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof CantosignError) return error.code
    throw error
  }
  return 'taken'
}

const withMode = (mode: number): void => {
  writeFileSync(path, content)
  chmodSync(path, mode)
}

describe('for signing', () => {
  test.each([0o600, 0o400, 0o700, 0o500])('mode %o is taken', (mode) => {
    withMode(mode)
    expect(readSigningKeyFile(path, false)).toEqual(content)
  })

  test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])(
    'mode %o is refused, whatever is accepted of mounts',
    (mode) => {
      withMode(mode)
      expect(code(() => readSigningKeyFile(path, false))).toBe('key-file-mode')
      expect(code(() => readSigningKeyFile(path, true))).toBe('key-file-mode')
    },
  )

  test('a link is followed to the mode of its file', () => {
    withMode(0o644)
    const link = join(directory, 'link')
    symlinkSync(path, link)
    expect(code(() => readSigningKeyFile(link, false))).toBe('key-file-mode')
    withMode(0o600)
    expect(readSigningKeyFile(link, false)).toEqual(content)
  })
})

test('to look at it, a file that others can read is read, and its concern comes along', () => {
  withMode(0o644)
  const { bytes, concern } = readKeyFile(path)
  expect(bytes).toEqual(content)
  expect(concern?.code).toBe('key-file-mode')
  expect(concern?.message).toContain('0644')
  withMode(0o600)
  expect(readKeyFile(path).concern).toBeUndefined()
})

test('what is no key file is refused', () => {
  expect(code(() => readKeyFile(join(directory, 'none')))).toBe('file-unreadable')
  expect(code(() => readKeyFile(directory))).toBe('file-unreadable')
  expect(code(() => readKeyFile('a\0b'))).toBe('file-unreadable')
  expect(code(() => readKeyFile('/dev/zero'))).toBe('file-unreadable')
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', ['-m', '600', pipe])
  // Nobody writes to it: opening it must not wait.
  expect(code(() => readKeyFile(pipe))).toBe('file-unreadable')
  writeFileSync(path, new Uint8Array(1024 * 1024 + 1))
  expect(code(() => readKeyFile(path))).toBe('file-too-large')
})

describe('file systems', () => {
  const text = [
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '30 22 8:17 / /media/stick rw,nosuid shared:5 master:2 - vfat /dev/sdb1 rw,fmask=0077',
    String.raw`31 22 8:33 / /media/two\040words rw - exfat /dev/sdc1 rw`,
    '32 22 0:44 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\',
    '33 22 0:45 / /mnt/share rw - 9p host rw,trans=virtio',
    '34 22 0:46 / /home rw - btrfs /dev/sdd rw,subvol=/home',
    '35 30 8:49 / /media/stick rw - ext4 /dev/sde rw',
    'no such line',
    '',
  ].join('\n')
  const mounts = parseMountInfo(text)
  const typeOf = (file: string, device: string): string | undefined =>
    mountOf(mounts, file, device)?.type

  test('are found by device and by path', () => {
    expect(mounts.length).toBe(7)
    expect(typeOf('/etc/key', '8:1')).toBe('ext4')
    expect(typeOf('/media/stick/key', '8:17')).toBe('vfat')
    expect(typeOf('/media/two words/key', '8:33')).toBe('exfat')
    // A later mount hides an earlier one at the same place.
    expect(typeOf('/media/stick/key', '8:49')).toBe('ext4')
    // Subvolumes have device numbers that are not listed.
    expect(typeOf('/home/me/key', '0:99')).toBe('btrfs')
    expect(typeOf('/homework/key', '0:99')).toBe('ext4')
    expect(mountOf([], '/key', '8:1')).toBeUndefined()
  })

  test('keep modes or not', () => {
    const without = mounts.filter((mount) => !keepsModes(mount)).map(({ mountPoint }) => mountPoint)
    expect(without).toEqual(['/media/stick', '/media/two words', '/mnt/c'])
    for (const type of ['ntfs', 'ntfs3', 'fuseblk', 'msdos', 'cifs', 'vboxsf', 'fuse.exfat']) {
      expect(keepsModes({ type, options: '' })).toBe(false)
    }
    for (const type of ['ext4', 'xfs', 'tmpfs', 'overlay', 'fuse.sshfs', 'nfs4', 'zfs']) {
      expect(keepsModes({ type, options: '' })).toBe(true)
    }
  })

  test('device numbers are taken apart as the kernel puts them together', () => {
    expect(deviceText(0x801n)).toBe('8:1')
    expect(deviceText(0x10302n)).toBe('259:2')
    expect(deviceText(0x100801n)).toBe('8:257')
  })
})
