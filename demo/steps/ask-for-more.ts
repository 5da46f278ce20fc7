import { call, type Reply, untilReply } from '../caller.ts'
import { statusOf } from '../status.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'

const MORE_CREDITS = 500
const LANDING = /\/-\/denied\/quota\/\S+/

/** It runs out, alice asks, her lead approves, and the next install passes. */
export async function askForMore({ world, sink, aliceToken, carolToken }: Demo): Promise<readonly Shown[]> {
  const install = { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] }
  const refused = await world.installers.pip('26.3', install)
  expectThat(refused.code !== 0 && LANDING.test(refused.text), 'the quota runs out', refused.text)
  const { limit } = await statusOf(world, aliceToken)
  const api = `http://${world.settings['TOLLGATE_PUBLIC_ADDRESS']}/api`
  const post = (path: string, token: string, body: unknown): Promise<Reply> =>
    call({
      method: 'POST',
      url: `${api}${path}`,
      token,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })

  const until = new Date(Date.now() + 3_600_000).toISOString()
  const wish = { limit: 'daily-credits', amount: MORE_CREDITS, until, reason: 'The release is today' }
  const asked = await post('/requests', aliceToken, wish)
  expectThat(asked.status === 201, 'alice may ask', asked)
  const { id } = JSON.parse(asked.body) as { readonly id: string }
  const own = await post(`/requests/${id}/approve`, aliceToken, {})
  expectThat(own.status === 403, 'nobody decides their own request', own)
  const approved = await post(`/requests/${id}/approve`, carolToken, { note: 'Good luck' })
  const approvedAtMs = Date.now()
  expectThat(approved.status === 200, 'carol, who leads the project, may approve', approved)
  const status = { url: `${world.baseUrl}/quota/status`, token: aliceToken }
  const { durationMs } = await untilReply(status, ({ body }) => body.includes(`"limit":${limit + MORE_CREDITS}`), 5_000)
  const passed = await world.installers.pip('26.3', install)
  expectThat(passed.code === 0, 'her next install passes', passed.text)
  const told = await sink.arrived(({ type }) => type === 'request_decided')
  return [
    {
      what: 'alice: pip install fruit-salad',
      happened: `pip ends with ${refused.code}: nothing is left`,
      terminal: LANDING.exec(refused.text)?.[0] ?? '',
    },
    {
      what: `alice: POST /api/requests, ${MORE_CREDITS} more for an hour`,
      happened: `${asked.status}; approving it herself: ${own.status}`,
    },
    {
      what: `carol, who leads the project: POST /api/requests/${id}/approve`,
      happened: `in force ${durationMs.toFixed(1)} ms after the approval; alice was told ${told.atMs - approvedAtMs} ms after it`,
    },
    {
      what: 'alice: pip install fruit-salad again',
      happened: `installed in ${(passed.durationMs / 1_000).toFixed(1)} s`,
      terminal: linesWith(passed.text, ['Successfully installed']),
    },
  ]
}
