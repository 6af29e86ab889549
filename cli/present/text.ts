/** Lines of plain text. */

const WIDTH = 96

/** The text broken at spaces; lines after the first are indented two more. */
export function wrapText(text: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    const candidate = line.trim() === '' ? `${line}${word}` : `${line} ${word}`
    if (candidate.length > WIDTH && line.trim() !== '') {
      lines.push(line)
      line = `${indent}  ${word}`
    } else line = candidate
  }
  return [...lines, line]
}

/** `1 signature`, `2 signatures`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
