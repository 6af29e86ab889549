/** Which file system a file lies on, and whether it keeps permissions; read from /proc, no system call beyond. */

export interface Mount {
  /** `major:minor` of the device. */
  readonly device: string
  readonly mountPoint: string
  /** `ext4`, `vfat`, `fuse.sshfs`. */
  readonly type: string
  /** Options of the file system, comma-separated. */
  readonly options: string
}

/** Types whose modes are made up by the kernel or a driver from mount options. */
const MODELESS: ReadonlySet<string> = new Set([
  'vfat',
  'msdos',
  'exfat',
  'ntfs',
  'ntfs3',
  'fuseblk',
  'fuse.ntfs',
  'fuse.ntfs-3g',
  'fuse.exfat',
  'fuse.vmhgfs-fuse',
  'fuse.mtpfs',
  'fuse.jmtpfs',
  'fuse.simple-mtpfs',
  'fuse.go-mtpfs',
  'hfs',
  'cifs',
  'smb3',
  'smbfs',
  'vboxsf',
  'prl_fs',
  'drvfs',
])

/** False where the mode of a file says nothing about who can read it. */
export function keepsModes({ type, options }: Pick<Mount, 'type' | 'options'>): boolean {
  // Drives of Windows inside its Linux subsystem come over 9p.
  return !MODELESS.has(type) && !(type === '9p' && options.includes('aname=drvfs'))
}

/** Spaces, tabs, newlines and backslashes are written as octal escapes. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** The lines of /proc/self/mountinfo (proc_pid_mountinfo(5)); a line that is none is left out. */
export function parseMountInfo(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ')
    const [, , device, , mountPoint] = before?.split(' ') ?? []
    const [type, , options] = after?.split(' ') ?? []
    if (device === undefined || mountPoint === undefined || type === undefined) return []
    return [{ device, mountPoint: unescapeOctal(mountPoint), type, options: options ?? '' }]
  })
}

function contains(mountPoint: string, path: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`)
}

/**
 * The mount that a file lies on: the last one of those with the longest mount point around it, of
 * the file's device where the kernel lists it under that number.
 * @param path absolute, free of symbolic links
 * @param device `major:minor` as stat gives it
 */
export function mountOf(mounts: readonly Mount[], path: string, device: string): Mount | undefined {
  const around = mounts.filter(({ mountPoint }) => contains(mountPoint, path))
  const ofDevice = around.filter((mount) => mount.device === device)
  // Subvolumes have device numbers of their own that the list does not show.
  const candidates = ofDevice.length > 0 ? ofDevice : around
  let best: Mount | undefined
  for (const mount of candidates) {
    if (best === undefined || mount.mountPoint.length >= best.mountPoint.length) best = mount
  }
  return best
}

/** `major:minor` of a device number of Linux. */
export function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}
