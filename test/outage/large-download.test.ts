import { afterAll, beforeAll, expect, test } from 'vitest'
import { bookedOf } from './support/books-of.ts'
import { largeBytes } from './support/length.ts'
import { untilQuiet } from './support/quiet.ts'
import type { TrialWorld } from './support/trial.ts'
import { startTrialWorld } from './support/trial-world.ts'

let world: TrialWorld & AsyncDisposable

beforeAll(async () => {
  world = await startTrialWorld({ isExact: false })
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

test(`a real file of ${largeBytes} bytes is booked to the byte`, async () => {
  const { stage, lookout } = world
  const { account, token } = await stage.caller('deny')
  const file = `large${account}b${largeBytes}h0-1.0-py3-none-any.whl`
  const reply = await fetch(`${stage.baseUrl}/packages/aa/${file}`, { headers: { authorization: `Bearer ${token}` } })
  let bytes = 0
  for await (const chunk of reply.body ?? []) bytes += chunk.length
  await untilQuiet(lookout, stage.tollgate())
  expect([reply.status, bytes]).toEqual([200, largeBytes])
  const [row, ...others] = (await bookedOf(stage.pool, account)).filter(({ isHome }) => isHome)
  expect(others).toEqual([])
  expect(row).toMatchObject({ file, state: 'final', outcome: 'delivered', unsettled: false, bytes: largeBytes })
})
