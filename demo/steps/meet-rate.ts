import { call } from '../caller.ts'
import { untilStatusShows } from '../status.ts'
import { checksOf, type Demo, expectThat, linesWith, type Shown } from '../step.ts'

/** So little that pip meets it on the slowest machine: it asks 24 times. */
const BURST = 5
const ASKED_AT_ONCE = 40

/** A burst meets the rate; pip, told to wait, waits and gets everything. */
export async function meetRate({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every, applies_to_account)
     VALUES ('alice-slow', 'package-requests', 'rate', 'requests', 'pypi', ${BURST}, ${BURST}, '1 second', 'alice')`,
  )
  await untilStatusShows(world, aliceToken, `"limit":${BURST},`)
  const url = `${world.baseUrl}/simple/damson/`
  const replies = await Promise.all(Array.from({ length: ASKED_AT_ONCE }, () => call({ url, token: aliceToken })))
  const refused = replies.filter((reply) => reply.status === 429)
  const waits = new Set(refused.map((reply) => String(reply.headers['retry-after'])))
  expectThat(
    refused.length > 0 && replies.length - refused.length >= BURST,
    `of ${ASKED_AT_ONCE} requests at once about ${BURST} pass and the rest get 429`,
    replies.map((reply) => reply.status),
  )
  expectThat(
    [...waits].every((wait) => /^[1-9]\d*$/.test(wait)),
    'Retry-After is whole seconds',
    [...waits],
  )
  const before = await checksOf(world)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] })
  const after = await checksOf(world)
  await world.sql(`DELETE FROM tollgate.limit_rule WHERE id = 'alice-slow'`)
  expectThat(run.code === 0, 'pip recovers from 429 by itself', run.text)
  expectThat(after.denied > before.denied, 'pip met the rate', { before, after })
  return [
    {
      what: `${ASKED_AT_ONCE} requests at once, ${BURST} a second allowed`,
      happened: `${replies.length - refused.length} passed, ${refused.length} got 429 with Retry-After ${[...waits].join(', ')}`,
    },
    {
      what: 'alice: pip install fruit-salad under that rate',
      happened: `got 429 ${after.denied - before.denied} ×, waited as told, installed in ${(run.durationMs / 1_000).toFixed(1)} s`,
      terminal: linesWith(run.text, ['Successfully installed', 'ERROR', 'WARNING']),
    },
  ]
}
