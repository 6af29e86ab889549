import { describe, expect, it } from 'vitest'
import { isLoopback, proxyFor, readHostPort, readJsonApiAddress } from '../../src/online/address.ts'

describe('an address', () => {
  it.each([
    ['localhost:5002', { host: 'localhost', port: 5002 }],
    ['participant.example.com:443', { host: 'participant.example.com', port: 443 }],
    ['[::1]:5002', { host: '::1', port: 5002 }],
    ['10.0.0.1:65535', { host: '10.0.0.1', port: 65535 }],
  ])('%s is taken', (text, expected) => {
    expect(readHostPort(text, '--admin-api')).toEqual(expected)
  })

  it.each([
    'localhost',
    ':5002',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:5002x',
    'https://localhost:5002',
    'user@localhost:5002',
    '::1:5002',
    'local host:5002',
    'localhost:5002/path',
    '-x:1',
  ])('%s is refused', (text) => {
    expect(() => readHostPort(text, '--admin-api')).toThrow(
      expect.objectContaining({ code: 'address-invalid' }),
    )
  })

  it('that is refused is not repeated where it may hold a password', () => {
    expect(() => readHostPort('name:secret@localhost:5002', '--admin-api')).toThrow(
      /^--admin-api: this is no HOST:PORT$/,
    )
  })

  it('of a JSON API has a prefix, and the port of its scheme', () => {
    expect(readJsonApiAddress('https://x.example.com/ledger/', '--json-api')).toEqual({
      host: 'x.example.com',
      port: 443,
      secure: true,
      prefix: '/ledger',
    })
    expect(readJsonApiAddress('http://[::1]:7575', '--json-api')).toMatchObject({
      host: '::1',
      port: 7575,
      secure: false,
      prefix: '',
    })
  })

  it.each([
    'localhost:7575',
    'ftp://localhost',
    'https://',
    'https://name:secret@localhost',
    'https://name:secret@localhost:99999',
    'name:secret@localhost:7575',
    'https://localhost/?access_token=secret',
    'https://localhost/#a',
  ])('%s of a JSON API is refused, and no password is repeated', (text) => {
    try {
      readJsonApiAddress(text, '--json-api')
    } catch (error) {
      expect(error).toMatchObject({ code: 'address-invalid' })
      expect(String(error)).not.toContain('secret')
      return
    }
    throw new Error('nothing was thrown')
  })

  it('is of this machine if it says so in numbers or as localhost', () => {
    expect(['localhost', '127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true)
    const others = ['127.0.0.1.example.com', 'localhost.example.com', '0.0.0.0', '::', '128.0.0.1']
    expect(others.some(isLoopback)).toBe(false)
  })
})

describe('a proxy', () => {
  const target = { host: 'node.example.com', port: 5002 }
  const httpsProxy = 'http://proxy.example.com:3128'

  it('is the one of HTTPS_PROXY', () => {
    expect(proxyFor(target, { httpsProxy })).toEqual({
      host: 'proxy.example.com',
      port: 3128,
      credentials: undefined,
    })
    expect(proxyFor(target, {})).toBeUndefined()
  })

  it.each([
    '*',
    'node.example.com',
    'example.com',
    '.example.com',
    '*.example.com',
    'NODE.example.com:5002',
    'other.org, node.example.com',
  ])('is not used where NO_PROXY has %s', (noProxy) => {
    expect(proxyFor(target, { httpsProxy, noProxy })).toBeUndefined()
  })

  it.each(['ample.com', 'example.org', 'node.example.com:443', '', ',', 'de.example.com'])(
    'is used where NO_PROXY has %s',
    (noProxy) => {
      expect(proxyFor(target, { httpsProxy, noProxy })).toBeDefined()
    },
  )

  it('is never used for this machine', () => {
    expect(proxyFor({ host: '127.0.0.1', port: 1 }, { httpsProxy })).toBeUndefined()
  })

  it.each([
    'https://name:secret@proxy:1',
    'http://name:50%secret@proxy:1',
    'http://100%name:secret@proxy:1',
    'proxy:3128',
    'socks5://proxy:1',
    'nonsense',
  ])('%s is refused, and not repeated: it may hold a password', (text) => {
    try {
      proxyFor(target, { httpsProxy: text })
    } catch (error) {
      expect(error).toMatchObject({ code: 'address-invalid' })
      expect(String(error)).not.toContain(text)
      return
    }
    throw new Error('nothing was thrown')
  })
})
