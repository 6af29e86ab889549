/** Keys in real agents, and in agents that lie. */
import { createHash, createPrivateKey, sign as nodeSign } from 'node:crypto'
import { renameSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listedAgentKey } from '../../cli/present/signer-key.ts'
import { parseSubjectPublicKeyInfo, rawPublicKey } from '../../src/crypto/public-key.ts'
import { verifySignature } from '../../src/crypto/signature.ts'
import { listAgentKeys, openAgentSigner } from '../../src/signer/ssh-agent/driver.ts'
import { parseAgentUri } from '../../src/signer/ssh-agent/uri.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { codeOf, keyVector } from '../support/keys.ts'
import { temporaryFile } from '../support/openssl.ts'
import { opensslVerifies } from '../support/signatures.ts'
import {
  addSshKey,
  hasGpgAgent,
  hasSshAgent,
  sshIdentities,
  sshMessage,
  sshSignature,
  sshString,
  startFalseAgent,
  startGpgAgent,
  startSshAgent,
  type Agent,
} from '../support/ssh-agents.ts'
import { fixtureBytes, fromHex } from '../support/vectors.ts'

const message = fromHex(`1220${'c3'.repeat(32)}`)

const open = async (name: string, socket: string, timeoutMilliseconds = 5000): Promise<Signer> =>
  await openAgentSigner(parseAgentUri(`ssh-agent:${name}`), {
    environmentSocket: socket,
    timeoutMilliseconds,
  })

/** `SHA256:…` of a line of authorized_keys. */
function sshFingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

describe.runIf(hasSshAgent)('ssh-agent of OpenSSH', () => {
  let agent: Agent
  const lines = new Map<string, string>()
  beforeAll(async () => {
    agent = await startSshAgent()
    lines.set('ed25519', addSshKey(agent, 'ed25519', '-t', 'ed25519'))
    lines.set('p256', addSshKey(agent, 'p256', '-t', 'ecdsa', '-b', '256'))
    lines.set('p384', addSshKey(agent, 'p384', '-t', 'ecdsa', '-b', '384'))
    lines.set('rsa', addSshKey(agent, 'rsa', '-t', 'rsa', '-b', '2048'))
    lines.set('p521', addSshKey(agent, 'p521', '-t', 'ecdsa', '-b', '521'))
  })
  afterAll(() => {
    agent.stop()
  })

  test.each(['ed25519', 'p256', 'p384'])('%s signs what openssl verifies', async (name) => {
    const signer = await open(sshFingerprintOf(lines.get(name) ?? ''), agent.socket)
    const key = await signer.publicKey()
    // Often enough that r or s has a leading zero now and then.
    for (let i = 0; i < (name === 'ed25519' ? 3 : 40); i++) {
      const signature = await signer.sign({ message })
      expect(verifySignature(key, message, signature)).toBe(true)
      if (i === 0) expect(opensslVerifies(key, message, signature)).toBe(true)
    }
    signer.close()
    const byCanton = await open(key.fingerprint, agent.socket)
    expect((await byCanton.publicKey()).spki).toEqual(key.spki)
    byCanton.close()
  })

  test('the socket of the URI goes before the one of the environment', async () => {
    const name = sshFingerprintOf(lines.get('ed25519') ?? '')
    const uri = parseAgentUri(`ssh-agent:${name}?socket=${agent.socket}`)
    const signer = await openAgentSigner(uri, { environmentSocket: '/nonexistent' })
    expect((await signer.sign({ message })).length).toBe(64)
    signer.close()
  })

  test('keys are listed in the order of the agent, those of no use as well', async () => {
    const keys = await listAgentKeys(parseAgentUri('ssh-agent:'), {
      environmentSocket: agent.socket,
    })
    expect(keys.map(({ comment, content }) => [comment, content.$case])).toEqual([
      ['ed25519', 'key'],
      ['p256', 'key'],
      ['p384', 'key'],
      ['rsa', 'foreign'],
      ['p521', 'foreign'],
    ])
  })

  test.each(['rsa', 'p521'])('an %s key is refused by its type', async (name) => {
    const opened = open(sshFingerprintOf(lines.get(name) ?? ''), agent.socket)
    expect(await codeOf(opened)).toBe('agent-key-type')
  })

  test('a key that the agent does not hold', async () => {
    const absent = open(keyVector('ed25519-a').fingerprint, agent.socket)
    expect(await codeOf(absent)).toBe('agent-key-absent')
  })

  test('another key than the one that is meant', async () => {
    const name = sshFingerprintOf(lines.get('ed25519') ?? '')
    const other = parseSubjectPublicKeyInfo(fromHex(keyVector('ed25519-b').spki_hex)).key
    const signer = await openAgentSigner(parseAgentUri(`ssh-agent:${name}`), {
      environmentSocket: agent.socket,
      expected: other.fingerprint,
    })
    expect(await codeOf(signer.sign({ message }))).toBe('signer-key-mismatch')
    signer.close()
  })

  test('all keys at once are no key to sign with', async () => {
    expect(await codeOf(open('', agent.socket))).toBe('key-uri-invalid')
  })

  test('an agent that ends meanwhile', async () => {
    const short = await startSshAgent()
    const line = addSshKey(short, 'key', '-t', 'ed25519')
    const signer = await open(sshFingerprintOf(line), short.socket)
    await signer.sign({ message })
    short.stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await codeOf(signer.sign({ message }))).toBe('agent-unreachable')
    signer.close()
  })
})

describe.runIf(hasGpgAgent)('gpg-agent', () => {
  let agent: Agent
  beforeAll(async () => {
    agent = await startGpgAgent()
  })
  afterAll(() => {
    agent.stop()
  })

  test('its key for authentication signs what openssl verifies', async () => {
    const [key] = await listAgentKeys(parseAgentUri('ssh-agent:'), {
      environmentSocket: agent.socket,
    })
    if (key?.content.$case !== 'key') throw new Error('gpg-agent lists no key')
    const signer = await open(key.content.key.fingerprint, agent.socket)
    const signature = await signer.sign({ message })
    expect(opensslVerifies(key.content.key, message, signature)).toBe(true)
    signer.close()
  })
})

describe('sockets', () => {
  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one that is not there', '/nonexistent/agent.sock'],
    ['a file', temporaryFile('x')],
    ['a directory', '/tmp'],
  ])('%s', async (_what, socket) => {
    const uri = parseAgentUri(`ssh-agent:${keyVector('ed25519-a').fingerprint}`)
    expect(await codeOf(openAgentSigner(uri, { environmentSocket: socket }))).toBe(
      'agent-unreachable',
    )
  })

  test.each([
    ['a host', 'localhost:22'],
    ['a relative path', 'agent.sock'],
    ['an abstract name', '\0agent'],
    ['a pipe of another system', '\\\\.\\pipe\\openssh-ssh-agent'],
  ])('%s is no socket', async (_what, socket) => {
    const uri = parseAgentUri(`ssh-agent:${keyVector('ed25519-a').fingerprint}`)
    expect(await codeOf(openAgentSigner(uri, { environmentSocket: socket }))).toBe(
      'key-uri-invalid',
    )
  })

  test('one that nobody listens at any more', async () => {
    const agent = await startFalseAgent(() => undefined)
    const path = join(agent.directory, 'dead.sock')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const dead = `${path}.moved`
    renameSync(path, dead)
    await new Promise((resolve) => server.close(resolve))
    expect(await codeOf(open(keyVector('ed25519-a').fingerprint, dead))).toBe('agent-unreachable')
    agent.stop()
  })
})

describe('an agent that lies', () => {
  const vector = (name: string): ReturnType<typeof parseSubjectPublicKeyInfo>['key'] =>
    parseSubjectPublicKeyInfo(fromHex(keyVector(name).spki_hex)).key
  const ed = vector('ed25519-a')
  const p256 = vector('p256-a')
  const edBlob = Buffer.concat([sshString('ssh-ed25519'), sshString(rawPublicKey(ed))])
  const p256Blob = Buffer.concat([
    sshString('ecdsa-sha2-nistp256'),
    sshString('nistp256'),
    sshString(rawPublicKey(p256)),
  ])
  const both = sshIdentities([edBlob, 'ed'], [p256Blob, 'p256'])

  /** The code that opening and signing ends in, with this list and this signature. */
  async function outcome(
    fingerprint: string,
    list: Buffer | ((socket: Socket) => void),
    signature: Buffer | ((socket: Socket) => void) = sshMessage(5),
  ): Promise<string> {
    const agent = await startFalseAgent((request, socket) => {
      const answer = request[0] === 11 ? list : signature
      if (typeof answer === 'function') answer(socket)
      else socket.write(answer)
    })
    try {
      const signing = (async () => {
        const signer = await open(fingerprint, agent.socket, 400)
        try {
          return await signer.sign({ message })
        } finally {
          signer.close()
        }
      })()
      const code = await codeOf(signing)
      expect(agent.connections()).toBe(1)
      return code
    } finally {
      agent.stop()
    }
  }

  const u32 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex')
  const lists: readonly (readonly [string, Buffer | ((socket: Socket) => void), string])[] = [
    ['nothing, for ever', () => undefined, 'signer-timeout'],
    ['an end', (socket) => socket.end(), 'agent-unreachable'],
    ['a failure', sshMessage(5), 'agent-refused'],
    ['no keys', sshIdentities(), 'agent-key-absent'],
    ['another type of answer', sshMessage(6), 'agent-answer'],
    ['a signature', sshSignature('ssh-ed25519', Buffer.alloc(64)), 'agent-answer'],
    ['an empty answer', u32(0), 'agent-answer'],
    ['half a length, for ever', Buffer.from([0, 0]), 'signer-timeout'],
    ['half an answer, for ever', both.subarray(0, 40), 'signer-timeout'],
    [
      'half an answer and an end',
      (socket) => socket.end(both.subarray(0, 40)),
      'agent-unreachable',
    ],
    ['an answer of 4 GiB', u32(0xffffffff), 'agent-answer'],
    ['an answer that is one byte too large', u32(256 * 1024 + 1), 'agent-answer'],
    ['a flood', (socket) => socket.write(Buffer.alloc(1 << 20, 0xff)), 'agent-answer'],
    ['text', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'agent-answer'],
    ['two answers', Buffer.concat([both, both]), 'agent-answer'],
    [
      'a byte behind the keys',
      sshString(Buffer.concat([both.subarray(4), Buffer.of(0)])),
      'agent-answer',
    ],
    ['fewer keys than it says', sshMessage(12, u32(3), both.subarray(9)), 'agent-answer'],
    ['more keys than it says', sshMessage(12, u32(1), both.subarray(9)), 'agent-answer'],
    ['a million keys that are not there', sshMessage(12, u32(1_000_000)), 'agent-answer'],
    ['a string beyond the end', sshMessage(12, u32(1), u32(0xfffffff0)), 'agent-answer'],
  ]
  test.each(lists)('its list: %s', async (_what, list, code) => {
    expect(await outcome(ed.fingerprint, list)).toBe(code)
  })

  test.each([
    [
      'sk-ssh-ed25519@openssh.com',
      Buffer.concat([
        sshString('sk-ssh-ed25519@openssh.com'),
        sshString(rawPublicKey(ed)),
        sshString('ssh:'),
      ]),
      ed,
    ],
    [
      'sk-ecdsa-sha2-nistp256@openssh.com',
      Buffer.concat([
        sshString('sk-ecdsa-sha2-nistp256@openssh.com'),
        sshString('nistp256'),
        sshString(rawPublicKey(p256)),
        sshString('ssh:'),
      ]),
      p256,
    ],
  ] as const)('%s is refused by name', async (_type, blob, key) => {
    expect(await outcome(key.fingerprint, sshIdentities([blob, 'fido']))).toBe('agent-key-type')
    const name = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
    expect(await outcome(`SHA256:${name}`, sshIdentities([blob, 'fido']))).toBe('agent-key-type')
  })

  test('a certificate is no key', async () => {
    const blob = Buffer.concat([
      sshString('ssh-ed25519-cert-v01@openssh.com'),
      sshString(Buffer.alloc(32, 7)),
    ])
    const name = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
    expect(await outcome(`SHA256:${name}`, sshIdentities([blob, '']))).toBe('agent-key-type')
  })

  const privateKey = (name: string): ReturnType<typeof createPrivateKey> =>
    createPrivateKey({
      key: Buffer.from(fixtureBytes(`keys/${name}.pkcs8.der`)),
      format: 'der',
      type: 'pkcs8',
    })
  const edSignature = nodeSign(null, message, privateKey('ed25519-a'))
  const p256Signature = nodeSign('sha256', message, {
    key: privateKey('p256-a'),
    dsaEncoding: 'ieee-p1363',
  })
  const mpint = (bytes: Uint8Array): Buffer => {
    const digits = Buffer.from(bytes.subarray(bytes.findIndex((byte) => byte !== 0)))
    return sshString((digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]))
  }
  const [r, s] = [p256Signature.subarray(0, 32), p256Signature.subarray(32)]
  const ecdsa = (content: Buffer): Buffer => sshSignature('ecdsa-sha2-nistp256', content)

  const sshKey = (type: string, ...parts: readonly (string | Uint8Array)[]): Buffer =>
    Buffer.concat([type, ...parts].map((part) => sshString(part)))
  const unsound: readonly (readonly [string, Buffer, string])[] = [
    ['of 31 bytes', sshKey('ssh-ed25519', Buffer.alloc(31)), 'key-point'],
    ['of small order', sshKey('ssh-ed25519', Buffer.alloc(32)), 'key-weak'],
    ['with a byte behind it', Buffer.concat([edBlob, Buffer.of(0)]), 'agent-answer'],
    [
      'of another curve than that of its type',
      sshKey('ecdsa-sha2-nistp256', 'nistp384', rawPublicKey(p256)),
      'agent-answer',
    ],
    ['of no bytes', Buffer.alloc(0), 'agent-answer'],
  ]
  test.each(unsound)('a key %s is none, and the others are there', async (_what, blob, code) => {
    const list = sshIdentities([blob, 'unsound'], [edBlob, 'ed'])
    const name = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
    expect(await outcome(`SHA256:${name}`, list)).toBe(code)
    expect(await outcome(p256.fingerprint, list)).toBe('agent-key-absent')
    expect(await outcome(ed.fingerprint, list)).toBe('agent-refused') // to sign: it was found

    const agent = await startFalseAgent((_request, socket) => socket.write(list))
    const keys = await listAgentKeys(parseAgentUri('ssh-agent:'), {
      environmentSocket: agent.socket,
    })
    agent.stop()
    const shown = keys.map((key) => listedAgentKey(key, ({ fingerprint }) => fingerprint))
    expect(shown.map(({ uri }) => uri)).toEqual([null, ed.fingerprint])
    expect(shown[0]?.remark).not.toBeNull()
  })

  test('a false agent that tells the truth is believed', async () => {
    const agent = await startFalseAgent((request, socket) => {
      if (request[0] === 11) socket.write(both)
      else if (request.includes(edBlob)) socket.write(sshSignature('ssh-ed25519', edSignature))
      else {
        const answer = ecdsa(Buffer.concat([mpint(r), mpint(s)]))
        for (const byte of answer) socket.write(Buffer.of(byte))
      }
    })
    for (const key of [ed, p256]) {
      const signer = await open(key.fingerprint, agent.socket)
      expect(verifySignature(key, message, await signer.sign({ message }))).toBe(true)
      signer.close()
    }
    agent.stop()
  })

  const signatures: readonly (readonly [string, Buffer | ((socket: Socket) => void), string])[] = [
    ['nothing, for ever', () => undefined, 'signer-timeout'],
    ['a failure', sshMessage(5), 'agent-refused'],
    ['a list of keys', both, 'agent-answer'],
    ['63 bytes', sshSignature('ssh-ed25519', Buffer.alloc(63, 1)), 'signer-output'],
    ['65 bytes', sshSignature('ssh-ed25519', Buffer.alloc(65, 1)), 'signer-output'],
    ['another algorithm', sshSignature('ssh-rsa', edSignature), 'agent-answer'],
    ['a FIDO signature', sshSignature('sk-ssh-ed25519@openssh.com', edSignature), 'agent-answer'],
    [
      'the signature of another key',
      sshSignature('ssh-ed25519', nodeSign(null, message, privateKey('ed25519-b'))),
      'signature-self-check',
    ],
    [
      'a signature over something else',
      sshSignature('ssh-ed25519', nodeSign(null, Buffer.alloc(34), privateKey('ed25519-a'))),
      'signature-self-check',
    ],
    [
      'a byte behind the signature',
      sshMessage(
        14,
        sshString(Buffer.concat([sshString('ssh-ed25519'), sshString(edSignature), Buffer.of(1)])),
      ),
      'agent-answer',
    ],
    [
      'a byte behind the answer',
      sshMessage(
        14,
        sshString(Buffer.concat([sshString('ssh-ed25519'), sshString(edSignature)])),
        Buffer.of(1),
      ),
      'agent-answer',
    ],
    [
      'two answers',
      Buffer.concat([sshSignature('ssh-ed25519', edSignature), sshMessage(5)]),
      'agent-answer',
    ],
  ]
  test.each(signatures)('its signature with Ed25519: %s', async (_what, signature, code) => {
    expect(await outcome(ed.fingerprint, both, signature)).toBe(code)
  })

  test.each([
    ['r and s side by side', ecdsa(p256Signature), 'agent-answer'],
    ['r alone', ecdsa(mpint(r)), 'agent-answer'],
    ['a third number', ecdsa(Buffer.concat([mpint(r), mpint(s), mpint(s)])), 'agent-answer'],
    [
      'a negative number',
      ecdsa(Buffer.concat([sshString(Buffer.from('ff01', 'hex')), mpint(s)])),
      'agent-answer',
    ],
    ['an empty number', ecdsa(Buffer.concat([sshString(''), mpint(s)])), 'agent-answer'],
    [
      'a needless zero',
      ecdsa(Buffer.concat([sshString(Buffer.from('0001', 'hex')), mpint(s)])),
      'agent-answer',
    ],
    ['a zero', ecdsa(Buffer.concat([sshString(Buffer.of(0)), mpint(s)])), 'agent-answer'],
    [
      'a number of 33 bytes',
      ecdsa(Buffer.concat([sshString(Buffer.alloc(33, 1)), mpint(s)])),
      'agent-answer',
    ],
    [
      'r and s in the wrong order',
      ecdsa(Buffer.concat([mpint(s), mpint(r)])),
      'signature-self-check',
    ],
  ])('its signature with P-256: %s', async (_what, signature, code) => {
    expect(await outcome(p256.fingerprint, both, signature)).toBe(code)
  })

  test('an agent that speaks unasked between two signatures', async () => {
    const agent = await startFalseAgent((request, socket) => {
      if (request[0] === 11) socket.write(both)
      else {
        socket.write(sshSignature('ssh-ed25519', edSignature))
        setTimeout(() => socket.write(sshMessage(5)), 50)
      }
    })
    const signer = await open(ed.fingerprint, agent.socket)
    await signer.sign({ message })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await codeOf(signer.sign({ message }))).toBe('agent-answer')
    signer.close()
    agent.stop()
  })
})
