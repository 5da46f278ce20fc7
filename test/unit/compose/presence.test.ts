import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { releaseHorizonMs } from '../../../src/compose/presence.ts'
import { readSettings } from '../../../src/settings.ts'

const yaml = readFileSync(new URL('../../../envoy/tollgate.yaml', import.meta.url), 'utf8')
const guide = readFileSync(new URL('../../../docs/guides/operations.md', import.meta.url), 'utf8')
const holdMs = 3_000

function horizonMs(environment: Readonly<Record<string, string>> = {}): number {
  return releaseHorizonMs(readSettings(environment), holdMs)
}

test('a reservation is old enough to be released after hold, Check, the log interval and buffer that Envoy is told, and the news of a break', () => {
  const told = (name: string): number => 1_000 * Number(new RegExp(`${name}: "([\\d.]+)s"`).exec(yaml)?.[1])
  // Silence 1.5 s, a beat 0.25 s, a sweep that is late 1 s.
  const newsMs = 1_500 + 250 + 1_000
  const logMs = told('access_log_flush_interval') + told('buffer_flush_interval')
  expect(horizonMs()).toBe(holdMs + 200 + logMs + newsMs)
  expect(horizonMs({ TOLLGATE_CHECK_MS_MAX: '1000' })).toBe(holdMs + 1_000 + logMs + newsMs)
})

test('the guide says how long that is, over a socket and over TCP', () => {
  const [, socket, tcp] = /about (\d+) s with the default limits, (\d+) s where Envoy comes over TCP/.exec(guide) ?? []
  expect([Number(socket), Number(tcp)]).toEqual(
    [horizonMs(), horizonMs({ TOLLGATE_GRPC_ADDRESS: '127.0.0.1:9000' })].map((ms) => Math.round(ms / 1_000)),
  )
})
