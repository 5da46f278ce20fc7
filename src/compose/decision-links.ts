import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Audience } from '../alerts/compose-message.ts'
import type { Channel } from '../alerts/ports.ts'
import type { AlertEvent } from '../core/alert-event.ts'
import { makeDecisionLink } from '../manage/make-decision-link.ts'
import { createPostgresRequests } from '../postgres/requests.ts'

export type LinkFor = (events: readonly AlertEvent[], channel: Channel) => Promise<Audience['decisionLink']>

/**
 * A link that decides, for mail to a decider's own address that tells of one request and nothing else. Every other message gets none: a group,
 * a robot and a digest are read by more people than the one who may decide, and an address that another account set may be anybody's.
 */
export function createLinkFor({
  pool,
  publicUrl,
}: {
  readonly pool: Pool
  readonly publicUrl: string | undefined
}): LinkFor {
  const tools = { requests: createPostgresRequests(pool), randomBytes }
  return async ([event, ...others], { kind, account, isOwnWord }) => {
    const isAsked = event?.type === 'request_asked' && others.length === 0
    if (!isAsked || publicUrl === undefined || kind !== 'email' || account === undefined || isOwnWord !== true)
      return undefined
    const made = await makeDecisionLink(tools, { request: String(event.data?.['request'] ?? ''), decider: account })
    return made && { url: `${publicUrl}/api/links/${made.secret}`, untilMs: made.untilMs }
  }
}
