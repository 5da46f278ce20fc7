import { afterAll, beforeAll, expect, test } from 'vitest'
import { untilStatusShows } from '../../demo/status.ts'
import type { World } from '../../demo/world.ts'
import { addAccount, fileCredits, setDailyQuota, tomorrow } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ store: 'memory' })
})

afterAll(() => world.stop())

test('without Redis pip and uv are served, charged, booked and refused in the same way', async () => {
  const token = await addAccount(world, 'judy')
  // gooseberry needs fig: two metadata files and two wheels.
  await setDailyQuota(world, 'judy', 4 * fileCredits)
  await untilStatusShows(world, token, '"e2e-daily"')
  const indexUrl = world.indexUrl(token)
  const served = await world.installers.uv({ indexUrl, packages: ['gooseberry'] })
  expect(served.text).toContain('Installed 2 packages')
  const refused = await world.installers.pip('26.3', { indexUrl, packages: ['damson'] })
  expect(refused.text).toContain(`/-/denied/quota/daily/used-20-of-20/resets-${tomorrow()}T00-00Z/open-this-url-to-ask`)
  const booked = () =>
    world.sql(
      `SELECT sum(credits)::text AS credits, count(*)::int AS rows FROM tollgate.usage_entry
       WHERE account = 'judy' AND state = 'final' AND kind IN ('artifact', 'metadata') AND credits > 0`,
    )
  await expect.poll(booked, { timeout: 15_000 }).toEqual([{ credits: '20.000', rows: 4 }])
})
