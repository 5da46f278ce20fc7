import { expect, test } from 'vitest'
import { createRateLimitPage } from '../../../src/compose/rate-limit-page.ts'

const ok = { status: 200, headers: {}, body: 'asked' }
const refusalOf = (trustsPeers: boolean, caller: { readonly isLocal: boolean; readonly isBrowser: boolean }) =>
  createRateLimitPage({ trustsPeers, ask: async () => ok }).refusal(caller)

test('/json answers this machine, and others only where peers are trusted', () => {
  expect(refusalOf(false, { isLocal: true, isBrowser: false })).toBeUndefined()
  expect(refusalOf(true, { isLocal: false, isBrowser: false })).toBeUndefined()
  expect(refusalOf(false, { isLocal: false, isBrowser: false })).toMatchObject({
    status: 403,
    body: expect.stringContaining('TOLLGATE_INSECURE_PEERS=true'),
  })
})

test('/json answers no browser, also on this machine and where peers are trusted', () => {
  for (const trustsPeers of [false, true])
    for (const isLocal of [false, true])
      expect(refusalOf(trustsPeers, { isLocal, isBrowser: true })).toMatchObject({
        status: 403,
        body: expect.stringContaining('web pages'),
      })
})

test('/json is 503 while no process can answer', async () => {
  const page = createRateLimitPage({ trustsPeers: false, ask: async () => undefined })
  expect(await page.answer(Buffer.from('{}'))).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
})
