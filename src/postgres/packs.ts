import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import type { ListedPack, Packs } from '../manage/pack-ports.ts'
import type { ListedGrant, Requests } from '../manage/request-ports.ts'
import { inTransactionBy } from './acting.ts'
import { asRowFault } from './row-refusal.ts'

const [list, add] = ['list', 'add'].map((name) =>
  readFileSync(new URL(`./queries/pack-${name}.sql`, import.meta.url), 'utf8'),
)

interface PackRow {
  readonly id: string
  readonly limit_name: string
  readonly amount: string
  readonly lasts: ListedPack['lasts']
  readonly price: string | null
  readonly currency: string | null
  readonly note: string
}

/** Packs in PostgreSQL; see `Packs` for what it promises. */
export function createPostgresPacks(pool: Pool, requests: Pick<Requests, 'grant'>): Packs {
  return {
    packs: () => asRowFault(pool, () => read(pool, null)),
    pack: (id) => asRowFault(pool, async () => (await read(pool, id))[0]),
    async addPack({ id, limitName, for: { id: account }, amount, endsAtMs, note, by }): Promise<ListedGrant> {
      const values = [id, limitName, account, amount, new Date(endsAtMs), note]
      await asRowFault(pool, () => inTransactionBy(pool, by, (client) => client.query(add ?? '', values)))
      const added = await requests.grant(id)
      if (added === undefined) throw new Fault('conflict', `The pack ${id} was deleted while it was given`)
      return added
    },
  }
}

async function read(pool: Pool, id: string | null): Promise<readonly ListedPack[]> {
  return (await pool.query<PackRow>(list ?? '', [id])).rows.map(listedPack)
}

function listedPack({ id, limit_name: limitName, amount, lasts, price, currency, note }: PackRow): ListedPack {
  const isPriced = price !== null && currency !== null
  return { ...{ id, limitName, amount, lasts }, ...(isPriced && { price: { amount: price, currency } }), note }
}
