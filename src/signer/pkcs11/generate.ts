/** Making a key on a PKCS#11 token, which it never leaves. */
import { parseHex, utf8Bytes } from '../../base/bytes.ts'
import { CantosignError } from '../../base/errors.ts'
import { keySpecRow, type SigningKeySpec } from '../../crypto/key-spec.ts'
import type { PublicKey } from '../../crypto/public-key.ts'
import { encodeDer, DerTag } from '../../crypto/der.ts'
import {
  CKA,
  CKM,
  CKO,
  CKR,
  resultOf,
  type Attribute,
  type Cryptoki,
  type Handle,
} from './cryptoki.ts'
import { openPkcs11Signer, pinQuestion, type Pkcs11Options } from './driver.ts'
import { tokenFault, withFaults } from './fault.ts'
import { attempt, leaseModule } from './module.ts'
import { findObjects, type ObjectSource } from './objects.ts'
import { findToken, openLoggedIn, tokenName } from './token.ts'
import { formatPkcs11Uri, type Pkcs11Uri } from './uri.ts'

export interface GeneratedTokenKey {
  readonly key: PublicKey
  /** Names the new key, for `--key`. */
  readonly uri: string
}

const RANDOM_ID_BYTES = 8
const PRINTABLE_STRING = 0x13

/** Signed with the new key to see that it signs; the hash of nothing that Canton knows. */
const TRIAL = utf8Bytes('cantosign: this only shows that a new key signs')

/** What a token may answer that knows the curve by another encoding of its name. */
const OTHER_ENCODING = new Set<number | undefined>([
  CKR.attributeValueInvalid,
  CKR.curveNotSupported,
  CKR.domainParamsInvalid,
  CKR.templateInconsistent,
])

/** CKA_EC_PARAMS, the usual one first. */
function curveEncodings(keySpec: SigningKeySpec): readonly Uint8Array[] {
  const oid = encodeDer(DerTag.objectIdentifier, parseHex(keySpecRow(keySpec).oid))
  if (keySpec !== 'EC_CURVE25519') return [oid]
  return [encodeDer(PRINTABLE_STRING, utf8Bytes('edwards25519')), oid]
}

function templates(
  label: string,
  id: Uint8Array,
  curve: Uint8Array,
): readonly [publicTemplate: Attribute[], privateTemplate: Attribute[]] {
  const common: readonly Attribute[] = [
    { type: CKA.token, value: true },
    { type: CKA.label, value: label },
    { type: CKA.id, value: Buffer.from(id) },
  ]
  return [
    [
      ...common,
      { type: CKA.private, value: false },
      { type: CKA.verify, value: true },
      { type: CKA.ecParams, value: Buffer.from(curve) },
    ],
    [
      ...common,
      { type: CKA.private, value: true },
      { type: CKA.sensitive, value: true },
      { type: CKA.extractable, value: false },
      { type: CKA.sign, value: true },
    ],
  ]
}

async function generatePair(
  cryptoki: Cryptoki,
  session: Handle,
  name: string,
  keySpec: SigningKeySpec,
  label: string,
  id: Uint8Array,
): Promise<void> {
  const mechanism = keySpec === 'EC_CURVE25519' ? CKM.ecEdwardsKeyPairGen : CKM.ecKeyPairGen
  let refusal: unknown
  for (const curve of curveEncodings(keySpec)) {
    const [publicTemplate, privateTemplate] = templates(label, id, curve)
    try {
      await cryptoki.C_GenerateKeyPairAsync(session, { mechanism }, publicTemplate, privateTemplate)
      return
    } catch (error) {
      refusal ??= error
      if (!OTHER_ENCODING.has(resultOf(error))) break
    }
  }
  throw tokenFault(refusal, name, `while making a key of ${keySpecRow(keySpec).name}`)
}

/** @throws CantosignError `token-key-exists` */
function refuseTaken(source: ObjectSource, filter: { object: string } | { id: Uint8Array }): void {
  const found = [CKO.privateKey, CKO.publicKey].flatMap((one) => findObjects(source, one, filter))
  if (found.length === 0) return
  const what = 'object' in filter ? 'label' : 'id'
  throw new CantosignError(
    'token-key-exists',
    `${source.name} has a key with this ${what} already`,
    `name the new one by another ${what}: two keys that share it could be mistaken`,
  )
}

/**
 * Makes a key pair under the label and id of the URI (without an id: a random one) that stays on the
 * token, and signs once with it to see that it does.
 * @throws CantosignError `key-uri-invalid`, `token-key-exists`, and as `openPkcs11Signer`
 */
export async function generatePkcs11Key(
  uri: Pkcs11Uri,
  keySpec: SigningKeySpec,
  options: Pkcs11Options,
): Promise<GeneratedTokenKey> {
  const { object: label } = uri
  if (label === undefined) {
    throw new CantosignError(
      'key-uri-invalid',
      'the pkcs11: key URI gives the new key no label',
      'add object=LABEL, by which the key will be found again',
    )
  }
  const lease = await leaseModule(uri.modulePath)
  try {
    const { cryptoki } = lease
    const token = findToken(cryptoki, uri)
    const name = tokenName(token)
    const pin = pinQuestion(uri, options.pin)
    let known: Uint8Array | undefined
    const ask =
      pin === undefined
        ? undefined
        : async (): Promise<Uint8Array> => (known ??= await pin(token.label)).slice()
    try {
      const { handle } = await openLoggedIn(cryptoki, token, { pin: ask, writable: true })
      let id: Uint8Array
      try {
        const source: ObjectSource = { cryptoki, session: handle, name }
        refuseTaken(source, { object: label })
        id =
          uri.id ??
          withFaults(name, 'while making an id', () =>
            cryptoki.C_GenerateRandom(handle, Buffer.alloc(RANDOM_ID_BYTES)),
          )
        refuseTaken(source, { id })
        await generatePair(cryptoki, handle, name, keySpec, label, id)
      } finally {
        attempt(() => {
          cryptoki.C_CloseSession(handle)
        })
      }
      const { label: tokenLabel, serial } = token
      const named = { token: tokenLabel, serial, object: label, id, modulePath: uri.modulePath }
      const signer = await openPkcs11Signer(named, ask === undefined ? {} : { pin: ask })
      try {
        await signer.sign({ message: TRIAL })
        return { key: await signer.publicKey(), uri: formatPkcs11Uri(named) }
      } finally {
        signer.close()
      }
    } finally {
      known?.fill(0)
    }
  } finally {
    lease.release()
  }
}
