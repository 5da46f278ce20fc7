import { call } from '../caller.ts'
import { statusOf } from '../status.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'

const LEFT_CREDITS = 3
const LANDING = /\/-\/denied\/quota\/daily\/used-[\d.]+-of-[\d.]+\/resets-[\dTZ-]+\/open-this-url-to-ask/

/** The day's budget runs out in the middle of an install; pip and uv say so. */
export async function exhaustQuota({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  const { used } = await statusOf(world, aliceToken)
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, "window", applies_to_account)
     VALUES ('alice-daily', 'daily-credits', 'quota', 'credits', 'pypi', ${used + LEFT_CREDITS}, 'day', 'alice')`,
  )
  const install = { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] }
  const pip = await world.installers.pip('26.3', install)
  expectThat(pip.code !== 0 && LANDING.test(pip.text), 'pip says in the URL what ran out', pip.text)
  const uv = await world.installers.uv(install)
  expectThat(uv.code !== 0 && uv.text.includes('Server message'), 'uv prints why', uv.text)
  const askAt = world.settings['TOLLGATE_ASK_AT'] ?? ''
  expectThat(uv.text.includes(askAt), 'uv prints where to ask', uv.text)
  const status = await call({ url: `${world.baseUrl}/quota/status`, token: aliceToken })
  const { used: usedNow, limit } = await statusOf(world, aliceToken)
  expectThat(
    usedNow <= limit && limit - usedNow < LEFT_CREDITS,
    'the status page says that little is left',
    status.body,
  )
  return [
    {
      what: 'pip install over the daily quota',
      happened: `pip ends with ${pip.code}`,
      terminal: linesWith(pip.text, ['ERROR']),
    },
    {
      what: 'uv pip install over the daily quota',
      happened: `uv ends with ${uv.code}`,
      terminal: uv.text.slice(uv.text.indexOf('error')).trim(),
    },
    { what: 'GET /quota/status', happened: `{"used":${usedNow},"limit":${limit}}` },
  ]
}
