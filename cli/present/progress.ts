/** A progress line on a terminal; silent everywhere else. */
import type { Output } from '../io.ts'

export interface Progress {
  readonly update: (done: number, total: number) => void
  readonly end: () => void
}

const SILENT: Progress = { update: () => undefined, end: () => undefined }

export function openProgress(output: Output, silent: boolean): Progress {
  if (silent || !output.isTerminal) return SILENT
  let shown = -1
  return {
    update: (done, total) => {
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
      if (percent === shown) return
      shown = percent
      output.write(`\r${percent} %`)
    },
    end: () => {
      if (shown >= 0) output.write('\r      \r')
    },
  }
}
