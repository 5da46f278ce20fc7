import { describe, expect, test } from 'vitest'
import { createLogClient } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', 10, 'day')`

/** Asks for so many files; what is allowed is delivered and logged. Answers how many were refused. */
async function download(plane: TestPlane, token: string, count: number): Promise<number> {
  const client = plane.client()
  const log = createLogClient(plane.address)
  let refused = 0
  for (let nth = 0; nth < count; nth += 1) {
    const { metadata } = await client.check({ token, path: wheel, extensions: { upstream: 'mirror' } })
    const ticket = metadata['ticket']
    if (ticket === undefined) refused += 1
    else log.send({ ticket, path: wheel, status: 200 })
  }
  await log.finish()
  log.close()
  return refused
}

const levels = async (plane: TestPlane, where: string): Promise<readonly string[]> => {
  const rows = await plane.sql(
    `SELECT percent, amount::int FROM tollgate.alert_event WHERE type = 'level' AND ${where} ORDER BY at, percent`,
  )
  return rows.map(({ percent, amount }) => `${percent} of ${amount}`)
}

describe.each(['redis', 'memory'] as const)('with the store %s', (store) => {
  test('who was refused, got more at once and went on is warned of what they have now', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(daily)
    const token = await plane.token()
    expect(await download(plane, token, 11)).toBe(1)
    await plane.policy(`INSERT INTO tollgate.grant (id, limit_name, account, amount, ends_at)
                          VALUES ('g', 'daily', 'alice', 30, now() + interval '1 hour')`)
    expect(await download(plane, token, 22)).toBe(0)
    await expect
      .poll(() => levels(plane, 'NOT skipped AND amount = 40'), { timeout: 3_000, interval: 20 })
      .toEqual(['80 of 40'])
    expect(await download(plane, token, 8)).toBe(0)
    await expect
      .poll(() => levels(plane, 'NOT skipped AND amount = 40'), { timeout: 3_000, interval: 20 })
      .toEqual(['80 of 40', '100 of 40'])
    await expect.poll(() => levels(plane, 'ended_at IS NULL AND amount < 40'), { timeout: 5_000 }).toEqual([])
  })
})
