import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { ChannelTools } from '../manage/channel-ports.ts'
import { readTarget } from '../notify/read-target.ts'
import { createPostgresChannelBook } from '../postgres/channel-book.ts'
import { createPostgresDirectory } from '../postgres/directory.ts'
import type { Settings } from '../settings.ts'
import { createInstallSecretBox } from './secret-box.ts'

/** What the use cases of channels need, in a serving process and in an operator's command. */
export function createChannelTools({
  settings,
  pool,
}: {
  readonly settings: Settings
  readonly pool: Pool
}): ChannelTools {
  return {
    channels: createPostgresChannelBook(pool),
    directory: createPostgresDirectory(pool),
    // It only seals, and opens nothing that a row may name.
    sealer: createInstallSecretBox({ settings, pool, environment: {} }),
    troubleWith(target, options) {
      const read = readTarget(target, options)
      return 'why' in read ? read.why : undefined
    },
    mailDomains: mailDomainsOf(settings),
    randomBytes,
  }
}

/** Those that are named, else the one that mail comes from. */
function mailDomainsOf({ TOLLGATE_MAIL_DOMAINS: named, TOLLGATE_MAIL_FROM: from = '' }: Settings): readonly string[] {
  const [, own] = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from) ?? []
  return named ?? (own === undefined ? [] : [own.toLowerCase()])
}
