import { readFileSync } from 'node:fs'
import pg, { type Pool, type PoolClient } from 'pg'
import { Fault } from '../core/fault.ts'
import type { DescriptorRows, DescriptorStore, DescriptorWrite, DomainRow, LimitRow } from '../policy/import-ports.ts'
import { asRowFault } from './row-refusal.ts'
import { inTransaction } from './transaction.ts'

const textOf = (name: string): string =>
  readFileSync(new URL(`./queries/descriptor-${name}.sql`, import.meta.url), 'utf8')
const domainsQuery = textOf('domains')
const limitsQuery = textOf('limits')
const addDomains = textOf('add-domains')
const changeDomains = textOf('change-domains')
const removeLimits = textOf('remove-limits')
const changeLimits = textOf('change-limits')
const addLimits = textOf('add-limits')
const confirmEmptied = textOf('confirm-emptied')

/** Of one statement, so that each ends well within the time that it has. */
const rowsMax = 5_000
/** A transaction that somebody left open must not keep an import waiting for ever, and all who write behind it. */
const lockSecondsMax = 2

/** Rows of descriptors in PostgreSQL; see `DescriptorStore`. */
export function createPostgresDescriptorStore(pool: Pool): DescriptorStore {
  return {
    read: () => asRowFault(pool, () => inTransaction(pool, 'REPEATABLE READ', readRows)),
    change: (decide) =>
      asRowFault(pool, () =>
        inTransaction(pool, 'READ COMMITTED', (client) => unlessLocked(() => changeRows(client, decide))),
      ),
  }
}

async function changeRows<Plan extends DescriptorWrite | undefined>(
  client: PoolClient,
  decide: (rows: DescriptorRows) => Plan,
): Promise<Plan> {
  await client.query(`SET LOCAL lock_timeout = '${lockSecondsMax}s'`)
  // Two imports at once would each decide by rows that the other replaces. Readers are not kept waiting.
  await client.query('LOCK TABLE tollgate.descriptor_domain, tollgate.descriptor_limit IN SHARE ROW EXCLUSIVE MODE')
  const plan = decide(await readRows(client))
  if (plan !== undefined) await write(client, plan)
  if (plan !== undefined && plan.removed.length > 0) await client.query(confirmEmptied)
  return plan
}

/** What `work` comes to. @throws Fault `conflict` when somebody else held a lock for too long. */
async function unlessLocked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    // lock_not_available
    if (!(cause instanceof pg.DatabaseError && cause.code === '55P03')) throw cause
    const sentence = `Nothing was changed: for ${lockSecondsMax} s another transaction has held what the import must write. If it is another import, try again; if somebody left it open, end it (SELECT pid, state, query FROM pg_stat_activity WHERE xact_start IS NOT NULL, then pg_terminate_backend(pid))`
    throw new Fault('conflict', sentence, { cause, transient: true })
  }
}

async function readRows(client: PoolClient): Promise<DescriptorRows> {
  const { rows: domains } = await client.query<{ row: DomainRow }>(domainsQuery)
  const { rows: limits } = await client.query<{ row: LimitRow }>(limitsQuery)
  return { domains: domains.map(({ row }) => row), limits: limits.map(({ row }) => row) }
}

/** Many rows to a statement, since triggers work once a statement. */
async function write(client: PoolClient, plan: DescriptorWrite): Promise<void> {
  const { newDomains, changedDomains, added, changed, removed } = plan
  for (const [text, rows] of [
    [addDomains, newDomains],
    [changeDomains, changedDomains],
    [removeLimits, removed],
    [changeLimits, changed],
    [addLimits, added],
  ] as const) {
    for (let from = 0; from < rows.length; from += rowsMax) {
      await client.query(text, [JSON.stringify(rows.slice(from, from + rowsMax))])
    }
  }
}
