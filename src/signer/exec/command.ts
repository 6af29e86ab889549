/**
 * The command of an `exec:` key URI, split into words by rules of our own: there is no shell. What
 * only a shell would understand is refused, so that no command means less than it seems to.
 */
import { CantosignError, unreachable } from '../../base/errors.ts'
import { isUnsafeText } from '../../base/text.ts'

/** A piece of a word: text as it is, or the path of a file that is made for each signature. */
export type WordPart =
  | { readonly $case: 'text'; readonly text: string }
  /** The file with the message or its digest. */
  | { readonly $case: 'msgfile' }
  /** The file that the command writes the signature to. */
  | { readonly $case: 'sigfile' }

export type Word = readonly WordPart[]

/** The first word is the program: a path, or a name that is looked up in PATH. */
export interface Command {
  readonly words: readonly [Word, ...(readonly Word[])]
  /** False: the signature is what the command writes to standard output. */
  readonly writesFile: boolean
}

/** Outside quotes these mean something to a shell, and nothing here. */
const SHELL_CHARACTERS = new Set('|&;<>()$`*?[]#~!{}')
const PLACEHOLDER = /\{(msgfile|sigfile)\}/y
/** Inside double quotes a backslash stands before these, and for itself elsewhere. */
const ESCAPED_IN_QUOTES = new Set('"\\')

function invalid(message: string, hint: string): CantosignError {
  return new CantosignError('key-uri-invalid', `the exec: key URI ${message}`, hint)
}

const QUOTING = "quote it: '…' takes everything as it is; a script of your own may do the rest"

/** Collects words; text that follows text joins it. */
class Words {
  readonly #words: WordPart[][] = []
  #open: WordPart[] | undefined

  /** An empty text begins a word, as '' does. */
  text(text: string): void {
    const word = this.#begin()
    const last = word.at(-1)
    if (last?.$case === 'text') word.splice(-1, 1, { $case: 'text', text: last.text + text })
    else word.push({ $case: 'text', text })
  }

  placeholder(name: 'msgfile' | 'sigfile'): void {
    this.#begin().push({ $case: name })
  }

  end(): void {
    if (this.#open !== undefined) this.#words.push(this.#open)
    this.#open = undefined
  }

  all(): readonly Word[] {
    this.end()
    return this.#words
  }

  #begin(): WordPart[] {
    return (this.#open ??= [])
  }
}

function splitWords(text: string): readonly Word[] {
  const words = new Words()
  for (let i = 0; i < text.length;) {
    const character = text.charAt(i)
    PLACEHOLDER.lastIndex = i
    const placeholder = PLACEHOLDER.exec(text)?.[1]
    if (placeholder === 'msgfile' || placeholder === 'sigfile') {
      words.placeholder(placeholder)
      i += placeholder.length + 2
    } else if (character === ' ') {
      words.end()
      i++
    } else if (character === "'" || character === '"') {
      i = readQuoted(text, i, words)
    } else if (character === '\\') {
      if (i + 1 === text.length) throw invalid('ends in a backslash', QUOTING)
      words.text(text.charAt(i + 1))
      i += 2
    } else if (character === '{') {
      throw invalid('holds a { that begins neither {msgfile} nor {sigfile}', QUOTING)
    } else if (SHELL_CHARACTERS.has(character)) {
      throw invalid(`holds ${character}, and there is no shell that would understand it`, QUOTING)
    } else {
      words.text(character)
      i++
    }
  }
  return words.all()
}

/** Reads from the quote at `from`; returns where the text goes on behind the closing one. */
function readQuoted(text: string, from: number, words: Words): number {
  const quote = text.charAt(from)
  words.text('')
  for (let i = from + 1; i < text.length;) {
    const character = text.charAt(i)
    if (character === quote) return i + 1
    PLACEHOLDER.lastIndex = i
    const placeholder = quote === '"' ? PLACEHOLDER.exec(text)?.[1] : undefined
    if (placeholder === 'msgfile' || placeholder === 'sigfile') {
      words.placeholder(placeholder)
      i += placeholder.length + 2
    } else if (
      quote === '"' &&
      character === '\\' &&
      ESCAPED_IN_QUOTES.has(text.charAt(i + 1)) &&
      i + 1 < text.length
    ) {
      words.text(text.charAt(i + 1))
      i += 2
    } else if (quote === '"' && (character === '$' || character === '`')) {
      throw invalid(
        `holds ${character} between double quotes, and there is no shell that would replace it`,
        "write it between single quotes if it is meant as it is: '…'",
      )
    } else {
      words.text(character)
      i++
    }
  }
  throw invalid('opens a quote that is not closed', QUOTING)
}

/**
 * Parses a URI that begins `exec:`. Words are separated by spaces; '…' is taken as it is; between
 * "…" and outside quotes a backslash takes the next character as it is; {msgfile} and {sigfile}
 * stand for files, except between single quotes.
 * @throws CantosignError `key-uri-invalid`
 */
export function parseExecUri(uri: string): Command {
  const text = uri.slice('exec:'.length)
  if (isUnsafeText(text)) {
    throw invalid(
      'holds a control or format character',
      'leave it out; words are separated by spaces',
    )
  }
  const [program, ...rest] = splitWords(text)
  const parts = program ?? []
  if (program === undefined || parts.some(({ $case }) => $case !== 'text')) {
    throw invalid('names no program', 'give exec:PROGRAM ARGUMENTS…')
  }
  if (parts.every((part) => part.$case === 'text' && part.text === '')) {
    throw invalid('names an empty program', 'give exec:PROGRAM ARGUMENTS…')
  }
  const writesFile = rest.some((word) => word.some(({ $case }) => $case === 'sigfile'))
  return { words: [program, ...rest], writesFile }
}

/** The words with the two paths in their places. */
export function fillWords(
  { words }: Command,
  files: { readonly msgfile: string; readonly sigfile: string },
): readonly [string, ...string[]] {
  const fill = (word: Word): string =>
    word
      .map((part) => {
        switch (part.$case) {
          case 'text':
            return part.text
          case 'msgfile':
            return files.msgfile
          case 'sigfile':
            return files.sigfile
          default:
            return unreachable(part)
        }
      })
      .join('')
  const [program, ...rest] = words
  return [fill(program), ...rest.map(fill)]
}
