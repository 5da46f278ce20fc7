import { statusOf } from '../status.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'
import type { World } from '../world.ts'

/** An install costs about nine credits: so many more bring it over 80 %, and nowhere near 95 %. */
const CROSSING_CREDITS = 5
const LIMIT = 'alice-daily'

/** The request whose charge brought the day to 80 %, by the ledger. */
const crossing = `
  SELECT min(at) AS at FROM (
    SELECT at, sum(credits) OVER (ORDER BY at, id) AS used FROM tollgate.usage_entry
     WHERE is_home AND account = 'alice' AND surface = 'pypi' AND at >= date_trunc('day', now(), 'UTC')) AS entry
   WHERE used >= 0.8 * $1::numeric`

/** Before the quota runs out an alert tells alice, in the one place where she wants to be told. */
export async function warn({ world, sink, aliceToken }: Demo): Promise<readonly Shown[]> {
  const { used } = await statusOf(world, aliceToken)
  const amount = Math.ceil((used + CROSSING_CREDITS) / 0.8)
  await world.sql(
    `INSERT INTO tollgate.alert_channel (id, kind, account, target, secret, private_target, types)
     VALUES ('alice-sink', 'webhook', 'alice', $1, $2, true, '{level,request_decided}')`,
    [sink.url, sink.secret],
  )
  await world.sql('UPDATE tollgate.limit_rule SET amount = $2 WHERE id = $1', [LIMIT, amount])
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] })
  expectThat(run.code === 0, 'the install passes', run.text)
  const { alert, atMs } = await sink.arrived(({ type, percent }) => type === 'level' && percent === 80)
  expectThat(alert.user === 'alice' && alert.total_quota === amount, 'the alert is about her limit', alert)
  const afterMs = atMs - (await crossedAtMs(world, amount))
  return [
    {
      what: `alice: pip install fruit-salad, ${used} of ${amount} credits used before`,
      happened: 'installed, and 80 % are passed',
      terminal: linesWith(run.text, ['Successfully installed']),
    },
    {
      what: 'her webhook, its signature verified',
      happened: `the alert arrived ${afterMs} ms after the request that passed 80 %`,
      terminal: JSON.stringify(alert),
    },
  ]
}

/** By the store's clock, which is this machine's. */
async function crossedAtMs(world: World, amount: number): Promise<number> {
  const [row] = await world.sql(crossing, [amount])
  const at = row?.['at']
  expectThat(at instanceof Date, 'the ledger knows the request that passed 80 %', row)
  return at.getTime()
}
