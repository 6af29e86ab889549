/** Signature of the wire, held against the key that made it (docs/protocol/signatures.md). */
import type { FindingCode } from '../base/finding-codes.ts'
import { algorithmOf, encodingOf, type SigningAlgorithm } from '../crypto/key-spec.ts'
import type { PublicKey } from '../crypto/public-key.ts'
import { checkSignatureEncoding } from '../crypto/signature.ts'
import { isFingerprint } from '../ident/fingerprint.ts'
import type { Signature } from '../wire/generated/schema.ts'
import { enumName } from '../wire/schema.ts'

export type SignatureStatus = 'valid' | 'invalid' | 'unverifiable'

/** Something wrong with one signature; the path is below the Signature message. */
export interface SignatureProblem {
  readonly code: FindingCode
  readonly path: string
  readonly message: string
}

/** A signature after everything that needs no curve arithmetic. */
export interface JudgedSignature {
  readonly problems: readonly SignatureProblem[]
  /** What is left to compute; `undefined` if the status is settled. */
  readonly check: { readonly key: PublicKey; readonly signature: Uint8Array } | undefined
  /** The status if `check` is undefined. */
  readonly settled: SignatureStatus
}

const FORMAT_RAW = 1
const ALGORITHM_ML_DSA_65 = 4
const ED25519_LENGTH = 64

function isSupportedAlgorithm(name: string | undefined): name is SigningAlgorithm {
  return name === 'ED25519' || name === 'EC_DSA_SHA_256' || name === 'EC_DSA_SHA_384'
}

const ENCODING_OF_ALGORITHM: Readonly<Record<SigningAlgorithm, 'CONCAT' | 'DER'>> = {
  ED25519: 'CONCAT',
  EC_DSA_SHA_256: 'DER',
  EC_DSA_SHA_384: 'DER',
}

/** Stands for every spec with signatures in that encoding: they look alike. */
const KEY_SPEC_OF_ENCODING = { CONCAT: 'EC_CURVE25519', DER: 'EC_P256' } as const

/** The encoding that the format on the wire stands for; RAW is derived as Canton derives it. */
function encodingOnWire(
  format: number,
  algorithm: SigningAlgorithm | undefined,
  length: number,
): string {
  if (format !== FORMAT_RAW) return enumName('SignatureFormat', format) ?? `unknown ${format}`
  if (algorithm !== undefined) return ENCODING_OF_ALGORITHM[algorithm]
  return length === ED25519_LENGTH ? 'CONCAT' : 'DER'
}

/**
 * Judges a signature as far as its own fields and the key go.
 * @param key the key with the fingerprint `signed_by`, if it is known
 */
export function judgeSignature(wire: Signature, key: PublicKey | undefined): JudgedSignature {
  const problems: SignatureProblem[] = []
  const report = (code: FindingCode, path: string, message: string): void => {
    problems.push({ code, path, message })
  }
  const bad = (): JudgedSignature => ({ problems, check: undefined, settled: 'invalid' })

  if (!isFingerprint(wire.signedBy)) {
    report('bad-identifier', 'signed_by', 'signed_by is not a fingerprint')
  }
  if (wire.signatureDelegation !== undefined) {
    report(
      'signature-delegation',
      'signature_delegation',
      'a session key cannot sign a topology transaction',
    )
    return bad()
  }
  if (wire.signature.length === 0) {
    report('empty-signature', 'signature', 'the signature is empty')
    return bad()
  }
  if (wire.signingAlgorithmSpec === ALGORITHM_ML_DSA_65) {
    report('ml-dsa-65-unsupported', 'signing_algorithm_spec', 'an ML-DSA-65 signature')
    return { problems, check: undefined, settled: 'unverifiable' }
  }
  const named = enumName('SigningAlgorithmSpec', wire.signingAlgorithmSpec)
  const algorithm = isSupportedAlgorithm(named) ? named : undefined
  if (wire.signingAlgorithmSpec !== 0 && algorithm === undefined) return bad() // named by the walker
  if (wire.format === FORMAT_RAW || wire.signingAlgorithmSpec === 0) {
    report('legacy-signature', '', 'the old RAW format or no algorithm: derived from the key')
  }

  const encoding = encodingOnWire(wire.format, algorithm, wire.signature.length)
  const expected =
    key === undefined
      ? algorithm === undefined
        ? encoding
        : ENCODING_OF_ALGORITHM[algorithm]
      : encodingOf(key.keySpec)
  if (encoding !== expected || (encoding !== 'CONCAT' && encoding !== 'DER')) {
    report(
      'format-algorithm-mismatch',
      'format',
      `the format ${encoding} does not fit ${key === undefined ? 'the algorithm' : `a ${key.keySpec} key`}`,
    )
    return bad()
  }
  // A wrong length or shape shows without the key too.
  const defect = checkSignatureEncoding(
    key?.keySpec ?? KEY_SPEC_OF_ENCODING[encoding],
    wire.signature,
  )
  const mismatch =
    key !== undefined && algorithm !== undefined && algorithm !== algorithmOf(key.keySpec)
  if (mismatch) {
    report(
      'format-algorithm-mismatch',
      'signing_algorithm_spec',
      `${algorithm} is not the algorithm of a ${key.keySpec} key`,
    )
    return bad()
  }
  if (key === undefined) {
    report('unknown-signer', 'signed_by', 'the key that signed is not in the file')
  }
  if (defect !== undefined) {
    report(
      defect,
      'signature',
      defect === 'bad-signature-length'
        ? `an Ed25519 signature has 64 bytes, this one has ${wire.signature.length}`
        : 'the ECDSA signature is not strict DER without anything behind it',
    )
    return bad()
  }
  if (key === undefined) return { problems, check: undefined, settled: 'unverifiable' }
  return { problems, check: { key, signature: wire.signature }, settled: 'unverifiable' }
}
