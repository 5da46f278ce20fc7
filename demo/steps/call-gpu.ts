import { setTimeout as delay } from 'node:timers/promises'
import { call } from '../caller.ts'
import { type Demo, expectThat, type Shown } from '../step.ts'
import type { World } from '../world.ts'

/** The seed's `gpu-calls` of the plan free: so many at once, then one every twelve seconds. */
const ALLOWED = 5
const BOOKED_MS_MAX = 15_000

/** The GPU surface has prices and limits of its own. */
export async function callGpu({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  const url = `${world.baseUrl}/gpu/v1/chat/completions`
  const replies = []
  for (let count = 0; count <= ALLOWED; count += 1) {
    replies.push(await call({ method: 'POST', url, token: aliceToken, body: '{"model":"demo"}' }))
  }
  const statuses = replies.map((reply) => reply.status)
  const last = replies.at(-1)
  expectThat(
    statuses.lastIndexOf(200) === ALLOWED - 1 && last?.status === 429,
    'the last request meets its own rate',
    statuses,
  )
  expectThat(last.body.includes('"error"'), 'the refusal has the shape that OpenAI clients read', last)
  const page = await call({ url: `${world.baseUrl}/simple/fig/`, token: aliceToken })
  expectThat(page.status === 200, 'packages are served meanwhile', page)
  const credits = await bookedCredits(world)
  return [
    {
      what: `POST /gpu/v1/chat/completions, ${ALLOWED + 1} times`,
      happened: `${ALLOWED} × 200, then ${last.status}; ${credits} credits each; packages are served meanwhile`,
      terminal: last.body,
    },
  ]
}

async function bookedCredits(world: World): Promise<number> {
  const deadlineMs = performance.now() + BOOKED_MS_MAX
  for (;;) {
    const rows = await world.sql(
      `SELECT credits FROM tollgate.usage_entry WHERE is_home AND surface = 'gpu' AND account = 'alice' AND state = 'final'`,
    )
    if (rows.length >= ALLOWED) return Number(rows[0]?.['credits'])
    expectThat(performance.now() < deadlineMs, 'the ledger books GPU requests', rows)
    await delay(50)
  }
}
