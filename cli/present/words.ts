/** A hash as words to be read aloud. */

const GROUPS_A_LINE = 2

/** @param groups words in groups, as `spokenHash` gives them */
export function spokenLines(groups: readonly (readonly string[])[]): readonly string[] {
  const lines = Math.ceil(groups.length / GROUPS_A_LINE)
  return Array.from({ length: lines }, (_unused, i) => {
    const words = groups.slice(GROUPS_A_LINE * i, GROUPS_A_LINE * (i + 1))
    return (i === 0 ? 'in words' : '').padEnd(12) + words.map((group) => group.join(' ')).join('  ')
  })
}
