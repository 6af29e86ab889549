/** What has to happen when this process ends, and the end of process groups that it started. */
import { systemErrorCode } from './system-error.ts'

/**
 * Has the action run if the process ends before it is taken back, also by a signal that is handled.
 * @returns takes it back
 */
export function atProcessEnd(action: () => void): () => void {
  process.once('exit', action)
  return () => {
    process.off('exit', action)
  }
}

/** Ends a process group at once. One that has ended already is no fault. */
export function killProcessGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    const code = systemErrorCode(error)
    // EPERM: what is left of it belongs to somebody else, such as a program that changed its user.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
