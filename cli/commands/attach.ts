/** `attach`: a signature made elsewhere, verified before it goes into the package. */
import { ExitStatus } from '../../src/base/error-codes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { algorithmOf, encodingOf } from '../../src/crypto/key-spec.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { readWholeFile } from '../../src/host/files.ts'
import { parseFingerprint, type Fingerprint } from '../../src/ident/fingerprint.ts'
import { addSignature, type SignatureTarget } from '../../src/package/add.ts'
import { MAX_SIGNATURE_BYTES } from '../../src/package/entries.ts'
import type { SigningPackage } from '../../src/package/model.ts'
import { keyResolver } from '../../src/package/verdicts.ts'
import { writePackage } from '../../src/package/write.ts'
import { readPublicKey } from '../../src/signer/key-reading.ts'
import type { KeyResolver } from '../../src/topology/signed-transaction.ts'
import type { Arguments, CommandRun } from '../command.ts'
import { MAX_KEY_BYTES } from './build-kinds.ts'
import { requireOutput, writeOutput } from './output.ts'
import { readPackageInput } from './package-input.ts'
import { readStateInput } from './state-input.ts'

export const run: CommandRun = async (args, io) => {
  const path = args.positional('package')
  const signaturePath = required(args, 'signature', 'FILE')
  const signedBy = parseFingerprint(required(args, 'signed-by', 'FINGERPRINT'), '--signed-by')
  const output = requireOutput(args, io)
  const resolve = await resolverOf(args)
  const { package: content } = await readPackageInput(path, resolve)
  const target = targetOf(content, args, path)
  const signature = readWholeFile(signaturePath, MAX_SIGNATURE_BYTES)
  const { package: made, replaced } = addSignature(
    content,
    { target, signedBy, signature },
    { resolve },
  )
  writeOutput(output, writePackage(made), args, io, [path, signaturePath])

  const key = keyResolver(made, resolve)(signedBy)
  const hashes = target.$case === 'combined' ? (target.hashes ?? allHashes(content)) : [target.hash]
  if (args.json) {
    const document = {
      output,
      signedBy,
      algorithm: key === undefined ? null : algorithmOf(key.keySpec),
      format: key === undefined ? null : encodingOf(key.keySpec),
      combined: target.$case === 'combined',
      transactions: hashes,
      replaced: replaced.length,
    }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet) {
    if (replaced.length > 0) {
      io.stderr.write('an earlier signature by this key did not verify and gave way\n')
    }
    const what = target.$case === 'combined' ? `${hashes.length} transactions together` : hashes[0]
    io.stderr.write(`attached the signature by ${signedBy}\n  over ${what ?? ''}\n`)
  }
  return ExitStatus.done
}

const allHashes = (content: SigningPackage): readonly string[] =>
  content.transactions.map(({ hash }) => hash)

/** @throws CantosignError `usage` */
function required(args: Arguments, name: string, value: string): string {
  const given = args.string(name)
  if (given !== undefined) return given
  throw new CantosignError('usage', `--${name} is missing`, `give it: --${name} ${value}`)
}

/**
 * What the signature is over.
 * @throws CantosignError `usage` where several transactions are possible and none is named
 */
function targetOf(content: SigningPackage, args: Arguments, path: string): SignatureTarget {
  const named = args.strings('transaction')
  if (args.flag('combined')) {
    return named.length === 0 ? { $case: 'combined' } : { $case: 'combined', hashes: named }
  }
  const [hash = content.transactions[0]?.hash ?? '', ...more] = named
  if (more.length === 0 && (named.length === 1 || content.transactions.length === 1)) {
    return { $case: 'transaction', hash }
  }
  throw new CantosignError(
    'usage',
    `${path} holds ${content.transactions.length} transactions, and it is not said which one was signed`,
    'name one: --transaction HASH; or, for a signature over several together, --combined',
  )
}

async function resolverOf(args: Arguments): Promise<KeyResolver> {
  const keys = new Map<Fingerprint, PublicKey>()
  for (const path of args.strings('public-key')) {
    const key = await readPublicKey(readWholeFile(path, MAX_KEY_BYTES))
    keys.set(key.fingerprint, key)
  }
  const beside = await readStateInput(args.strings('state'))
  return (fingerprint) => keys.get(fingerprint) ?? beside.resolve(fingerprint)
}
