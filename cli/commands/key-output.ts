/** Private keys as they are written: PKCS#8, encrypted unless that was declined. */
import { toBase64 } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { encryptPbes2, type DerivationKind } from '../../src/crypto/pbes2.ts'
import { encodePem } from '../../src/crypto/pem.ts'
import { encodePrivateKeyInfo, type PrivateKey } from '../../src/crypto/private-key.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { Arguments } from '../command.ts'
import type { Io } from '../io.ts'

/** Its owner alone reads and writes it. */
export const PRIVATE_MODE = 0o600

/** How the private key is encrypted; `undefined` for `--no-encrypt`. @throws CantosignError `usage` */
export function chosenDerivation(args: Arguments): DerivationKind | undefined {
  const kdf = args.string('kdf')
  const pointless = [
    ...(kdf === undefined ? [] : ['kdf']),
    ...['new-passphrase-file', 'new-passphrase-fd'].filter(
      (name) => args.string(name) !== undefined,
    ),
  ]
  if (!args.flag('no-encrypt')) return kdf === 'scrypt' ? 'scrypt' : 'pbkdf2'
  if (pointless[0] === undefined) return undefined
  throw new CantosignError(
    'usage',
    `--no-encrypt and --${pointless[0]} contradict each other`,
    'leave out one of them: is the new file to be encrypted or not',
  )
}

/**
 * The bytes of a private key file, which the caller wipes.
 * @param passphrase asked for only if the key is encrypted; wiped here
 */
export async function encodePrivateKeyFile(
  key: PrivateKey,
  pem: boolean,
  derivation: DerivationKind | undefined,
  passphrase: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const plain = encodePrivateKeyInfo(key)
  let content = plain
  try {
    if (derivation !== undefined) {
      const secret = await passphrase()
      try {
        content = await encryptPbes2(plain, secret, derivation)
      } finally {
        secret.fill(0)
      }
    }
    const label = derivation === undefined ? 'PRIVATE KEY' : 'ENCRYPTED PRIVATE KEY'
    return pem ? encodePem({ label, content }) : content.slice()
  } finally {
    plain.fill(0)
  }
}

/** Says which key was written, for people on stderr and for scripts on stdout. */
export function presentWritten(
  key: PublicKey,
  output: string,
  facts: Readonly<Record<string, unknown>>,
  args: Arguments,
  io: Io,
): void {
  const { fingerprint, keySpec } = key
  if (args.json) {
    const document = { fingerprint, keySpec, ...facts, publicKey: toBase64(key.spki), output }
    io.stdout.write(`${JSON.stringify(document)}\n`)
  } else if (!args.quiet) {
    io.stderr.write(`fingerprint ${fingerprint}\nkey spec    ${keySpec}\n`)
  }
}
