/**
 * YAML 1.2 as this tool takes it: one document of maps, lists and plain or quoted scalars, every
 * value with its line and column. No anchors, aliases, tags, directives or merge keys, and nothing
 * is guessed from how a scalar looks: `1220…` stays text, whatever digits follow.
 */
import { Lexer, LineCounter, parseDocument, Parser, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { CantosignError } from '../base/errors.ts'
import { escapeText } from '../base/text.ts'

/** Where a value begins, both counted from 1. */
export interface YamlPlace {
  readonly line: number
  readonly column: number
}

export interface YamlScalar extends YamlPlace {
  readonly $case: 'scalar'
  readonly text: string
  /** False for a quoted scalar: quotes make text of what would be a number. */
  readonly plain: boolean
}

export interface YamlList extends YamlPlace {
  readonly $case: 'list'
  readonly items: readonly YamlNode[]
}

export interface YamlEntry extends YamlPlace {
  readonly key: string
  readonly value: YamlNode
}

export interface YamlMap extends YamlPlace {
  readonly $case: 'map'
  readonly entries: readonly YamlEntry[]
}

export type YamlNode = YamlScalar | YamlList | YamlMap

export interface YamlLimits {
  /** UTF-16 code units of the whole text. */
  readonly characters: number
  /** Maps and lists inside each other. */
  readonly depth: number
  /** Words, marks, comments, gaps and line breaks: what reading costs grows with them. */
  readonly tokens: number
}

export const YAML_LIMITS: YamlLimits = {
  characters: 4 * 1024 * 1024,
  depth: 32,
  tokens: 1_000_000,
}

type Report = (message: string, at: YamlPlace) => CantosignError

/**
 * Reads the one document of a text.
 * @param what names the text in errors, e.g. the file
 * @throws CantosignError `yaml-invalid` with line and column, `limit-exceeded`
 */
export function readYaml(text: string, what: string, limits: YamlLimits = YAML_LIMITS): YamlNode {
  if (text.length > limits.characters) {
    throw new CantosignError(
      'limit-exceeded',
      `${what} has ${text.length} characters, more than ${limits.characters}`,
      'a file this large is not what it seems: look at it, or split it',
    )
  }
  const lines = new LineCounter()
  const placeOf = (offset: number): YamlPlace => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const report: Report = (message, at) =>
    new CantosignError(
      'yaml-invalid',
      `${what}, line ${at.line}, column ${at.column}: ${message}`,
      'only maps, lists and plain or quoted scalars are read: see docs/spec.md',
      { details: { line: at.line, column: at.column } },
    )
  checkShape(text, limits, what)
  const document = parseDocument(text, {
    lineCounter: lines,
    // Failsafe knows text only: what a number or a flag is, the reader of the field decides.
    schema: 'failsafe',
    version: '1.2',
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    stringKeys: true,
    strict: true,
    // The library compares every key with every other: nodeOf refuses what stands twice.
    uniqueKeys: false,
    logLevel: 'error',
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    throw report(escapeText(problem.message.split('\n')[0] ?? ''), placeOf(problem.pos[0]))
  }
  const { contents } = document
  if (contents === null) throw report('the file holds no value', { line: 1, column: 1 })
  if (/^%/m.test(text.slice(0, contents.range[0]))) {
    throw report('a directive', { line: 1, column: 1 })
  }
  return nodeOf(contents, { line: 1, column: 1 }, placeOf, report)
}

/** Bounds size and nesting before the document is composed, which is recursive; parsing is not. */
function checkShape(text: string, limits: YamlLimits, what: string): void {
  const parser = new Parser()
  let tokens = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > limits.tokens) {
      throw new CantosignError(
        'limit-exceeded',
        `${what} has more than ${limits.tokens} words, marks and line breaks`,
        'a file this large is not what it seems: look at it, or split it',
      )
    }
    Array.from(parser.next(lexeme)) // the step has to run; its tokens are composed by parseDocument
    // One entry of the stack is the document; scalars are never left on it.
    if (parser.stack.length > limits.depth + 1) {
      throw new CantosignError(
        'limit-exceeded',
        `${what} nests maps and lists deeper than ${limits.depth}`,
        'no file that this tool reads is nested so deep',
      )
    }
  }
}

function nodeOf(
  node: unknown,
  around: YamlPlace,
  placeOf: (offset: number) => YamlPlace,
  report: Report,
): YamlNode {
  const isNode = node instanceof Scalar || node instanceof YAMLMap || node instanceof YAMLSeq
  if (!isNode) throw report('a value is missing, or it is an alias', around)
  const at = node.range?.[0] === undefined ? around : placeOf(node.range[0])
  if (node.anchor !== undefined) throw report('an anchor', at)
  if (node.tag !== undefined) throw report('a tag', at)
  if (node instanceof Scalar) {
    const plain = node.type === 'PLAIN'
    if (!plain && node.type !== 'QUOTE_DOUBLE' && node.type !== 'QUOTE_SINGLE') {
      throw report('a block scalar, where plain or quoted text is read', at)
    }
    const text: unknown = node.value
    if (typeof text !== 'string') throw report('a value is missing', at)
    return { $case: 'scalar', text, plain, ...at }
  }
  if (node instanceof YAMLSeq) {
    const items = node.items.map((item) => nodeOf(item, at, placeOf, report))
    return { $case: 'list', items, ...at }
  }
  const keys = new Set<string>()
  const entries = node.items.map((pair): YamlEntry => {
    const key = nodeOf(pair.key, at, placeOf, report)
    if (key.$case !== 'scalar') throw report('a key that is not text', key)
    if (keys.has(key.text)) throw report(`the key ${escapeText(key.text)} stands here twice`, key)
    keys.add(key.text)
    return {
      key: key.text,
      value: nodeOf(pair.value, key, placeOf, report),
      line: key.line,
      column: key.column,
    }
  })
  return { $case: 'map', entries, ...at }
}
