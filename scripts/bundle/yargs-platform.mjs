// What yargs asks of its platform, for a program that has no configuration files, no locales and no
// commands in directories: nothing is read from the machine, the environment or package.json.
import { basename, dirname, extname, join, normalize, relative, resolve } from 'node:path'
import { format, inspect } from 'node:util'
import { cliui } from '../../node_modules/cliui/build/lib/index.js'
import { getProcessArgvBin } from '../../node_modules/yargs/build/lib/utils/process-argv.js'
import {
  camelCase,
  decamelize,
  looksLikeNumber,
} from '../../node_modules/yargs-parser/build/lib/string-utils.js'
import { YargsParser } from '../../node_modules/yargs-parser/build/lib/yargs-parser.js'

/** What yargs asserts about its own calls; node:assert takes 3 ms to load. */
const assert = {
  strictEqual: (actual, expected, message) => {
    if (!Object.is(actual, expected)) throw new Error(message)
  },
  notStrictEqual: (actual, expected, message) => {
    if (Object.is(actual, expected)) throw new Error(message)
  },
}

const refuse = () => {
  throw new Error('this program loads nothing at run time')
}

const parser = new YargsParser({
  cwd: () => '/',
  env: () => ({}),
  format,
  normalize,
  resolve,
  require: refuse,
})
const Parser = (args, options) => parser.parse(args.slice(), options).argv
Parser.detailed = (args, options) => parser.parse(args.slice(), options)
Parser.camelCase = camelCase
Parser.decamelize = decamelize
Parser.looksLikeNumber = looksLikeNumber

/** Help is plain text of our own: a character is a column wide. */
const stringWidth = (text) => [...text].length

/** The text broken at spaces into lines of at most `width` columns; longer words stay whole. */
const wrap = (text, width) =>
  text
    .split('\n')
    .map((paragraph) => {
      const lines = ['']
      for (const word of paragraph.split(' ')) {
        const line = lines[lines.length - 1]
        if (line === '') lines[lines.length - 1] = word
        else if (stringWidth(line) + 1 + stringWidth(word) <= width)
          lines[lines.length - 1] = `${line} ${word}`
        else lines.push(word)
      }
      return lines.join('\n')
    })
    .join('\n')

/** Puts arguments into a text of yargs; `%s` by `%s`. */
const translate = (text, ...values) => {
  let at = 0
  return text.replace(/%s/g, () => String(values[at++]))
}

export default {
  assert,
  cliui: (options) => cliui(options, { stringWidth, stripAnsi: (text) => text, wrap }),
  findUp: () => undefined,
  getCallerFile: refuse,
  getEnv: () => undefined,
  getProcessArgvBin,
  inspect,
  mainFilename: '/',
  Parser,
  path: { basename, dirname, extname, join, relative, resolve },
  process: {
    argv: () => process.argv,
    cwd: () => '/',
    emitWarning: (warning, type) => process.emitWarning(warning, type),
    execPath: () => process.execPath,
    exit: refuse,
    nextTick: process.nextTick,
    stdColumns: 100,
  },
  readFileSync: refuse,
  readdirSync: refuse,
  require: refuse,
  stringWidth,
  y18n: {
    __: translate,
    __n: (one, other, count, ...values) => translate(count === 1 ? one : other, ...values),
    getLocale: () => 'en_US',
    setLocale: () => undefined,
    updateLocale: () => undefined,
  },
}
