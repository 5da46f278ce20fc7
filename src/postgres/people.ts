import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import type { PeopleReader, ProjectPerson } from '../manage/ports.ts'
import { asPolicyFault } from './database-fault.ts'

const query = readFileSync(new URL('./queries/people-of-project.sql', import.meta.url), 'utf8')

interface Row {
  readonly id: string
  readonly kind: ProjectPerson['kind']
  readonly role: ProjectPerson['role']
  readonly plan: string
  readonly time_zone: string
  readonly disabled: boolean
  readonly active_tokens: number
}

/** The people of a project in PostgreSQL; see `PeopleReader`. */
export function createPostgresPeople(pool: Pool): PeopleReader {
  return {
    ofProject: ({ project, after = '', countMax }) =>
      asPolicyFault(pool, async () => (await pool.query<Row>(query, [project, after, countMax])).rows.map(personOf)),
  }
}

function personOf({ id, kind, role, plan, time_zone: timeZone, disabled, active_tokens: tokens }: Row): ProjectPerson {
  return { id, kind, role, plan, timeZone, isDisabled: disabled, activeTokens: tokens }
}
