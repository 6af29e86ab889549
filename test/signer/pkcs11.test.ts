/** Keys on real SoftHSM2 tokens, and what a token may do wrong. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import { encodeEcdsaSignature, verifySignature } from '../../src/crypto/signature.ts'
import { openFileSigner } from '../../src/signer/file.ts'
import { CKA, CKF, CKO, type Cryptoki } from '../../src/signer/pkcs11/cryptoki.ts'
import {
  openPkcs11Signer,
  pkcs11Driver,
  readPkcs11PublicKey,
  type Pkcs11Options,
} from '../../src/signer/pkcs11/driver.ts'
import { generatePkcs11Key } from '../../src/signer/pkcs11/generate.ts'
import { listPkcs11Keys } from '../../src/signer/pkcs11/list.ts'
import { leaseModule, type ModuleLease } from '../../src/signer/pkcs11/module.ts'
import { parsePkcs11Uri } from '../../src/signer/pkcs11/uri.ts'
import { signerOf, type Signer } from '../../src/signer/signer.ts'
import { codeOf, keyVector, passphraseOf } from '../support/keys.ts'
import { temporaryFile } from '../support/openssl.ts'
import { opensslVerifies } from '../support/signatures.ts'
import {
  changing,
  counting,
  cryptokiError,
  hasSoftHsm,
  makeSoftHsm,
  softHsmModule,
  TOKEN_PIN,
} from '../support/softhsm.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const message = fromHex(`1220${'c3'.repeat(32)}`)
const ROOT = 'root%20keys'
const curves = [
  ['ed25519', '01', 'edwards25519', 'EC_CURVE25519'],
  ['p256', '02', 'prime256v1', 'EC_P256'],
  ['p384', '03', 'secp384r1', 'EC_P384'],
  ['secp256k1', '04', 'secp256k1', 'EC_SECP256K1'],
] as const

describe.runIf(hasSoftHsm)('a SoftHSM2 token', () => {
  const hsm = hasSoftHsm ? makeSoftHsm() : undefined
  const own = (): NonNullable<typeof hsm> => {
    if (hsm === undefined) throw new Error('there is no SoftHSM2')
    return hsm
  }
  const uriOf = (path: string): ReturnType<typeof parsePkcs11Uri> => parsePkcs11Uri(own().uri(path))
  const pin = passphraseOf(TOKEN_PIN)
  const open = async (object: string, options: Pkcs11Options = { pin }): Promise<Signer> =>
    await openPkcs11Signer(uriOf(`token=${ROOT};object=${object}`), options)

  /** A signer whose module has some calls replaced; the replacements get the real module. */
  async function openChanged(
    object: string,
    change: (module: Cryptoki) => Partial<Cryptoki>,
    options: Pkcs11Options = { pin },
  ): Promise<Signer> {
    const lease = await leaseModule(softHsmModule)
    const changed = changing(lease, change(lease.cryptoki))
    try {
      return signerOf(await pkcs11Driver(changed, uriOf(`token=${ROOT};object=${object}`), options))
    } catch (error) {
      lease.release()
      throw error
    }
  }

  async function withSigner<Result>(
    signer: Promise<Signer>,
    use: (signer: Signer) => Promise<Result>,
  ): Promise<Result> {
    const opened = await signer
    try {
      return await use(opened)
    } finally {
      opened.close()
    }
  }

  /** The code that signing once ends in. */
  const signingCode = async (signer: Promise<Signer>): Promise<string> =>
    await withSigner(signer, async (opened) => await codeOf(opened.sign({ message })))

  beforeAll(async () => {
    own().use()
    own().initToken('root keys')
    own().initToken('other')
    for (const [label, id, curve] of curves) own().generate('root keys', label, id, curve)
    own().generate('root keys', 'twin', '05', 'prime256v1')
    own().generate('root keys', 'twin', '06', 'prime256v1')
    own().generate('root keys', 'p521', '07', 'secp521r1')
    own().generate('root keys', 'lonely', '08', 'prime256v1')
    own().tool('root keys', '--delete-object', '--type', 'pubkey', '--id', '08')
    own().tool(
      'root keys',
      '--keypairgen',
      '--key-type',
      'rsa:2048',
      '--label',
      'rsa',
      '--id',
      '09',
    )
    const pem = temporaryFile(fixtureBytes('keys/ed25519-a.pkcs8.pem'))
    own().importKey('root keys', 'imported', '0a', pem)
    const lease = await leaseModule(softHsmModule)
    const { cryptoki } = lease
    const slot = cryptoki
      .C_GetSlotList(true)
      .find((one) => cryptoki.C_GetTokenInfo(one).label.startsWith('root keys'))
    if (slot === undefined) throw new Error('the token is not there')
    const session = cryptoki.C_OpenSession(slot, CKF.serialSession | CKF.rwSession)
    cryptoki.C_Login(session, 1, TOKEN_PIN)
    const common = [
      { type: CKA.token, value: true },
      { type: CKA.label, value: 'unused' },
      { type: CKA.id, value: Buffer.from('0b', 'hex') },
    ]
    await cryptoki.C_GenerateKeyPairAsync(
      session,
      { mechanism: 0x1040 },
      [...common, { type: CKA.ecParams, value: Buffer.from('06082a8648ce3d030107', 'hex') }],
      [...common, { type: CKA.sign, value: false }],
    )
    lease.release()
  })

  afterAll(() => {
    own().remove()
  })

  test.each(curves)(
    '%s signs what openssl and this tool verify',
    async (label, _id, _c, keySpec) => {
      await withSigner(open(label), async (signer) => {
        const key = await signer.publicKey()
        expect(key.keySpec).toBe(keySpec)
        const signature = await signer.sign({ message })
        expect(opensslVerifies(key, message, signature)).toBe(true)
        expect(verifySignature(key, message, signature)).toBe(true)
        const other = Uint8Array.from(message).fill(0x11, 33)
        expect(opensslVerifies(key, other, signature)).toBe(false)
      })
    },
  )

  test('an imported key signs byte for byte what its file signs', async () => {
    const path = temporaryFile(fixtureBytes('keys/ed25519-a.pkcs8.der'))
    const fromFile = await withSigner(
      openFileSigner(path),
      async (signer) => await signer.sign({ message }),
    )
    await withSigner(open('imported'), async (signer) => {
      expect((await signer.publicKey()).fingerprint).toBe(keyVector('ed25519-a').fingerprint)
      expect(toHex(await signer.sign({ message }))).toBe(toHex(fromFile))
    })
  })

  test('the public key is read without the PIN, and with it', async () => {
    const uri = uriOf(`token=${ROOT};object=imported`)
    const fingerprint = keyVector('ed25519-a').fingerprint
    expect((await readPkcs11PublicKey(uri, {})).fingerprint).toBe(fingerprint)
    expect((await readPkcs11PublicKey(uri, { pin })).fingerprint).toBe(fingerprint)
    expect(await codeOf(readPkcs11PublicKey(uriOf(`token=${ROOT};object=none`), {}))).toBe(
      'token-key-absent',
    )
  })

  describe('PINs', () => {
    test('a wrong one is given once and never again', async () => {
      const lease = counting(await leaseModule(softHsmModule))
      const asked: string[] = []
      const wrong = (token: string): Uint8Array => {
        asked.push(token)
        return passphraseOf('0000111122223333')()
      }
      const uri = uriOf(`token=${ROOT};object=p256`)
      const refused = await pkcs11Driver(lease, uri, { pin: wrong }).catch(
        (error: unknown) => error,
      )
      expect(refused).toMatchObject({ code: 'token-pin' })
      expect(JSON.stringify([refused, String(refused)])).not.toContain('0000111122223333')
      expect(asked).toEqual(['root keys'])
      expect(lease.calls.get('C_Login')).toBe(1)
      lease.release()
      await withSigner(open('p256'), async (signer) => await signer.sign({ message }))
    })

    test.each([
      ['locked', CKF.userPinLocked],
      ['at its final try', CKF.userPinFinalTry],
    ])('a token that is %s is given none', async (_what, flag) => {
      const flagged = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetTokenInfo: (slot) => {
          const info = module.C_GetTokenInfo(slot)
          return { ...info, flags: info.flags | flag }
        },
        C_Login: () => {
          throw new Error('a PIN was given')
        },
      })
      expect(await codeOf(openChanged('p256', flagged))).toBe('token-pin-locked')
    })

    test('without a PIN nothing is signed', async () => {
      expect(await codeOf(open('p256', {}))).toBe('token-pin-needed')
    })

    test('bytes that are no text are not given to the token', async () => {
      expect(await codeOf(open('p256', { pin: () => Uint8Array.of(0xff, 0xfe) }))).toBe('token-pin')
    })

    test('the bytes of a PIN are wiped', async () => {
      const given = passphraseOf(TOKEN_PIN)()
      const signer = await open('p256', { pin: () => given })
      signer.close()
      expect([...given].every((byte) => byte === 0)).toBe(true)
    })

    test('pin-source is a file, and goes before who is asked', async () => {
      const file = temporaryFile(`${TOKEN_PIN}\n`)
      const uri = parsePkcs11Uri(own().uri(`token=${ROOT};object=p256`, `&pin-source=file:${file}`))
      const never = (): never => {
        throw new Error('somebody was asked')
      }
      await withSigner(openPkcs11Signer(uri, { pin: never }), async (signer) => {
        expect((await signer.sign({ message })).length).toBeGreaterThan(64)
      })
      const gone = parsePkcs11Uri(own().uri(`token=${ROOT};object=p256`, '&pin-source=file:/none'))
      expect(await codeOf(openPkcs11Signer(gone, {}))).toBe('passphrase-unreadable')
    })

    test('a token with a keypad asks for itself', async () => {
      const logins: unknown[][] = []
      const keypad = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetTokenInfo: (slot) => {
          const info = module.C_GetTokenInfo(slot)
          return { ...info, flags: info.flags | CKF.protectedAuthenticationPath }
        },
        C_Login: (...args) => {
          logins.push(args.slice(1))
          module.C_Login(args[0], args[1], TOKEN_PIN)
        },
      })
      const never = (): never => {
        throw new Error('somebody was asked')
      }
      await withSigner(openChanged('p256', keypad, { pin: never }), async (signer) => {
        await signer.sign({ message })
      })
      expect(logins).toEqual([[1]])
    })

    test('a key that wants the PIN for each signature gets it', async () => {
      const logins: number[] = []
      const wanting = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetAttributeValue: (session, object, template) =>
          template[0]?.type === CKA.alwaysAuthenticate
            ? [{ value: Buffer.of(1) }]
            : module.C_GetAttributeValue(session, object, template),
        C_Login: (session, userType, text) => {
          logins.push(userType)
          if (userType === 1) module.C_Login(session, userType, text)
        },
      })
      let asked = 0
      const question = (): Uint8Array => {
        asked++
        return pin()
      }
      await withSigner(openChanged('p256', wanting, { pin: question }), async (signer) => {
        await signer.sign({ message })
        await signer.sign({ message })
      })
      expect(logins).toEqual([1, 2, 2])
      expect(asked).toBe(1)
    })
  })

  describe('which token and which key', () => {
    const never = (): never => {
      throw new Error('a PIN was asked for')
    }
    test.each([
      ['no token of that name', 'token=nope;object=p256', 'token-absent'],
      ['no slot of that number', `token=${ROOT};slot-id=3;object=p256`, 'token-absent'],
      ['a part of the label', 'token=root;object=p256', 'token-absent'],
      ['several tokens', 'manufacturer=SoftHSM%20project;object=p256', 'token-ambiguous'],
    ])('%s: refused before the PIN is asked for', async (_what, path, code) => {
      expect(await codeOf(openPkcs11Signer(uriOf(path), { pin: never }))).toBe(code)
    })

    test('candidates are listed', async () => {
      const tokens: unknown = await openPkcs11Signer(uriOf('object=p256'), { pin: never }).catch(
        (error: unknown) => error,
      )
      expect(String(tokens)).toMatch(/root keys \(serial [0-9a-f]{16}\)/)
      expect(String(tokens)).toContain('other (serial')
      const keys: unknown = await open('twin').catch((error: unknown) => error)
      expect(String(keys)).toContain('twin (id 05)')
      expect(String(keys)).toContain('twin (id 06)')
      expect(keys).toMatchObject({ code: 'token-key-ambiguous' })
    })

    test.each([
      ['none', 'token-key-absent'],
      ['twin;id=%07', 'token-key-absent'],
      ['twin', 'token-key-ambiguous'],
      ['p521', 'key-algorithm'],
      ['rsa', 'key-algorithm'],
      ['unused', 'token-key-usage'],
      ['lonely', 'token-public-key'],
    ])('the key %s: %s', async (object, code) => {
      expect(await codeOf(open(object))).toBe(code)
    })

    test('a key is named by its id alone, or by both', async () => {
      for (const path of ['id=%06', 'object=twin;id=%06', 'type=private;object=twin;id=%06']) {
        const signer = openPkcs11Signer(uriOf(`token=${ROOT};${path}`), { pin })
        await withSigner(signer, async (opened) => await opened.sign({ message }))
      }
    })

    test('a public key that the token does not keep is given beside it, and checked', async () => {
      const theirs = await readPkcs11PublicKey(uriOf(`token=${ROOT};object=p256`), {})
      expect(await signingCode(open('lonely', { pin, publicKey: theirs }))).toBe(
        'signature-self-check',
      )
      expect(await signingCode(open('p384', { pin, publicKey: theirs }))).toBe(
        'signer-key-mismatch',
      )
      await withSigner(open('p256', { pin, publicKey: theirs }), async (signer) => {
        await signer.sign({ message })
      })
    })

    test('two public keys under one id are not chosen between', async () => {
      const lying = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetAttributeValue: (session, object, template) =>
          template[0]?.type === CKA.id
            ? [{ value: Buffer.from('01', 'hex') }]
            : template[0]?.type === CKA.label
              ? [{ value: Buffer.from('same') }]
              : module.C_GetAttributeValue(session, object, template),
        C_FindObjects: (session, count) => module.C_FindObjects(session, count).slice(0, 2),
      })
      expect(await codeOf(openChanged('same', lying))).toBe('token-key-ambiguous')
    })
  })

  describe('a token that goes away', () => {
    const LOST = [
      ['CKR_SESSION_HANDLE_INVALID', 0xb3],
      ['CKR_SESSION_CLOSED', 0xb0],
      ['CKR_DEVICE_REMOVED', 0x32],
      ['CKR_TOKEN_NOT_PRESENT', 0xe0],
      ['CKR_USER_NOT_LOGGED_IN', 0x101],
    ] as const

    test.each(LOST)(
      'and comes back after %s: one new session, no second question',
      async (name, code) => {
        let failures = 1
        let sessions = 0
        let asked = 0
        const losing = (module: Cryptoki): Partial<Cryptoki> => ({
          C_OpenSession: (slot, flags) => {
            sessions++
            return module.C_OpenSession(slot, flags)
          },
          C_SignInit: (...args) => {
            if (failures-- > 0) throw cryptokiError(name, code)
            module.C_SignInit(...args)
          },
        })
        const question = (): Uint8Array => {
          asked++
          return pin()
        }
        await withSigner(openChanged('p256', losing, { pin: question }), async (signer) => {
          await signer.sign({ message })
          await signer.sign({ message })
        })
        expect({ sessions, asked }).toEqual({ sessions: 2, asked: 1 })
      },
    )

    test('and again: refused after one new session', async () => {
      let sessions = 0
      const losing = (module: Cryptoki): Partial<Cryptoki> => ({
        C_OpenSession: (slot, flags) => {
          sessions++
          return module.C_OpenSession(slot, flags)
        },
        C_SignAsync: async () => await Promise.reject(cryptokiError('CKR_DEVICE_REMOVED', 0x32)),
      })
      expect(await signingCode(openChanged('p256', losing))).toBe('token-removed')
      expect(sessions).toBe(2)
    })

    test('and stays away: refused', async () => {
      let gone = false
      const losing = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetSlotList: (present) => (gone ? [] : module.C_GetSlotList(present)),
        C_SignInit: () => {
          gone = true
          throw cryptokiError('CKR_DEVICE_REMOVED', 0x32)
        },
      })
      expect(await signingCode(openChanged('p256', losing))).toBe('token-removed')
    })

    test('and another of the same name is put in: refused without giving it the PIN', async () => {
      let changed = false
      let logins = 0
      const losing = (module: Cryptoki): Partial<Cryptoki> => ({
        C_GetTokenInfo: (slot) => {
          const info = module.C_GetTokenInfo(slot)
          return changed ? { ...info, serialNumber: 'ffffffff' } : info
        },
        C_Login: (...args) => {
          logins++
          module.C_Login(...args)
        },
        C_SignInit: () => {
          changed = true
          throw cryptokiError('CKR_TOKEN_NOT_PRESENT', 0xe0)
        },
      })
      expect(await signingCode(openChanged('p256', losing))).toBe('token-removed')
      expect(logins).toBe(1)
    })

    test('and comes back with another key: refused', async () => {
      let lost = false
      const swapping = (module: Cryptoki): Partial<Cryptoki> => ({
        C_SignInit: (...args) => {
          if (lost) {
            module.C_SignInit(...args)
            return
          }
          lost = true
          throw cryptokiError('CKR_SESSION_HANDLE_INVALID', 0xb3)
        },
        C_GetAttributeValue: (session, object, template) => {
          const value = module.C_GetAttributeValue(session, object, template)
          if (!lost || template[0]?.type !== CKA.ecPoint) return value
          const other = Buffer.from(keyVector('p256-b').spki_hex.slice(-130), 'hex')
          return [{ value: other }]
        },
      })
      expect(await signingCode(openChanged('p256', swapping))).toBe('signer-key-mismatch')
    })

    test('really: its files are gone between two signatures', async () => {
      const tokens = join(own().directory, 'tokens')
      await withSigner(open('ed25519'), async (signer) => {
        await signer.sign({ message })
        renameSync(tokens, `${tokens}.away`)
        try {
          expect(await codeOf(signer.sign({ message }))).toBe('token-removed')
        } finally {
          renameSync(`${tokens}.away`, tokens)
        }
        await signer.sign({ message })
      })
    })
  })

  describe('a token that signs something else', () => {
    const answering =
      (answer: (signature: Buffer) => Buffer) =>
      (module: Cryptoki): Partial<Cryptoki> => ({
        C_SignAsync: async (...args) => answer(await module.C_SignAsync(...args)),
      })

    test.each([
      ['a truncated signature', 'ed25519', (s: Buffer) => s.subarray(0, 63), 'signer-output'],
      ['a longer signature', 'ed25519', (s: Buffer) => Buffer.concat([s, s]), 'signer-output'],
      ['nothing', 'ed25519', () => Buffer.alloc(0), 'signer-output'],
      ['a truncated signature', 'p256', (s: Buffer) => s.subarray(0, 63), 'signer-output'],
      ['zeros', 'p384', (s: Buffer) => Buffer.alloc(s.length), 'signer-output'],
      [
        'r and s in the wrong order',
        'p256',
        (s: Buffer) => Buffer.concat([s.subarray(32), s.subarray(0, 32)]),
        'signature-self-check',
      ],
      [
        'a flipped bit',
        'ed25519',
        (s: Buffer) => Buffer.from(s).fill((s[9] ?? 0) ^ 1, 9, 10),
        'signature-self-check',
      ],
    ] as const)('%s by %s', async (_what, label, answer, code) => {
      expect(await signingCode(openChanged(label, answering(answer)))).toBe(code)
    })

    test('DER where r and s side by side are due', async () => {
      const answer = (s: Buffer): Buffer => Buffer.from(encodeEcdsaSignature(s))
      expect(await signingCode(openChanged('p256', answering(answer)))).toBe('signer-output')
    })

    test('with another key', async () => {
      const swapping = (module: Cryptoki): Partial<Cryptoki> => ({
        C_SignInit: (session, mechanism) => {
          module.C_FindObjectsInit(session, [
            { type: CKA.class, value: CKO.privateKey },
            { type: CKA.id, value: Buffer.of(6) },
          ])
          const [other] = module.C_FindObjects(session, 1)
          module.C_FindObjectsFinal(session)
          if (other === undefined) throw new Error('there is no other key')
          module.C_SignInit(session, mechanism, other)
        },
      })
      expect(await signingCode(openChanged('p256', swapping))).toBe('signature-self-check')
    })

    test.each([
      ['CKR_KEY_FUNCTION_NOT_PERMITTED', 0x68, 'token-key-usage'],
      ['CKR_MECHANISM_INVALID', 0x70, 'token-mechanism'],
      ['CKR_DEVICE_ERROR', 0x30, 'token-failed'],
      ['CKR_PIN_LOCKED', 0xa4, 'token-pin-locked'],
      ['CKR_PIN_EXPIRED', 0xa3, 'token-pin'],
    ])('%s', async (name, code, expected) => {
      const failing = (): Partial<Cryptoki> => ({
        C_SignInit: () => {
          throw cryptokiError(name, code)
        },
      })
      expect(await signingCode(openChanged('ed25519', failing))).toBe(expected)
    })
  })

  test('a thousand signatures take one session and one login', { timeout: 120_000 }, async () => {
    const lease = counting(await leaseModule(softHsmModule))
    const uri = uriOf(`token=${ROOT};object=ed25519`)
    const signer = signerOf(await pkcs11Driver(lease, uri, { pin }))
    const own = Uint8Array.from(message)
    const seen = new Set<string>()
    for (let i = 0; i < 1000; i++) {
      new DataView(own.buffer).setUint32(2, i)
      seen.add(toHex(await signer.sign({ message: own })))
    }
    signer.close()
    expect(seen.size).toBe(1000)
    expect(Object.fromEntries(lease.calls)).toMatchObject({
      C_OpenSession: 1,
      C_Login: 1,
      C_SignInit: 1000,
      C_Logout: 1,
      C_CloseSession: 1,
    })
  })

  test('signers share a module, and the last one logs out', async () => {
    const [first, second] = [await open('ed25519'), await open('p256')]
    first.close()
    await second.sign({ message })
    second.close()
    second.close()
    expect(await codeOf(open('p256', {}))).toBe('token-pin-needed')
  })

  describe('listing and making keys', () => {
    test('without the PIN public keys are listed, with it private ones too', async () => {
      const all = uriOf('')
      const seen = await listPkcs11Keys(all, undefined)
      expect(seen.every(({ isPrivate }) => !isPrivate)).toBe(true)
      expect(seen.map(({ label }) => label)).not.toContain('lonely')
      expect(await codeOf(listPkcs11Keys(all, pin))).toBe('token-ambiguous')
      const mine = await listPkcs11Keys(uriOf(`token=${ROOT}`), pin)
      const labels = mine.filter(({ isPrivate }) => isPrivate).map(({ label }) => label)
      expect(labels).toEqual(expect.arrayContaining(['lonely', 'unused', 'twin', 'ed25519']))
      expect(mine.find(({ label }) => label === 'unused')?.maySign).toBe(false)
      expect(mine.find(({ label }) => label === 'p521')?.problem).toContain('another curve')
    })

    test('every listed URI names one key', async () => {
      for (const { uri, key, maySign } of await listPkcs11Keys(uriOf(`token=${ROOT}`), pin)) {
        if (key === undefined || maySign !== true) continue
        await withSigner(openPkcs11Signer(parsePkcs11Uri(uri), { pin }), async (signer) => {
          expect((await signer.publicKey()).fingerprint).toBe(key.fingerprint)
        })
      }
    })

    test.each(curves)('a new key: %s', async (name, _id, _curve, keySpec) => {
      const made = await generatePkcs11Key(uriOf(`token=other;object=new-${name}`), keySpec, {
        pin,
      })
      const check = async (uri: string): Promise<PublicKey> =>
        await withSigner(openPkcs11Signer(parsePkcs11Uri(uri), { pin }), async (signer) => {
          const signature = await signer.sign({ message })
          const key = await signer.publicKey()
          expect(opensslVerifies(key, message, signature)).toBe(true)
          return key
        })
      expect((await check(made.uri)).fingerprint).toBe(made.key.fingerprint)
      expect(made.key.keySpec).toBe(keySpec)
    })

    test('the private half cannot be read, and says so', async () => {
      const { uri } = await generatePkcs11Key(uriOf('token=other;object=kept'), 'EC_P256', { pin })
      expect(parsePkcs11Uri(uri).id).toHaveLength(8)
      const shown = own().tool('other', '--list-objects', '--type', 'privkey').toString()
      const kept = shown.slice(shown.indexOf('kept'))
      expect(kept).toContain('sensitive')
      expect(kept).toContain('never extractable')
    })

    test.each([
      ['a label that is taken', `token=${ROOT};object=p256`, 'token-key-exists'],
      ['an id that is taken', `token=${ROOT};object=fresh;id=%02`, 'token-key-exists'],
      ['no label', `token=${ROOT}`, 'key-uri-invalid'],
      ['several tokens', 'object=fresh', 'token-ambiguous'],
    ])('%s is refused', async (_what, path, code) => {
      expect(await codeOf(generatePkcs11Key(uriOf(path), 'EC_P256', { pin }))).toBe(code)
    })
  })
})

describe.runIf(hasSoftHsm)('modules', () => {
  const hsm = hasSoftHsm ? makeSoftHsm() : undefined
  beforeAll(() => {
    hsm?.use()
  })
  afterAll(() => {
    hsm?.remove()
  })
  const modules: readonly (readonly [string, () => string])[] = [
    ['a file that is not there', () => '/nonexistent/module.so'],
    ['a directory', () => '/usr/lib'],
    ['a text', () => temporaryFile('not a library')],
  ]
  test.each(modules)('%s is none', async (_what, path) => {
    expect(await codeOf(leaseModule(path()))).toBe('token-module')
  })

  test('a lease is given back once', async () => {
    const leases: ModuleLease[] = [
      await leaseModule(softHsmModule),
      await leaseModule(softHsmModule),
    ]
    leases[0]?.release()
    leases[0]?.release()
    expect(leases[1]?.isLast()).toBe(true)
    expect(leases[1]?.cryptoki.C_GetSlotList(true)).toBeInstanceOf(Array)
    leases[1]?.release()
  })
})
