/** `key show`: what a key file is, what it holds, what is odd about it. Nothing secret is shown. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { escapeText } from '../../src/base/text.ts'
import { readKeyFile } from '../../src/host/key-file.ts'
import { readAnyKey } from '../../src/signer/key-reading.ts'
import { namingFile } from '../../src/signer/open-private-key.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { keyJson, keyLines } from '../present/key.ts'
import { hasNamedPassphrase, keyPath, passphraseQuestion } from './key-opening.ts'

/** @throws CantosignError `usage`, `key-uri` */
function shownPath(args: Arguments, program: string): string {
  const file = args.optionalPositional('file')
  const key = args.string('key')
  if (file !== undefined && key !== undefined) {
    throw new CantosignError(
      'usage',
      'a file and --key are both given',
      'give one of them: key show FILE, or key show --key URI',
    )
  }
  return file ?? keyPath(key, program)
}

export const run: CommandRun = async (args, io) => {
  const path = shownPath(args, io.program.name)
  // An encrypted key is opened only if a passphrase is offered: to look at a file asks nothing.
  const passphrase = hasNamedPassphrase(args) ? passphraseQuestion(path, args, io) : undefined
  const { bytes, concern } = readKeyFile(path)
  try {
    const reading = await namingFile(
      path,
      async () => await readAnyKey(bytes, passphrase === undefined ? {} : { passphrase }),
    )
    const concerns = reading.kind === 'private-key' && concern !== undefined ? [concern] : []
    if (args.json) {
      const warnings = [...concerns, ...reading.remarks]
      io.stdout.write(`${JSON.stringify({ ...keyJson(reading), warnings })}\n`)
    } else {
      const lines = [`${escapeText(path)}: ${reading.kind}`, ...keyLines(reading, concerns)]
      io.stdout.write(`${lines.join('\n')}\n`)
    }
    return ExitStatus.done
  } finally {
    bytes.fill(0)
  }
}
