import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Audience } from '../alerts/compose-message.ts'
import type { Channel } from '../alerts/ports.ts'
import type { AlertEvent } from '../core/alert-event.ts'
import { Fault } from '../core/fault.ts'
import type { Outlook } from '../core/outlook.ts'
import { makeDecisionLink } from '../manage/make-decision-link.ts'
import { openDecisionLink } from '../manage/open-decision-link.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import { createPostgresRequests } from '../postgres/requests.ts'

export type LinkFor = (events: readonly AlertEvent[], channel: Channel) => Promise<Audience['decisionLink']>

/**
 * A link that decides, with how the limit stands, for mail to a decider's own address that tells of one request and nothing else. Every other message gets none: a group,
 * a robot and a digest are read by more people than the one who may decide, and an address that another account set may be anybody's.
 */
export function createLinkFor({
  pool,
  publicUrl,
  budget,
}: {
  readonly pool: Pool
  readonly publicUrl: string | undefined
  /** Absent: nothing is told of what a decision rests on. */
  readonly budget?: RequestTools['budget'] | undefined
}): LinkFor {
  const tools = { requests: createPostgresRequests(pool), randomBytes }
  return async ([event, ...others], { kind, account, isOwnWord }) => {
    const isAsked = event?.type === 'request_asked' && others.length === 0
    if (!isAsked || publicUrl === undefined || kind !== 'email' || account === undefined || isOwnWord !== true)
      return undefined
    const made = await makeDecisionLink(tools, { request: String(event.data?.['request'] ?? ''), decider: account })
    if (made === undefined) return undefined
    const outlook = budget && (await outlookBehind({ ...tools, budget }, made.secret))
    return { url: `${publicUrl}/api/links/${made.secret}`, untilMs: made.untilMs, ...(outlook && { outlook }) }
  }
}

/** The mail goes without it when nobody can say it now: the page behind the link looks again. */
async function outlookBehind(
  tools: Pick<RequestTools, 'requests' | 'budget'>,
  secret: string,
): Promise<Outlook | undefined> {
  try {
    return (await openDecisionLink(tools, { secret })).outlook
  } catch (cause) {
    if (cause instanceof Fault) return undefined
    throw cause
  }
}
