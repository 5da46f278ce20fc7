import { readFileSync } from 'node:fs'
import type { Pool, PoolClient } from 'pg'
import type { DescriptorRows, DescriptorStore, DescriptorWrite } from '../policy/import-ports.ts'
import { inTransactionBy } from './acting.ts'
import { asRowFault } from './row-refusal.ts'

const textOf = (name: string): string =>
  readFileSync(new URL(`./queries/descriptor-${name}.sql`, import.meta.url), 'utf8')
const rowsQuery = textOf('rows')
const addDomains = textOf('add-domains')
const changeDomains = textOf('change-domains')
const removeLimits = textOf('remove-limits')
const changeLimits = textOf('change-limits')
const addLimits = textOf('add-limits')
const confirmEmptied = textOf('confirm-emptied')

/** Rows of descriptors in PostgreSQL; see `DescriptorStore`. */
export function createPostgresDescriptorStore(pool: Pool): DescriptorStore {
  return {
    read: () => asRowFault(pool, () => readRows(pool)),
    change: (decide, { by }) =>
      asRowFault(pool, () =>
        inTransactionBy(pool, by, async (client) => {
          // Two imports at once would each decide by rows that the other replaces. Readers are not kept waiting.
          await client.query(
            'LOCK TABLE tollgate.descriptor_domain, tollgate.descriptor_limit IN SHARE ROW EXCLUSIVE MODE',
          )
          const plan = decide(await readRows(client))
          if (plan !== undefined) await write(client, plan)
          if (plan !== undefined && plan.removed.length > 0) await client.query(confirmEmptied)
          return plan
        }),
      ),
  }
}

async function readRows(database: Pick<Pool | PoolClient, 'query'>): Promise<DescriptorRows> {
  const { rows } = await database.query<DescriptorRows>(rowsQuery)
  return rows[0] ?? { domains: [], limits: [] }
}

/** Each a statement over all its rows, since triggers work once a statement. */
async function write(client: PoolClient, plan: DescriptorWrite): Promise<void> {
  const { newDomains, changedDomains, added, changed, removed } = plan
  for (const [text, rows] of [
    [addDomains, newDomains],
    [changeDomains, changedDomains],
    [removeLimits, removed],
    [changeLimits, changed],
    [addLimits, added],
  ] as const) {
    if (rows.length > 0) await client.query(text, [JSON.stringify(rows)])
  }
}
