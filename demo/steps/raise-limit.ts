import { untilReply } from '../caller.ts'
import { statusOf } from '../status.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'

const UPDATE = `UPDATE tollgate.limit_rule SET amount = 1000 WHERE id = 'alice-daily'`

/** One UPDATE, and the next install passes; what was used stays used. */
export async function raiseLimit({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  const ask = { url: `${world.baseUrl}/quota/status`, token: aliceToken }
  const before = await statusOf(world, aliceToken)
  await world.sql(UPDATE)
  const { durationMs } = await untilReply(ask, (reply) => limitIn(reply.body) === 1_000, 5_000)
  const after = await statusOf(world, aliceToken)
  expectThat(after.limit === 1000 && after.used >= before.used, 'the limit is raised and nothing is forgotten', after)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] })
  expectThat(run.code === 0, 'the next install passes', run.text)
  return [
    { what: UPDATE, happened: `enforced ${durationMs.toFixed(1)} ms after COMMIT` },
    {
      what: 'alice: pip install fruit-salad again',
      happened: `installed in ${(run.durationMs / 1_000).toFixed(1)} s`,
      terminal: linesWith(run.text, ['Successfully installed']),
    },
  ]
}

function limitIn(body: string): number | undefined {
  return (JSON.parse(body) as { readonly limit?: number }).limit
}
