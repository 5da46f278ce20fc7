import { call, untilReply } from './caller.ts'
import { expectThat } from './step.ts'
import type { World } from './world.ts'

export interface QuotaStatus {
  readonly used: number
  readonly limit: number
}

/** What `/quota/status` tells a token about its headline quota, in credits. */
export async function statusOf(world: World, token: string): Promise<QuotaStatus> {
  const reply = await call({ url: `${world.baseUrl}/quota/status`, token })
  expectThat(reply.status === 200, '/quota/status answers', reply)
  const { used, limit } = JSON.parse(reply.body) as Partial<QuotaStatus>
  expectThat(typeof used === 'number' && typeof limit === 'number', '/quota/status has used and limit', reply.body)
  return { used, limit }
}

/** Until a limit that was just committed is in force: for steps that are not about how fast that is. */
export async function untilListed(world: World, token: string, limit: string): Promise<void> {
  const ask = { url: `${world.baseUrl}/quota/status`, token }
  await untilReply(ask, (reply) => reply.body.includes(`"${limit}"`), 5_000)
}
