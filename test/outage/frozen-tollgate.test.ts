import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import type { World } from '../../demo/world.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

/** As in `envoy/tollgate.yaml`: until the head of an answer. The whole Check may take 4 s, for those who are held. */
const authorizeMsMax = 250
const wholeMs = 4_000

let world: World

beforeAll(async () => {
  world = await createWorld({ store: 'memory', authorizeMsMax, settings: { TOLLGATE_CHECK_MS_MAX: '200' } })
})

afterAll(() => world.stop())

test('a Tollgate that hangs costs each request a quarter second and a 503, not the time of a hold', async () => {
  const token = await addAccount(world, 'patient')
  const url = `${world.baseUrl}/simple/fig/`
  await untilReply({ url, token }, ({ status }) => status === 200, 10_000)
  const took: number[] = []
  process.kill(world.tollgate.pid, 'SIGSTOP')
  try {
    for (let nth = 0; nth < 10; nth += 1) {
      const startedMs = performance.now()
      expect((await call({ url, token })).status).toBe(503)
      took.push(performance.now() - startedMs)
    }
  } finally {
    process.kill(world.tollgate.pid, 'SIGCONT')
  }
  console.log(`while Tollgate hangs: ${Math.round(Math.min(...took))} to ${Math.round(Math.max(...took))} ms for a 503`)
  // The limit of one try, and what a busy machine adds; never that of a hold.
  expect(Math.max(...took)).toBeLessThan(wholeMs / 2)
  await untilReply({ url, token }, ({ status }) => status === 200, 20_000)
})
