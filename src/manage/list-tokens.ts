import { holderOf } from './holder-of.ts'
import { readPage } from './page.ts'
import type { ListedToken, ManageTools, Page } from './ports.ts'
import { type Actor, assertMay } from './who-may.ts'

export interface ListTokens {
  readonly actor: Actor
  /** Absent: everyone's. */
  readonly account?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** 1 to 1,000. */
  readonly countMax: number
}

/** What someone must own to be listed without naming an account: nobody does, so only those who may all can ask. */
const everyone = { account: 'everyone', project: '' }

/**
 * Tokens by hint, newest first, a page at a time.
 * Throws a `Fault`: `not_found` (no such account), `forbidden`, `not_valid` (an `after` that is no place, an absurd count),
 * `policy_unavailable`.
 */
export async function listTokens(
  { directory }: Pick<ManageTools, 'directory'>,
  { actor, ...wanted }: ListTokens,
): Promise<Page<ListedToken>> {
  const { account } = wanted
  assertMay(actor, 'list tokens', account === undefined ? everyone : await holderOf(directory, account))
  return readPage(wanted, (page) => directory.tokens(page))
}
