import type { Pool, PoolClient } from 'pg'
import type { AskedLimit, Beneficiary, Person, Place } from '../manage/request-ports.ts'
import { requestQueries } from './request-queries.ts'

export type Queryable = Pick<Pool | PoolClient, 'query'>

interface PersonRow {
  readonly id: string
  readonly role: Person['role']
  readonly project: string
  readonly department: string
  readonly disabled: boolean
  readonly time_zone: string
  readonly plan: string
  readonly bridge_percent: number
}

interface LimitRow extends Omit<AskedLimit, 'isShadow' | 'window' | 'timeZone'> {
  readonly shadow: boolean
  readonly time_zone: string | null
  readonly window_kind: NonNullable<AskedLimit['window']> | null
}

export async function readPerson(database: Queryable, account: string): Promise<Person | undefined> {
  const [row] = (await database.query<PersonRow>(requestQueries['request-person'], [account])).rows
  if (row === undefined) return undefined
  const {
    id,
    role,
    project,
    department,
    plan,
    disabled: isDisabled,
    time_zone: timeZone,
    bridge_percent: bridgePercent,
  } = row
  return { id, role, project, department, plan, isDisabled, timeZone, bridgePercent }
}

export async function readPlace(database: Queryable, { kind, id }: Beneficiary): Promise<Place | undefined> {
  type Row = { readonly project: string | null; readonly department: string }
  const [row] = (await database.query<Row>(requestQueries['request-place'], [kind, id])).rows
  if (row === undefined) return undefined
  return { department: row.department, ...(row.project !== null && { project: row.project }) }
}

export async function readLimit(
  database: Queryable,
  name: string,
  { kind, id }: Beneficiary,
): Promise<AskedLimit | undefined> {
  const [row] = (await database.query<LimitRow>(requestQueries['request-limit'], [name, kind, id])).rows
  if (row === undefined) return undefined
  const { shadow: isShadow, time_zone: timeZone, window_kind: window, ...rest } = row
  return { ...rest, isShadow, ...(timeZone !== null && { timeZone }), ...(window !== null && { window }) }
}
