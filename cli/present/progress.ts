/** A progress line on a terminal; silent everywhere else. As bytes: in text controls are escaped. */
import { utf8Bytes } from '../../src/base/bytes.ts'
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
      output.write(utf8Bytes(`\r${percent} %`))
    },
    end: () => {
      if (shown >= 0) output.write(utf8Bytes('\r      \r'))
    },
  }
}
