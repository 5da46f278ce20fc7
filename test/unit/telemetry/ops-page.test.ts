import { expect, test } from 'vitest'
import { callerOf } from '../../../src/telemetry/ops-page.ts'

type Asking = Parameters<typeof callerOf>[0]

const from = (remoteAddress: string | undefined, headers: Asking['headers'] = {}) =>
  callerOf({ socket: { remoteAddress } as Asking['socket'], headers })

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('callerOf() takes %s for this machine', (address) => {
  expect(from(address).isLocal).toBe(true)
})

test.each(['127.0.0.6', '::ffff:127.0.0.6', '127.0.0.10', '::6', '10.0.0.1', '::ffff:10.0.0.1', '', undefined])(
  'callerOf() does not take %s for this machine',
  (address) => {
    expect(from(address).isLocal).toBe(false)
  },
)

test('callerOf() knows a browser by what none leaves out', () => {
  expect(from('::1', { 'user-agent': 'curl/8', referer: 'x' }).isBrowser).toBe(false)
  expect(from('::1', { origin: '' }).isBrowser).toBe(true)
  expect(from('::1', { 'sec-fetch-site': 'none' }).isBrowser).toBe(true)
})
