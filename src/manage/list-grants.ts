import { readPage, visibleTo } from './page.ts'
import type { Page } from './ports.ts'
import type { ListedGrant, RequestTools } from './request-ports.ts'
import type { Actor } from './who-may.ts'

export interface ListGrants {
  readonly actor: Actor
  readonly state?: ListedGrant['state'] | undefined
  /** To it or to an account of it. */
  readonly project?: string | undefined
  /** To it, to its project or to its department. */
  readonly account?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** 1 to 1,000. */
  readonly countMax: number
}

/**
 * Grants that the caller may see, those that began last first: what raises their own limits, a lead those of the project's accounts, an
 * administrator all. Throws a `Fault`: `not_valid` (an `after` that is no place, an absurd count, no id), `policy_unavailable`.
 */
export async function listGrants(
  { requests }: Pick<RequestTools, 'requests'>,
  { actor, ...wanted }: ListGrants,
): Promise<Page<ListedGrant>> {
  return readPage({ ...wanted, visible: visibleTo(actor) }, (page) => requests.grants(page))
}
