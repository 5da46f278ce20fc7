import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { readSettings, settingNames } from '../../src/settings.ts'

function faultOf(environment: Record<string, string>): string {
  try {
    readSettings(environment)
  } catch (error) {
    if (error instanceof Fault && error.code === 'settings_invalid') return error.message
    throw error
  }
  throw new Error('These settings were accepted')
}

test('without any setting there are defaults for all, and no outside server', () => {
  const settings = readSettings({ LANG: 'C', PATH: '/bin' })
  expect(settings.DATABASE_URL).toBeUndefined()
  expect(settings.TOLLGATE_OPS_ADDRESS).toEqual({ host: '127.0.0.1', port: 9464 })
  expect(settings.TOLLGATE_ROLES).toEqual(['ledger', 'sweeper', 'alerts'])
})

test('every fault is told at once, in one plain sentence with the setting, what it must be and what it is', () => {
  const message = faultOf({
    DATABASE_URL: 'mysql://x',
    TOLLGATE_CHECK_MS_MAX: '5',
    TOLLGATE_DRAIN_MS: 'soon',
    TOLLGATE_ROLES: 'ledger,dancer',
    TOLLGATE_COLOUR: 'blue',
    TOLLGATE_OPS_ADDRESS: '127.0.0.1:99999',
    TOLLGATE_UNBOOKED: 'yes',
    TOLLGATE_LOG_LEVEL: 'loud',
    TOLLGATE_GRPC_SOCKET: `/${'é'.repeat(54)}`,
    TOLLGATE_ASK_AT: 'x'.repeat(61),
    TOLLGATE_GRPC_ADDRESS: '0.0.0.0:9000',
  })
  expect(message.split('\n  ').slice(1).sort()).toEqual([
    'DATABASE_URL must be an address starting with postgres:// or postgresql://',
    `TOLLGATE_ASK_AT must have at most 60 characters, is "${'x'.repeat(60)}…"`,
    'TOLLGATE_CHECK_MS_MAX must be a whole number from 20 to 10000, is "5"',
    'TOLLGATE_COLOUR is not a setting of Tollgate',
    'TOLLGATE_DRAIN_MS must be a whole number from 0 to 60000, is "soon"',
    'TOLLGATE_GRPC_ADDRESS must be a loopback address, is "0.0.0.0:9000": anyone who reaches it decides for Envoy; set TOLLGATE_GRPC_CLIENT_CA to let in only who has a certificate, or TOLLGATE_INSECURE_PEERS=true to allow that',
    `TOLLGATE_GRPC_SOCKET must be a path of at most 107 bytes, as sockets have it, is "/${'é'.repeat(54)}"`,
    'TOLLGATE_LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent, is "loud"',
    'TOLLGATE_OPS_ADDRESS must have a port of at most 65535, is "127.0.0.1:99999"',
    'TOLLGATE_ROLES must be some of ledger,sweeper,alerts or none, is "ledger,dancer"',
    'TOLLGATE_UNBOOKED must be true or false, is "yes"',
  ])
})

test('hits may lie in a Redis of their own, whose address is no less secret, also beside the in-process store', () => {
  for (const url of [
    'redis://:pass@hits:6379/2',
    'rediss://hits',
    'redis+cluster://a:1?also=b:2',
    'rediss+cluster://a',
  ]) {
    expect(readSettings({ TOLLGATE_HITS_REDIS_URL: url }).TOLLGATE_HITS_REDIS_URL).toBe(url)
  }
  expect(faultOf({ TOLLGATE_HITS_REDIS_URL: 'http://:pass@hits' })).toMatch(
    /TOLLGATE_HITS_REDIS_URL must be an address starting with redis:[^,]*$/,
  )
  // It holds no reservations: what a single process needs, it still needs.
  expect(faultOf({ TOLLGATE_HITS_REDIS_URL: 'redis://hits', TOLLGATE_ROLES: 'none' })).toContain('without REDIS_URL')
})

test('sums are kept at least two days longer than single charges', () => {
  const days = (entry: string, hour: string) => ({ TOLLGATE_ENTRY_DAYS: entry, TOLLGATE_HOUR_DAYS: hour })
  for (const hour of ['37', '90', '91']) {
    expect(faultOf(days('90', hour))).toContain(
      `TOLLGATE_HOUR_DAYS must be at least 2 more than TOLLGATE_ENTRY_DAYS, is ${hour} beside 90: a day`,
    )
  }
  expect(faultOf(days('90', '36'))).not.toContain('at least 2 more')
  expect(readSettings(days('90', '92')).TOLLGATE_HOUR_DAYS).toBe(92)
  expect(readSettings(days('3650', '3652')).TOLLGATE_HOUR_DAYS).toBe(3_652)
})

test('the in-process store needs both roles, unless it is said that nothing is to be booked', () => {
  for (const role of ['none', 'ledger', 'sweeper', 'ledger,ledger']) {
    expect(faultOf({ TOLLGATE_ROLES: role })).toContain(
      `TOLLGATE_ROLES must have ledger,sweeper without REDIS_URL, is "${role}"`,
    )
    expect(readSettings({ TOLLGATE_ROLES: role, REDIS_URL: 'redis://localhost' }).REDIS_URL).toBeDefined()
    expect(readSettings({ TOLLGATE_ROLES: role, TOLLGATE_UNBOOKED: 'true' }).TOLLGATE_UNBOOKED).toBe(true)
  }
  expect(readSettings({ TOLLGATE_ROLES: 'sweeper, ledger' }).TOLLGATE_ROLES).toEqual(['sweeper', 'ledger'])
  expect(faultOf({ TOLLGATE_ROLES: 'none', REDIS_URL: 'http://x' })).not.toContain('TOLLGATE_ROLES')
})

test('a faulty value that may be a secret is not shown', () => {
  expect(
    faultOf({
      DATABASE_URL: 'mysql://tollgate:hunter2@db/x',
      TOLLGATE_TICKET_KEY: 'hunter2',
      TOLLGATE_TICKETKEY: 'hunter2',
      TOLLGATE_DOCS_BASE: 'ftp://me:hunter2@x',
    }),
  ).not.toContain('hunter2')
})

test('a gRPC address that others reach is refused unless that is said to be meant', () => {
  expect(faultOf({ TOLLGATE_GRPC_ADDRESS: '0.0.0.0:9000' })).toContain('TOLLGATE_INSECURE_PEERS')
  expect(readSettings({ TOLLGATE_GRPC_ADDRESS: '[::1]:9000' }).TOLLGATE_GRPC_ADDRESS).toEqual({
    host: '::1',
    port: 9000,
  })
  const meant = { TOLLGATE_GRPC_ADDRESS: '0.0.0.0:9000', TOLLGATE_INSECURE_PEERS: 'true' }
  expect(readSettings(meant).TOLLGATE_GRPC_ADDRESS).toEqual({ host: '0.0.0.0', port: 9000 })
})

test('secrets of upstreams are no settings', () => {
  expect(readSettings({ TOLLGATE_UPSTREAM_MIRROR: 'Basic hunter2' })).not.toHaveProperty('TOLLGATE_UPSTREAM_MIRROR')
})

test('an empty value counts as not set', () => {
  expect(readSettings({ REDIS_URL: '' }).REDIS_URL).toBeUndefined()
})

test('the settings page names every setting, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/settings.md', import.meta.url), 'utf8')
  const named = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
  expect(named.sort()).toEqual([...settingNames].sort())
})

describe('TLS on the gRPC address', () => {
  const tls = { TOLLGATE_GRPC_TLS_CERT: '/tls.crt', TOLLGATE_GRPC_TLS_KEY: '/tls.key' }
  const open = { TOLLGATE_GRPC_ADDRESS: '0.0.0.0:9000' }

  test('with an authority of clients, and not alone, allows an address that is not loopback', () => {
    const settings = readSettings({ ...open, ...tls, TOLLGATE_GRPC_CLIENT_CA: '/ca.crt' })
    expect(settings.TOLLGATE_GRPC_ADDRESS).toEqual({ host: '0.0.0.0', port: 9000 })
    expect(faultOf({ ...open, ...tls })).toContain('TOLLGATE_GRPC_ADDRESS must be a loopback address')
  })

  test('needs what belongs to it, and all that is missing is told at once', () => {
    const faultsOf = (given: Record<string, string>): readonly string[] => faultOf(given).split('\n  ').slice(1)
    expect(faultsOf({ TOLLGATE_GRPC_TLS_CERT: '/tls.crt', TOLLGATE_GRPC_CLIENT_NAMES: 'envoy' })).toEqual([
      'TOLLGATE_GRPC_TLS_CERT needs TOLLGATE_GRPC_TLS_KEY: a certificate is of no use without its key',
      'TOLLGATE_GRPC_TLS_CERT needs TOLLGATE_GRPC_ADDRESS: the socket is never encrypted',
      'TOLLGATE_GRPC_CLIENT_NAMES needs TOLLGATE_GRPC_CLIENT_CA: names are proved by certificates of an authority',
    ])
    expect(faultsOf({ TOLLGATE_GRPC_TLS_KEY: '/tls.key', TOLLGATE_GRPC_CLIENT_CA: '/ca.crt' })).toEqual([
      'TOLLGATE_GRPC_TLS_KEY needs TOLLGATE_GRPC_TLS_CERT: a key is of no use without its certificate',
      'TOLLGATE_GRPC_CLIENT_CA needs TOLLGATE_GRPC_TLS_CERT: clients show certificates only over TLS',
    ])
  })

  test('takes a list of names', () => {
    const given = { ...open, ...tls, TOLLGATE_GRPC_CLIENT_CA: '/ca.crt' }
    const { TOLLGATE_GRPC_CLIENT_NAMES: names } = readSettings({
      ...given,
      TOLLGATE_GRPC_CLIENT_NAMES: 'envoy.mesh.example, spiffe://mesh.example/envoy',
    })
    expect(names).toEqual(['envoy.mesh.example', 'spiffe://mesh.example/envoy'])
    expect(faultOf({ ...given, TOLLGATE_GRPC_CLIENT_NAMES: 'a,,b' })).toContain(
      'TOLLGATE_GRPC_CLIENT_NAMES must be names such as envoy.mesh.example,spiffe://mesh.example/envoy, is "a,,b"',
    )
  })
})
