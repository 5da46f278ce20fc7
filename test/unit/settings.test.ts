import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
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
  expect(settings.TOLLGATE_ROLES).toEqual(['ledger', 'sweeper'])
})

test('every fault is named at once', () => {
  const message = faultOf({
    DATABASE_URL: 'mysql://x',
    TOLLGATE_CHECK_MS_MAX: 'soon',
    TOLLGATE_ROLES: 'ledger,dancer',
    TOLLGATE_COLOUR: 'blue',
    TOLLGATE_OPS_ADDRESS: '127.0.0.1:99999',
  })
  for (const name of [
    'DATABASE_URL',
    'TOLLGATE_CHECK_MS_MAX',
    'TOLLGATE_ROLES',
    'TOLLGATE_COLOUR',
    'TOLLGATE_OPS_ADDRESS',
  ]) {
    expect(message).toContain(name)
  }
})

test('a faulty value that may be a secret is not shown', () => {
  expect(faultOf({ DATABASE_URL: 'mysql://tollgate:hunter2@db/x', TOLLGATE_TICKET_KEY: 'hunter2' })).not.toContain(
    'hunter2',
  )
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

test('an empty value counts as not set', () => {
  expect(readSettings({ REDIS_URL: '' }).REDIS_URL).toBeUndefined()
})

test('the settings page names every setting, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/settings.md', import.meta.url), 'utf8')
  const named = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
  expect(named.sort()).toEqual([...settingNames].sort())
})
