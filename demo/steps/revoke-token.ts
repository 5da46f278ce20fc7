import { untilReply } from '../caller.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'

const UPDATE = `UPDATE tollgate.token SET revoked_at = now() WHERE account = 'alice' AND revoked_at IS NULL`

/** The token is revoked by SQL; alice gets a new one for what follows. */
export async function revokeToken(demo: Demo): Promise<readonly Shown[]> {
  const { world, aliceToken } = demo
  await world.sql(UPDATE)
  const ask = { url: `${world.baseUrl}/quota/status`, token: aliceToken }
  const { durationMs } = await untilReply(ask, (reply) => reply.status === 401, 5_000)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fig'] })
  expectThat(run.code !== 0 && run.modules.length === 0, 'pip with a revoked token installs nothing', run.text)
  demo.aliceToken = await world.issueToken('alice')
  return [
    { what: UPDATE, happened: `401 ${durationMs.toFixed(1)} ms after COMMIT` },
    {
      what: 'pip install fig with the revoked token',
      happened: `401, pip ends with ${run.code}`,
      terminal: linesWith(run.text, ['401']),
    },
  ]
}
