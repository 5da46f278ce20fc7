import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../../demo/caller.ts'
import { pipVersions } from '../../demo/installers.ts'
import { untilStatusShows } from '../../demo/status.ts'
import { fileUrl } from '../../demo/steps/leave-download.ts'
import type { World } from '../../demo/world.ts'
import { addAccount, setDailyQuota, tomorrow } from '../support/people.ts'
import { createPoetry } from '../support/poetry.ts'
import { createWorld } from '../support/world.ts'

let world: World
let token: string
/** Under the index root: what pip and poetry print of a refusal. */
let landingUrl: string

beforeAll(async () => {
  world = await createWorld({ store: 'redis' })
  token = await addAccount(world, 'kate')
  await setDailyQuota(world, 'kate', 10)
  await untilStatusShows(world, token, '"e2e-daily"')
  const url = await fileUrl(world, token, 'fig')
  for (let taken = 0; taken < 2; taken += 1) expect((await call({ url, token })).status).toBe(200)
  landingUrl = `${world.baseUrl}/-/denied/quota/daily/used-10-of-10/resets-${tomorrow()}T00-00Z/open-this-url-to-ask`
})

afterAll(() => world.stop())

describe('a file over the daily quota', () => {
  test.for(pipVersions)('pip %s prints window, used, amount, reset time and where to ask', async (version) => {
    const run = await world.installers.pip(version, { indexUrl: world.indexUrl(token), packages: ['damson'] })
    expect(run.text).toContain(`403 Client Error: Forbidden for url: ${landingUrl}`)
    expect(run.code).toBe(1)
    expect(run.modules).toEqual([])
  })

  test('uv prints the sentence and the address', async () => {
    const run = await world.installers.uv({ indexUrl: world.indexUrl(token), packages: ['damson'] })
    const sentence = `Daily quota exhausted, 10 of 10 credits used; resets ${tomorrow()} 00:00 UTC; for more ask #package-help`
    expect(run.text).toContain(`Server message: ${sentence}`)
    expect(run.text).toContain(landingUrl)
    expect(run.code).not.toBe(0)
  })

  // The first run installs poetry.
  test('poetry prints window, used, amount, reset time and where to ask', { timeout: 400_000 }, async () => {
    await setDailyQuota(world, 'kate', 1_000)
    const options = { installers: world.installers, folder: world.folder, requirement: 'damson' }
    const poetry = await createPoetry({ ...options, indexUrl: world.indexUrl(token) })
    await untilLimit(1_000)
    expect((await poetry.lock()).code).toBe(0)
    const { used } = JSON.parse((await status()).body) as { readonly used: number }
    await setDailyQuota(world, 'kate', used)
    await untilLimit(used)
    const run = await poetry.install()
    expect(run.code).not.toBe(0)
    expect(run.text).toContain(
      `403 Client Error: Forbidden for url: ${landingUrl.replace('used-10-of-10', `used-${used}-of-${used}`)}`,
    )
  })

  test('a script reads the problem itself, without a redirect', async () => {
    const reply = await call({ url: await fileUrl(world, token, 'fig'), token })
    expect(reply.status).toBe(403)
    expect(reply.headers['content-type']).toBe('application/problem+json')
    expect(reply.headers['retry-after']).toBeUndefined()
    expect(JSON.parse(reply.body)).toMatchObject({
      title: 'Daily quota exhausted',
      status: 403,
      limit: 'e2e-daily',
      reset_at: `${tomorrow()}T00:00:00Z`,
    })
  })

  test('the page a refused installer is sent to says the same, with or without a token, and costs nothing', async () => {
    const before = await quotasUsed()
    const replies = [await call({ url: landingUrl }), await call({ url: landingUrl, token })]
    for (const reply of replies) {
      expect(reply.status).toBe(403)
      expect(JSON.parse(reply.body)).toMatchObject({ title: 'Daily quota exhausted', used: 10, amount: 10 })
    }
    expect(await quotasUsed()).toEqual(before)
  })
})

function status() {
  return call({ url: `${world.baseUrl}/quota/status`, token })
}

async function quotasUsed(): Promise<readonly unknown[]> {
  const { limits } = JSON.parse((await status()).body) as {
    readonly limits: readonly { kind: string; used: unknown }[]
  }
  return limits.filter(({ kind }) => kind === 'quota').map(({ used }) => used)
}

async function untilLimit(limit: number): Promise<void> {
  await expect
    .poll(async () => (JSON.parse((await status()).body) as { limit: number }).limit, { timeout: 5_000 })
    .toBe(limit)
}
