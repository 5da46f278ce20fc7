import { readPage, visibleTo } from './page.ts'
import type { Page } from './ports.ts'
import type { QuotaRequest, RequestTools } from './request-ports.ts'
import type { Actor } from './who-may.ts'

export interface ListRequests {
  readonly actor: Actor
  readonly state?: QuotaRequest['state'] | undefined
  /** For it, or for or by an account of it. */
  readonly project?: string | undefined
  /** For it or by it. */
  readonly account?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** 1 to 1,000. */
  readonly countMax: number
}

/**
 * Requests that the caller may see, the newest first: their own, a lead those of the project, an administrator all. What is named and may not
 * be seen has none. Throws a `Fault`: `not_valid` (an `after` that is no place, an absurd count, no id), `policy_unavailable`.
 */
export async function listRequests(
  { requests }: Pick<RequestTools, 'requests'>,
  { actor, ...wanted }: ListRequests,
): Promise<Page<QuotaRequest>> {
  return readPage({ ...wanted, visible: visibleTo(actor) }, (page) => requests.requests(page))
}
