import type { PolicyDraft } from './policy-state.ts'
import type { FormerRow, PolicyDatabase, PolicyHead, TableName } from './ports.ts'
import type { RowsDraft } from './table-state.ts'

const rowsPerQuestion = 100

/**
 * Asks the change log for what memory lacks: last good versions of faulty rows, and the rows that an emptied table had last. So a process
 * that starts now comes to what one that has run all along has in force. Asks nothing while no row is faulty and no table empty.
 */
export async function recover(draft: PolicyDraft, database: PolicyDatabase, head: PolicyHead): Promise<void> {
  for (const table of draft.tables) {
    const rows = draft.table(table)
    await recoverRows(rows, database, { table, version: head.version })
    if (!rows.isUnexplained({ isEmptyOnPurpose: head.emptied.includes(table) })) continue
    const take = (lost: readonly FormerRow[]): void => takeLost(rows.lost, lost)
    const version = await database.readLost({ table, version: head.version, take })
    if (version !== undefined) await recoverRows(rows.lost, database, { table, version })
  }
}

function takeLost(draft: RowsDraft, lost: readonly FormerRow[]): void {
  draft.take(lost.flatMap((one) => (one.kind === 'known' ? [one.row] : [])))
  for (const one of lost) if (one.kind === 'unknown') draft.miss(one.id, one.reason)
}

async function recoverRows(
  draft: RowsDraft,
  database: PolicyDatabase,
  { table, version }: { readonly table: TableName; readonly version: number },
): Promise<void> {
  const lacking = draft.lacking()
  for (let start = 0; start < lacking.length; start += rowsPerQuestion) {
    const rows = lacking.slice(start, start + rowsPerQuestion)
    const former = Map.groupBy(await database.readFormer({ table, rows, version }), ({ id }) => id)
    for (const row of rows) draft.retake(row, former.get(String(row['id'])) ?? [])
  }
}
