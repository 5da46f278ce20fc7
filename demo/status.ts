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

/** Until `/quota/status` holds a text: for what is not about how fast a committed change is in force. */
export async function untilStatusShows(world: World, token: string, text: string): Promise<void> {
  const ask = { url: `${world.baseUrl}/quota/status`, token }
  await untilReply(ask, (reply) => reply.body.includes(text), 5_000)
}
