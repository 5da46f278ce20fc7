import { call } from '../caller.ts'
import { untilStatusShows } from '../status.ts'
import { checksOf, type Demo, expectThat, linesWith, type Shown } from '../step.ts'
import type { World } from '../world.ts'

/** So little that pip meets it on the slowest machine: it asks 24 times. */
const BURST = 5
const ASKED_AT_ONCE = 40

/** A burst meets the rate: some pass at once, some are held until they fit, the rest is refused. pip, held, gets everything without a refusal. */
export async function meetRate({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every, applies_to_account)
     VALUES ('alice-slow', 'package-requests', 'rate', 'requests', 'pypi', ${BURST}, ${BURST}, '1 second', 'alice')`,
  )
  await untilStatusShows(world, aliceToken, `"limit":${BURST},`)
  const burst = await askAtOnce(world, aliceToken)
  const before = await checksOf(world)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] })
  const after = await checksOf(world)
  await world.sql(`DELETE FROM tollgate.limit_rule WHERE id = 'alice-slow'`)
  expectThat(run.code === 0, 'pip installs under the rate', run.text)
  expectThat(after.denied === before.denied, 'pip is held instead of refused', { before, after, text: run.text })
  const asked = after.ok - before.ok
  expectThat(run.durationMs > ((asked - BURST) * 1_000) / BURST, 'pip was held by the rate', { asked, run })
  return [
    { what: `${ASKED_AT_ONCE} requests at once, ${BURST} a second allowed`, happened: burst },
    {
      what: 'alice: pip install fruit-salad under that rate',
      happened: `${asked} requests, none refused, each held until it fits; installed in ${(run.durationMs / 1_000).toFixed(1)} s`,
      terminal: linesWith(run.text, ['Successfully installed', 'ERROR', 'WARNING']),
    },
  ]
}

async function askAtOnce(world: World, token: string): Promise<string> {
  const startedMs = performance.now()
  const url = `${world.baseUrl}/simple/damson/`
  const replies = await Promise.all(Array.from({ length: ASKED_AT_ONCE }, () => call({ url, token })))
  const tookMs = performance.now() - startedMs
  const refused = replies.filter((reply) => reply.status === 429)
  const passed = replies.filter((reply) => reply.status === 200)
  const waits = new Set(refused.map((reply) => String(reply.headers['retry-after'])))
  expectThat(
    refused.length > 0 && passed.length > BURST && refused.length + passed.length === ASKED_AT_ONCE,
    `of ${ASKED_AT_ONCE} requests at once ${BURST} pass, some more a little later, and the rest get 429`,
    replies.map((reply) => reply.status),
  )
  expectThat(
    [...waits].every((wait) => /^[1-9]\d*$/.test(wait)),
    'Retry-After is whole seconds',
    [...waits],
  )
  return `${passed.length} passed within ${(tookMs / 1_000).toFixed(1)} s, ${refused.length} got 429 with Retry-After ${[...waits].join(', ')}`
}
