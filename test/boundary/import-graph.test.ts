/**
 * The air gap by construction: what the built program can reach, read from its syntax.
 */
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { programPath } from '../cli/support/program.ts'

/** Every built-in module that the air-gapped program may use. */
const ALLOWED = new Set(
  [
    ...['assert', 'buffer', 'crypto', 'events', 'fs', 'fs/promises', 'module', 'os', 'path'],
    ...['perf_hooks', 'process', 'readline', 'stream', 'string_decoder', 'timers', 'tty', 'url'],
    ...['util', 'worker_threads', 'zlib'],
  ].map((name) => `node:${name}`),
)

/** What a key URI asks for, by a dynamic import: `exec:`, `ssh-agent:` (a local socket) and `pkcs11:`. */
const LATER = ['node:child_process', 'node:net', 'pkcs11js']

/** Names that open a connection, or a way round the imports. */
const FORBIDDEN_NAMES = new Set([
  ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'Request', 'Response'],
  ...['eval', 'Function', 'WebAssembly', 'require', 'createRequire', 'importScripts'],
])
const FORBIDDEN_OF_PROCESS = new Set([
  ...['getBuiltinModule', 'binding', '_linkedBinding', 'dlopen', 'mainModule'],
])
/** Of these modules only the named functions open no sockets. */
const SOCKETS_OF_OS = new Set(['networkInterfaces', 'userInfo'])

interface Reached {
  /** Modules of import declarations, evaluated whenever the program starts. */
  readonly atStart: ReadonlySet<string>
  /** Modules of import expressions, one entry for each place. */
  readonly later: readonly string[]
  readonly files: readonly string[]
  readonly faults: readonly string[]
}

function parse(name: string, text: string): ts.SourceFile {
  return ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.JS)
}

/** True if the identifier names a variable whose value is used, not a property or a key. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  // `value instanceof Function` makes none.
  if (
    ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
  ) {
    return false
  }
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  return !(
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isSetAccessor(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent)
  )
}

/** True if the file itself declares the name, so that the reference is not to the global. */
function declares(file: ts.SourceFile, name: string): boolean {
  let found = false
  const visit = (node: ts.Node): void => {
    if (
      (ts.isFunctionDeclaration(node) ||
        ts.isVariableDeclaration(node) ||
        ts.isParameter(node) ||
        ts.isClassDeclaration(node)) &&
      node.name !== undefined &&
      ts.isIdentifier(node.name) &&
      node.name.text === name
    ) {
      found = true
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Imports of a file, and what it says that it must not say. */
function examine(
  name: string,
  text: string,
): {
  readonly imports: readonly string[]
  readonly later: readonly string[]
  readonly faults: readonly string[]
} {
  const file = parse(name, text)
  const imports: string[] = []
  const later: string[] = []
  const faults: string[] = []
  const fault = (node: ts.Node, what: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    faults.push(`${name}:${line + 1}: ${what}`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || (ts.isExportDeclaration(node) && node.moduleSpecifier)) {
      const { moduleSpecifier } = node
      if (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)) {
        imports.push(moduleSpecifier.text)
        const names = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : undefined
        if (/^(node:)?os$/.test(moduleSpecifier.text)) {
          if (names === undefined || !ts.isNamedImports(names)) fault(node, 'all of node:os')
          else if (
            names.elements.some((one) => SOCKETS_OF_OS.has((one.propertyName ?? one.name).text))
          )
            fault(node, 'a function of node:os that opens a socket')
        }
      }
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument !== undefined && ts.isStringLiteral(argument)) later.push(argument.text)
      else fault(node, 'an import of something that is computed')
    }
    if (ts.isIdentifier(node) && FORBIDDEN_NAMES.has(node.text) && isReference(node)) {
      if (!declares(file, node.text)) fault(node, node.text)
    }
    if (ts.isPropertyAccessExpression(node)) {
      const owner = node.expression.getText()
      const member = node.name.text
      if (owner === 'process' && FORBIDDEN_OF_PROCESS.has(member)) fault(node, `process.${member}`)
      if (/^(globalThis|global|self|window)$/.test(owner) && FORBIDDEN_NAMES.has(member)) {
        fault(node, `${owner}.${member}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { imports, later, faults }
}

const moduleName = (specifier: string): string =>
  isBuiltin(specifier) ? specifier.replace(/^(?!node:)/, 'node:') : specifier

/** Everything that is reached from a program file, by static and by dynamic imports. */
function reach(program: string): Reached {
  const atStart = new Set<string>()
  const later: string[] = []
  const files: string[] = []
  const faults: string[] = []
  const queue = [program]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (files.includes(path)) continue
    files.push(path)
    const examined = examine(relative(dirname(program), path), readFileSync(path, 'utf8'))
    faults.push(...examined.faults)
    for (const specifier of [...examined.imports, ...examined.later]) {
      if (specifier.startsWith('.')) queue.push(join(dirname(path), specifier))
    }
    examined.imports.map(moduleName).forEach((name) => atStart.add(name))
    later.push(...examined.later.map(moduleName))
  }
  return { atStart, later, files, faults }
}

describe('the built air-gapped program', () => {
  const reached = reach(programPath('cantosign'))

  test('is one file', () => {
    expect(reached.files).toEqual([programPath('cantosign')])
  })

  test('imports no module at its start but the allowed built-in ones', () => {
    expect([...reached.atStart].filter((name) => !ALLOWED.has(name))).toEqual([])
    expect(reached.atStart).toContain('node:crypto')
  })

  test('imports later what key URIs name, each in one place, and nothing else', () => {
    const later = reached.later.filter((name) => !ALLOWED.has(name))
    expect(later.sort()).toEqual(LATER)
  })

  test('names nothing that opens a connection, evaluates text or goes round the imports', () => {
    expect(reached.faults).toEqual([])
  })
})

describe('the examination itself', () => {
  test.each([
    'await fetch("x")',
    'const get = fetch',
    'globalThis.fetch("x")',
    'new WebSocket("x")',
    'eval("1")',
    'new Function("return 1")',
    'process.getBuiltinModule("net")',
    'process.binding("tcp_wrap")',
    'createRequire(import.meta.url)',
    'require("net")',
    'await import("n" + "et")',
    'import * as os from "node:os"',
    'import { networkInterfaces } from "os"',
    'new WebAssembly.Module(x)',
  ])('finds: %s', (text) => {
    expect(examine('x.mjs', text).faults).toHaveLength(1)
  })

  test.each([
    'const a = { fetch: 1 }; a.fetch',
    'function fetch() {} fetch()',
    'class A { eval() {} }',
    'import { EOL } from "node:os"',
    '// fetch("x")',
    '"fetch"',
    'value instanceof Function',
  ])('lets pass: %s', (text) => {
    expect(examine('x.mjs', text).faults).toEqual([])
  })

  test('sees imports of every form', () => {
    const text = `import a from "node:a"; import "node:b"; export { c } from "node:c"
      export * from "node:d"; await import("node:e")`
    const { imports, later } = examine('x.mjs', text)
    expect([...imports, ...later]).toEqual(['a', 'b', 'c', 'd', 'e'].map((n) => `node:${n}`))
  })
})
