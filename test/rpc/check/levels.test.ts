import { describe, expect, test } from 'vitest'
import { createLogClient } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', 10, 'day')`

/** Downloads so many files, each allowed, delivered and logged. */
async function download(plane: TestPlane, token: string, count: number): Promise<void> {
  const client = plane.client()
  const log = createLogClient(plane.address)
  for (let nth = 0; nth < count; nth += 1) {
    const { metadata } = await client.check({ token, path: wheel, extensions: { upstream: 'mirror' } })
    log.send({ ticket: metadata['ticket'] ?? '', path: wheel, status: 200 })
  }
  await log.finish()
  log.close()
}

const told = async (plane: TestPlane) =>
  (
    await plane.sql(
      `SELECT type, percent, amount::int FROM tollgate.alert_event WHERE NOT skipped AND type <> 'forecast' ORDER BY at`,
    )
  ).map(({ type, percent, amount }) => `${type} ${percent} of ${amount}`)

describe.each(['redis', 'memory'] as const)('levels with the store %s', (store) => {
  test('are told within two seconds of the charge that crosses them, end when a grant raises the limit, begin anew, and are told when it ends', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(daily)
    const token = await plane.token()
    await download(plane, token, 8)
    await expect.poll(() => told(plane), { timeout: 2_000, interval: 20 }).toEqual(['level 80 of 10'])
    await download(plane, token, 2)
    await expect
      .poll(() => told(plane), { timeout: 2_000, interval: 20 })
      .toEqual(['level 80 of 10', 'level 100 of 10'])
    await plane.policy(`INSERT INTO tollgate.grant (id, limit_name, account, amount, ends_at)
                          VALUES ('g', 'daily', 'alice', 10, now() + interval '1 hour')`)
    await expect.poll(() => told(plane), { timeout: 2_000, interval: 20 }).toContain('recovered 100 of 20')
    await download(plane, token, 6)
    await expect
      .poll(() => told(plane), { timeout: 2_000, interval: 20 })
      .toEqual(['level 80 of 10', 'level 100 of 10', 'recovered 100 of 20', 'level 80 of 20'])
    // Nobody changes a row when it ends.
    await plane.policy(`UPDATE tollgate.grant SET ends_at = now() + interval '1 second'`)
    await expect
      .poll(async () => (await told(plane)).slice(4), { timeout: 4_000, interval: 20 })
      .toEqual(['level 100 of 10'])
  })
})
