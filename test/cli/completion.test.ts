/** The completion scripts, run by the shells they are for. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run, scratch } from './support/program.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const has = (shell: Shell): boolean => spawnSync(shell, ['-c', 'true']).status === 0
for (const shell of SHELLS) {
  if (!has(shell)) process.stderr.write(`skipped: completion for ${shell} (it is not installed)\n`)
}

function script(shell: Shell): string {
  const { status, stdout } = run(['completion', shell])
  expect(status).toBe(0)
  return stdout
}

function shell(command: Shell, args: readonly string[], directory: string): string {
  const { stdout, stderr } = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (stderr !== '') throw new Error(stderr)
  return stdout
}

/** A directory with one file and the script. */
function prepared(name: Shell): { readonly directory: string; readonly path: string } {
  const directory = scratch()
  mkdirSync(join(directory, 'shell'))
  writeFileSync(join(directory, 'transaction.bin'), '')
  const path = join(directory, 'shell', `_cantosign`)
  writeFileSync(path, script(name))
  return { directory, path }
}

/** What may follow the words typed so far, the last of which is completed. */
function bash(words: readonly string[]): readonly string[] {
  const { directory, path } = prepared('bash')
  const line = ['cantosign', ...words].map((word) => `'${word}'`).join(' ')
  const text = `source ${path}; COMP_WORDS=(${line}); COMP_CWORD=${words.length}
    _cantosign; printf '%s\\n' "\${COMPREPLY[@]}"`
  return shell('bash', ['--norc', '-c', text], directory).split('\n').filter(Boolean)
}

function fish(words: readonly string[]): readonly string[] {
  const { directory, path } = prepared('fish')
  const line = ['cantosign', ...words].join(' ')
  return shell('fish', ['--no-config', '-c', `source ${path}; complete -C '${line}'`], directory)
    .split('\n')
    .filter(Boolean)
    .map((text) => text.split('\t')[0] ?? '')
}

/** Lines as zsh completes them at a terminal, which is what its completion needs. */
function zsh(lines: readonly string[]): readonly string[] {
  const { directory, path } = prepared('zsh')
  const out = join(directory, 'shell', 'out')
  writeFileSync(out, '')
  const text = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    record() { zpty -w shell "$1" }
    record 'autoload -U compinit; compinit -u -D; source ${path}'
    record 'keep() { print -r -- $BUFFER >> ${out}; BUFFER= }; zle -N keep; bindkey "^X" keep'
    integer line=0 wait
    for text in ${lines.map((line) => `'${line}'`).join(' ')}; do
      (( line++ ))
      zpty -w -n shell "$text"$'\\t'
      zpty -w -n shell $'\\x18'
      for (( wait = 0; wait < 200; wait++ )); do
        (( $(wc -l < ${out}) >= line )) && break
        while zpty -rt shell shown; do :; done
        sleep 0.05
      done
    done
    zpty -d shell`
  shell('zsh', ['-f', '-c', text], directory)
  return readFileSync(out, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

test.each(SHELLS)('the script for %s is a text in a document with --json', (name) => {
  const { status, stdout } = run(['completion', name, '--json'])
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ shell: name, script: script(name) })
})

describe.runIf(has('bash'))('bash', () => {
  test('offers the commands', () => {
    expect(bash([''])).toEqual(expect.arrayContaining(['inspect', 'sign', 'key', 'doctor']))
    expect(bash(['insp'])).toEqual(['inspect'])
    expect(bash(['key', ''])).toEqual(expect.arrayContaining(['generate', 'show', 'convert']))
    expect(bash(['key', 'conv'])).toEqual(['convert'])
  })

  test('offers options of the command and of all commands', () => {
    expect(bash(['sign', 'f', '--prop'])).toEqual(['--proposal'])
    expect(bash(['--json', 'sign', '--quie'])).toEqual(['--quiet'])
    expect(bash(['key', 'generate', '--key-s'])).toEqual(['--key-spec'])
    expect(bash(['hash', '--prop'])).toEqual([])
    expect(bash(['sign', '--hel'])).toEqual(['--help'])
    expect(bash(['--vers'])).toEqual(['--version'])
    expect(bash(['key', '--hel'])).toEqual(['--help'])
  })

  test('offers the values of an option, with a space or an equals sign before them', () => {
    expect(bash(['sign', 'f', '--proposal', ''])).toEqual(['true', 'false'])
    expect(bash(['key', 'generate', '--key-spec', 'p'])).toEqual(['p256', 'p384'])
    expect(bash(['key', 'generate', '--key-spec', '=', 'ed'])).toEqual(['ed25519'])
    expect(bash(['completion', 'z'])).toEqual(['zsh'])
  })

  test('leaves files to readline', () => {
    expect(bash(['sign', 'tr'])).toEqual([])
    expect(bash(['sign', 'f', '--key', 'tr'])).toEqual([])
    expect(script('bash')).toMatch(/^complete -o default /m)
  })
})

describe.runIf(has('fish'))('fish', () => {
  test('offers the commands', () => {
    expect(fish(['insp'])).toEqual(['inspect'])
    expect(fish(['key', ''])).toEqual(expect.arrayContaining(['convert', 'generate', 'show']))
    expect(fish([''])).not.toContain('transaction.bin')
  })

  test('offers options, values and files', () => {
    expect(fish(['sign', '--prop'])).toEqual(['--proposal'])
    expect(fish(['sign', '--hel'])).toEqual(['--help'])
    expect(fish(['--vers'])).toEqual(['--version'])
    expect(fish(['sign', '--proposal', ''])).toEqual(['false', 'true'])
    expect(fish(['sign', '--key', 'tran'])).toEqual(['transaction.bin'])
    expect(fish(['sign', 'tran'])).toEqual(['transaction.bin'])
    expect(fish(['completion', ''])).toEqual(['bash', 'fish', 'zsh'])
  })

  test('tells a command from another of the same word', () => {
    expect(fish(['verify', '--str'])).toEqual(['--strict'])
    expect(fish(['--json', 'verify', 'audit', '--str'])).toEqual(['--strict'])
    expect(fish(['audit', 'verify', '--str'])).toEqual([])
    expect(fish(['audit', 'verify', '--hea'])).toEqual(['--head'])
    expect(fish(['transaction', 'sign', 'sign', '--prop'])).toEqual([])
    expect(fish(['inspect', 'audit', ''])).not.toContain('verify')
  })
})

describe.runIf(has('zsh'))('zsh', () => {
  test('completes commands, options, values and files', () => {
    const completed = {
      'cantosign insp': 'cantosign inspect',
      'cantosign key conv': 'cantosign key convert',
      'cantosign sign x --propo': 'cantosign sign x --proposal',
      'cantosign sign --hel': 'cantosign sign --help',
      'cantosign --vers': 'cantosign --version',
      'cantosign key --hel': 'cantosign key --help',
      'cantosign --json insp': 'cantosign --json inspect',
      'cantosign sign x --proposal t': 'cantosign sign x --proposal true',
      'cantosign key generate --key-spec ed': 'cantosign key generate --key-spec ed25519',
      'cantosign sign tran': 'cantosign sign transaction.bin',
      'cantosign completion fi': 'cantosign completion fish',
      'cantosign hash --propo': 'cantosign hash --propo',
    }
    expect(zsh(Object.keys(completed))).toEqual(Object.values(completed))
  })
})

test.each(['tcsh', 'BASH', ''])('refuses the shell %j', (name) => {
  const { status, stdout } = run(['completion', name])
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
})
