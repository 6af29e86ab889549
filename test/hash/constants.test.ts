/** Hash constants of docs/protocol/hashing.md, each computed outside this project. */
import { createHash } from 'node:crypto'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../src/base/bytes.ts'
import { CantosignError } from '../../src/base/errors.ts'
import { hash, HashPurpose, isMultihash, stringContent } from '../../src/crypto/hash.ts'
import { parseSubjectPublicKeyInfo, publicKeyFromRaw } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { parseNamespace } from '../../src/ident/fingerprint.ts'
import { combinedHash, decentralizedNamespace } from '../../src/topology/namespace.ts'
import { readSignedTransaction, verifySignatures } from '../../src/topology/signed-transaction.ts'
import { readTransaction } from '../../src/topology/transaction.ts'
import { mappingUniqueKey } from '../../src/topology/unique-key.ts'
import { fixture, fromHex } from '../support/vectors.ts'

const SPKI_PREFIX = '302a300506032b6570032100'

describe('fingerprints of published keys', () => {
  test.each([
    [
      'd91c148881d551576e971cc3f0d2ad3e621a681a8c7abd40f74ac38e892524f6',
      '1220205057e331cc8929dd217e2f8e63f503b7081773de60d01fb46839700bc5caaa',
    ],
    [
      'd38187308b54f0acbc69aadfbc7f02e15c5c9f10ce4786d2ba0e53eb4ec9447a',
      '1220a63d079ae76ffba43d4a4be873afeb6ee14eaa2bb01b26a072a07d0cecadd809',
    ],
    [
      '640f5a9c2236ce98a9eda4e13adf16caabdcd6461e7b98fd2a6b64b807ce1c3d',
      '12202e94494b20f8605fba9f1365d5f17bc3bdf4337ab1908022bb47f6c750e10b25',
    ],
    [
      '935c8a441fc77b16af3583c23729fbf85d56d6da1b133cc7b195d7364275c888',
      '122021d13cc77c4fa04401bc48bd23e7aaae26871b9b67d299c879f473faa14af9f9',
    ],
    [
      'a31444de9e7f79cd9d03938f7df625c7ae23562501697b8aa119b2a35e87c581',
      '1220dd56fa88c43a30d16cb629a99ede37cba241af8e322da0a420c02eff8329adb6',
    ],
    [
      'e129c61e07a4ef8e52adfb523cd99bacd821ca29dae0508a06539941684b392c',
      '1220bada55b12697a660ade92a1c920b2cd9d9bed0e854c17fb3697119c46b29c5e8',
    ],
  ])('an Ed25519 key has one, raw or as SubjectPublicKeyInfo: %s', (raw, fingerprint) => {
    expect(publicKeyFromRaw('EC_CURVE25519', fromHex(raw)).fingerprint).toBe(fingerprint)
    const parsed = parseSubjectPublicKeyInfo(fromHex(SPKI_PREFIX + raw))
    expect(parsed.key.fingerprint).toBe(fingerprint)
    expect(parsed.fingerprintOfGivenBytes).toBe(fingerprint)
  })

  test('an Ed25519 key never has the one over its whole encoding, as scripts of 3.3 computed it', () => {
    const raw = 'd38187308b54f0acbc69aadfbc7f02e15c5c9f10ce4786d2ba0e53eb4ec9447a'
    const wrong = '1220f7bf35ffe58e3d2c0d1b4bbc6db0f6c97f0a60a399a0bfc6b574413d6d05789a'
    expect(toHex(hash(HashPurpose.publicKeyFingerprint, fromHex(SPKI_PREFIX + raw)))).toBe(wrong)
    expect(publicKeyFromRaw('EC_CURVE25519', fromHex(raw)).fingerprint).not.toBe(wrong)
  })

  test('any bytes hash under purpose 12 as another client does it', () => {
    expect(toHex(hash(HashPurpose.publicKeyFingerprint, Uint8Array.of(1, 2, 3)))).toBe(
      '122073c069682f595c7c21974e4e6381cb413b08a7e7851296abd38f688d3cb8f1c8',
    )
  })
})

// Ed25519 keys of the seeds 32 × 01 and 32 × 02.
const A = '1220680fc736bff3dc912d30af7dd7b515bc753799b6b1d218b23b35912f6b83389a'
const B = '12206c63093c7592399520a55baa8bb65b4521684c1a3eedec63bf58c965177636f6'
const A_RAW = fromHex('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')
const B_RAW = fromHex('8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394')
const ROOT_A =
  '0a8801080110011a81010a7f0a443132323036383066633733366266663364633931326433306166376464376235313562633735333739396236623164323138623233623335393132663662383333383961123510041a2c302a300506032b65700321008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c2a010130012200101e'
const CERTIFICATE_A =
  '0a9f020a8d010a8801080110011a81010a7f0a443132323036383066633733366266663364633931326433306166376464376235313562633735333739396236623164323138623233623335393132663662383333383961123510041a2c302a300506032b65700321008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c2a010130012200101e128c01080312408b514fbe5056ff326e0102fa3e84bbe6e77a735050bae878fce1bec5517403bfae0a18f4ade415cbaae9eaed7854358d160d8f64d29dbffe1af004e513e273061a4431323230363830666337333662666633646339313264333061663764643762353135626337353337393962366231643231386232336233353931326636623833333839612001101e'
const DEFINITION =
  '0ade01080110011ad7011ad4010a44313232306337336161326462376332616434613132383637663535636466626636376663313833323938336231363637373538336330313466623339613962666161333310021a4431323230363830666337333662666633646339313264333061663764643762353135626337353337393962366231643231386232336233353931326636623833333839611a443132323036633633303933633735393233393935323061353562616138626236356234353231363834633161336565646563363362663538633936353137373633366636101e'
const SELF_SIGNED_PARTY =
  '0ae401080110011add014ada010a4b616c6963653a3a313232303638306663373336626666336463393132643330616637646437623531356263373533373939623662316432313862323362333539313266366238333338396110011a4c0a4870313a3a31323230366336333039336337353932333939353230613535626161386262363562343532313638346331613365656465633633626635386339363531373736333666361002323b0a3710041a2c302a300506032b65700321008a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c2a0301040530011001101e'
const HASHES = {
  rootA: '12208e874ddf3cdc9cbf0c62b7390e909170367bf79ec486f3a923e8d954102380d3',
  rootB: '122030db46e143c253e657ab19bc9487fcb9088be4556e7bb5444fa718ae267e6e77',
  definition: '1220e63ecfcf1bb83ecdc8909d7b0f69b1aa4aef11eacbd230957271e6993beef2c2',
  party: '12202d2fc9469f5244af9f45dddfe5a57995a9ffb70fac4a1a62624f3c62d85329dc',
}

describe('transactions of two keys with known seeds', () => {
  test('the keys have their fingerprints', () => {
    expect(publicKeyFromRaw('EC_CURVE25519', A_RAW).fingerprint).toBe(A)
    expect(publicKeyFromRaw('EC_CURVE25519', B_RAW).fingerprint).toBe(B)
  })

  test.each([
    ['a root delegation', ROOT_A, HASHES.rootA],
    ['a decentralized namespace', DEFINITION, HASHES.definition],
    ['a self-signed party', SELF_SIGNED_PARTY, HASHES.party],
  ])('%s is read without a finding and has its hash', (_what, hex, expected) => {
    const transaction = readTransaction(fromHex(hex))
    expect(transaction.findings).toEqual([])
    expect(transaction.canonical).toBe(true)
    expect(toHex(transaction.hash)).toBe(expected)
  })

  test('the certificate of the root delegation verifies', () => {
    const signed = readSignedTransaction(fromHex(CERTIFICATE_A))
    expect(toHex(signed.transaction.hash)).toBe(HASHES.rootA)
    expect(verifySignatures(signed).map(({ status }) => status)).toEqual(['valid'])
  })

  test('the decentralized namespace of both keys, in any order and with repetitions', () => {
    const expected = '1220c73aa2db7c2ad4a12867f55cdfbf67fc1832983b16677583c014fb39a9bfaa33'
    const [a, b] = [parseNamespace(A), parseNamespace(B)]
    for (const owners of [
      [a, b],
      [b, a],
      [b, a, b],
    ]) {
      expect(decentralizedNamespace(owners)).toBe(expected)
    }
  })

  test('one owner alone has the decentralized namespace that a live network gave it', () => {
    const owner = parseNamespace(
      '12209b21d512c6a7e2f5d215266fe6568cb732caaef7ff04e308f990a652340d3529',
    )
    expect(decentralizedNamespace([owner])).toBe(
      '1220b1431ef217342db44d516bb9befde802be7d8899637d290895fa58880f19accc',
    )
  })

  test('the combined hash of three transactions, which both keys signed', () => {
    const combined = combinedHash(
      [HASHES.rootA, HASHES.rootB, HASHES.definition].map((text) => fromHex(text)),
    )
    expect(toHex(combined)).toBe(
      '122045b316934ad57d2b68841d42ad8e7c366f50f01e4b848342843e58557a5b0608',
    )
    const signatures = [
      [
        A_RAW,
        'a014694309cb20111866f8215d0fa93f13433b4bb9aca499d1648d753fefe095f94d38f5ff4f3d408ce7c5bd7c0dd0e99178c2dc39e96d593361ba809fb2f20e',
      ],
      [
        B_RAW,
        '53f3b9ac5e05410616a963d6e3e5b628c8dcb710e6362365222f1270ee79b9ca1ac443994407e401dfbd274ced5570cf0a832f6c67de13b071fab598447eb70f',
      ],
    ] as const
    for (const [raw, signature] of signatures) {
      const key = publicKeyFromRaw('EC_CURVE25519', raw)
      expect(verifySignature(key, combined, fromHex(signature))).toBe(true)
      // The prefix is part of what is signed.
      expect(verifySignature(key, combined.subarray(2), fromHex(signature))).toBe(false)
    }
  })

  test('the signature of the self-signed party', () => {
    const key = publicKeyFromRaw('EC_CURVE25519', A_RAW)
    const signature = fromHex(
      'f1b9566638844c1a7433c6fb9ce31eb90eb3b4b6913287144d41cae8184558d829bab5d9de3f717f97f2443f588603fa63b8dcc88c8f16d096be27f6c6cfec05',
    )
    expect(verifySignature(key, fromHex(HASHES.party), signature)).toBe(true)
    expect(verifySignature(key, fromHex(HASHES.rootA), signature)).toBe(false)
  })

  test.each([
    [ROOT_A, '1220e321bb8d83f6da048d2e5054d41d95fdc910191a338d3c6e254044fbde483388'],
    [DEFINITION, '12204eca498ab19f0ae6f141c033d7ed0519897de9d50375c868e8750460e8f3b26d'],
    [SELF_SIGNED_PARTY, '1220918e45cbbc22e4d593aa26a60383df16e9930554224059985fd09b2cf07cc6b3'],
  ])('their unique keys: %#', (hex, expected) => {
    const mapping = readTransaction(fromHex(hex)).value?.mapping?.mapping
    expect(mapping).toBeDefined()
    if (mapping !== undefined) expect(toHex(mappingUniqueKey(mapping) ?? A_RAW)).toBe(expected)
  })
})

const E = '12206fc53ebbee044c021c50f6c85001157adbfab7aa300dd14fff0c17d212f7f356'
const FIRST = '1220098c6cc5053170e01a6474ef9d091bae847ca431500aa2c807512000a2d7456a'
const SECOND = '12206978dc8ff1f345bff13b386f43a362573ab34000349ae675e1f8a8251d59b981'

describe('combined hashes', () => {
  test.each([
    [[E, FIRST], '12202d1ac79c95f8be17e0cb6b44ebf6214ada9df76c742d6f399e10403b8da9af6d'],
    [[E, FIRST, SECOND], '1220fc44cb0032dfd0b672d31f4508d321642a74f69a8c26958baee239e3a916e439'],
    [[E], '12205503f1958a37a263ac07fdb9b4dc0116b8067adb2a639b67025b6232807331e5'],
    [
      [
        '1220f278f11b0aef7fa8275a73782eba74923ae9dda74df6ebdaf24b53acc359a9ba',
        '122006e4537f998caee22ee42f349b6023d10f948737da12038ec72912f923eac56a',
        '12203c78845dd272f729ff52d48adaae3059fc5825c122ffe2819b5a1c8d85e2bd18',
      ],
      '12205e7e329e09d5f90849d9fe6d5d1683a081cd4751c6bbe3b51850391b2a37220c',
    ],
  ])('of transactions of a live network and of another client: %#', (hashes, expected) => {
    expect(toHex(combinedHash(hashes.map((text) => fromHex(text))))).toBe(expected)
  })

  interface OwnSets {
    readonly hash_sets: readonly { transaction_hashes: string[]; combined_hash: string }[]
    readonly duplicate_hashes_ambiguous: readonly {
      transaction_hashes: string[]
      as_a_set_scala_reading: string
    }[]
  }
  const own = fixture('multi-hash/own.json') as OwnSets

  test('of random sets, as three implementations compute them', () => {
    expect(own.hash_sets).toHaveLength(5)
    for (const { transaction_hashes: hashes, combined_hash: expected } of own.hash_sets) {
      expect(toHex(combinedHash(hashes.map((text) => fromHex(text))))).toBe(expected)
    }
  })

  test('take a repeated hash once, as a node does', () => {
    expect(own.duplicate_hashes_ambiguous).toHaveLength(1)
    for (const one of own.duplicate_hashes_ambiguous) {
      const hashes = one.transaction_hashes.map((text) => fromHex(text))
      expect(toHex(combinedHash(hashes))).toBe(one.as_a_set_scala_reading)
    }
  })

  const anyHash = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((digest) => concatBytes(Uint8Array.of(0x12, 0x20), digest))

  property.prop([fc.array(anyHash, { minLength: 1, maxLength: 6 }), fc.nat(), fc.nat()])(
    'depend on neither order nor repetition, and never equal a member',
    (hashes, rotation, repeated) => {
      const combined = toHex(combinedHash(hashes))
      const at = rotation % hashes.length
      const again = hashes[repeated % hashes.length] ?? new Uint8Array()
      expect(toHex(combinedHash([...hashes.slice(at), again, ...hashes.slice(0, at)]))).toBe(
        combined,
      )
      expect(hashes.map((one) => toHex(one))).not.toContain(combined)
    },
  )

  test.each([
    ['nothing', []],
    ['32 bytes without prefix', [new Uint8Array(32)]],
    ['another algorithm', [fromHex(`1320${'00'.repeat(32)}`)]],
    ['another length', [fromHex(`1220${'00'.repeat(33)}`)]],
    ['one bad hash among good ones', [fromHex(E), new Uint8Array(34)]],
  ])('are refused for %s', (_what, hashes) => {
    expect(() => combinedHash(hashes)).toThrow(CantosignError)
  })
})

describe('unique keys', () => {
  const N = '12209b21d512c6a7e2f5d215266fe6568cb732caaef7ff04e308f990a652340d3529'
  const D = '1220b1431ef217342db44d516bb9befde802be7d8899637d290895fa58880f19accc'
  const synchronizerId = `global-domain::${D}`
  const participantUid = `p1::${N}`
  const party = `alice::${N}`
  const members = { synchronizerId, threshold: 1, active: [], observers: [] }
  const rootKey = {
    format: 3,
    publicKey: fromHex('474b8d82533772a4cd30c93a2513ae295bb4fd536c7b4469c227e1885ebf46c9'),
    scheme: 1,
    usage: [],
    keySpec: 0,
  }

  type Mapping = Parameters<typeof mappingUniqueKey>[0]
  const cases: readonly (readonly [string, Mapping])[] = [
    [
      '122040e543dd6b45dc07297f37a7e502e1d2a89eab4f0e7487d19b78a6c74f671a21',
      {
        $case: 'decentralizedNamespaceDefinition',
        value: { decentralizedNamespace: D, threshold: 1, owners: [] },
      },
    ],
    ...['PAR', 'SEQ'].map((code): readonly [string, Mapping] => [
      '1220f8afac5cd14fd80b467e5e4b03938793e9817b37afda2a71dc8dcf30769b94c9',
      {
        $case: 'ownerToKeyMapping',
        value: { member: `${code}::${participantUid}`, publicKeys: [] },
      },
    ]),
    ...['', 'PAR::'].map((prefix): readonly [string, Mapping] => [
      '1220f42175bd1345240a1b66b9a382517b042dd02b01baed03d9bd457686f5923f00',
      {
        $case: 'synchronizerTrustCertificate',
        value: { participantUid: prefix + participantUid, synchronizerId, featureFlags: [] },
      },
    ]),
    [
      '1220a9ba5242148990e9b9c88b193b738a73731051e5216a05069a05848faaba2eab',
      {
        $case: 'participantPermission',
        value: {
          synchronizerId,
          participantUid,
          permission: 1,
          limits: undefined,
          loginAfter: undefined,
        },
      },
    ],
    [
      '122070d845459ce1a64d5a408ab32f90b013db62fe55cc57853c0e8e07b91a18f35c',
      { $case: 'partyHostingLimits', value: { synchronizerId, party } },
    ],
    [
      '1220f01e694aa9c91a7d9e3429d3665cd787dabf370f05135b9b978492f5fc1eb86e',
      { $case: 'vettedPackages', value: { participantUid, packageIds: [], packages: [] } },
    ],
    [
      '1220745dd38278efea3ab82eb8abe30dc2a87636ac2b0167b75586a1219d4e7c71a0',
      {
        $case: 'partyToParticipant',
        value: { party, threshold: 1, participants: [], partySigningKeys: undefined },
      },
    ],
    [
      '1220289771abe1a9fdc3e8c6b15ae03091c8f2d8373991998f9e617cd84619f310b3',
      { $case: 'partyToKeyMapping', value: { party, threshold: 1, signingKeys: [] } },
    ],
    [
      '12206224c0c789c23ebcbdf79a464698c01f41cf0ea639ca1602af668e7842d368a6',
      {
        $case: 'synchronizerParametersState',
        value: { synchronizerId, synchronizerParameters: undefined },
      },
    ],
    [
      '1220225de749756b95dabde10c050f6023a0ed66fdc672d48ffc4360cbebb2daeb96',
      { $case: 'mediatorSynchronizerState', value: { ...members, group: 0 } },
    ],
    [
      '12202ebfb37c78b26699340076c52cda95d2e4894e90da6cecbb6c644df233159371',
      { $case: 'sequencerSynchronizerState', value: members },
    ],
    [
      '1220853aaff0c68866cded9e27fd1928b54a8a7a505ddbe6baaec6ebf28b7ad1d04b',
      {
        $case: 'namespaceDelegation',
        value: {
          namespace: N,
          isRootDelegation: true,
          targetKey: rootKey,
          restriction: undefined,
        },
      },
    ],
  ]

  test.each(cases.map(([expected, mapping]) => [mapping.$case, expected, mapping] as const))(
    'of %s: %s',
    (_case, expected, mapping) => {
      expect(toHex(mappingUniqueKey(mapping) ?? new Uint8Array())).toBe(expected)
    },
  )

  test('a participant whose own identifier is PAR is not taken for one with a code before it', () => {
    const odd = mappingUniqueKey({
      $case: 'vettedPackages',
      value: { participantUid: `PAR::${N}`, packageIds: [], packages: [] },
    })
    const digest = createHash('sha256')
      .update(
        concatBytes(
          Uint8Array.of(0, 0, 0, 43),
          stringContent(`PAR::PAR::${N}`),
          Uint8Array.of(0, 0, 0, 8),
        ),
      )
      .digest('hex')
    expect(toHex(odd ?? new Uint8Array())).toBe(`1220${digest}`)
  })

  test('none is made up where the facts give none', () => {
    expect(
      mappingUniqueKey({ $case: 'purgeTopologyTxs', value: { synchronizerId, mappings: [] } }),
    ).toBeUndefined()
    expect(
      mappingUniqueKey({
        $case: 'sequencerConnectionSuccessor',
        value: new Uint8Array(),
      }),
    ).toBeUndefined()
  })
})

describe('multihashes', () => {
  property.prop([fc.uint8Array({ maxLength: 70 })])('have 34 bytes beginning 1220', (bytes) => {
    const whole = hash(HashPurpose.topologyTransactionSignature, bytes)
    expect(isMultihash(whole)).toBe(true)
    expect(isMultihash(whole.subarray(2))).toBe(false)
    expect(isMultihash(concatBytes(whole, Uint8Array.of(0)))).toBe(false)
  })

  test('of one content differ by purpose', () => {
    const all = Object.values(HashPurpose).map((purpose) => toHex(hash(purpose, A_RAW)))
    expect(new Set(all).size).toBe(all.length)
  })
})
