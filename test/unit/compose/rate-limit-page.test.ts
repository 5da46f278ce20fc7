import { expect, test } from 'vitest'
import { createRateLimitPage } from '../../../src/compose/rate-limit-page.ts'

const body = Buffer.from('{}')
const ok = { status: 200, headers: {}, body: 'asked' }

test('/json answers this machine, and others only where peers are trusted', async () => {
  const statusOf = async (trustsPeers: boolean, isLocal: boolean): Promise<number> =>
    (await createRateLimitPage({ trustsPeers, ask: async () => ok })({ body, isLocal })).status
  expect(await statusOf(false, true)).toBe(200)
  expect(await statusOf(true, false)).toBe(200)
  expect(await statusOf(false, false)).toBe(403)
})

test('/json is 503 while no process can answer', async () => {
  const page = createRateLimitPage({ trustsPeers: false, ask: async () => undefined })
  expect(await page({ body, isLocal: true })).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
})
