import { z } from 'zod'
import type { AdminTools, AuditedChange, PolicyRow } from '../manage/admin-ports.ts'
import { deleteRow, listRows, readRow, writeRow } from '../manage/policy-rows.ts'
import { policyTableNames } from '../manage/policy-tables.ts'
import { readAudit } from '../manage/read-audit.ts'
import { instant } from './asked-fields.ts'
import { afterOf, cursorText, nextOf, readCursor } from './cursor.ts'
import { line, shownTime, time } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import { type Route, route } from './route.ts'

const tag = 'admin'
const names = policyTableNames as [string, ...string[]]
const ofTable = z.strictObject({ table: z.enum(names) })
const ofRow = z.strictObject({
  table: z.enum(names),
  key: line(300).min(1).describe('Its id; of a table whose key has several columns their values with commas.'),
})

const text = z.string().max(10_000).refine(isStorable, 'must not hold half letters or NUL')
const scalar = z.union([text, z.number(), z.boolean(), z.null()])
const object = z.record(z.string().max(64), z.union([text, z.number(), z.boolean()]))
const value = z.union([scalar, z.array(z.union([text, z.number()])).max(100), z.array(object).max(100)])
const row = z.record(z.string(), z.unknown()).describe('By column; amounts as decimal text, instants in RFC 3339.')
const written = z.strictObject({ old: row.nullable(), new: row.nullable() })
const keyPlace = z.array(line(300)).min(1).max(5)

const change = z.strictObject({
  id: z.string(),
  at: time,
  version: z.number(),
  by: z.string(),
  table: z.string(),
  key: z.string(),
  old: row.nullable(),
  new: row.nullable(),
})

/** Rows of policy as SQL has them, and who changed what. Who is no admin gets 403. */
export function adminRoutes(tools: AdminTools): readonly Route[] {
  return [...listed(tools), ...single(tools), audit(tools)]
}

function listed(tools: AdminTools): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/policy/:table', tag, params: ofTable },
      summary: 'Rows of a table of policy in the order of their keys, and what its columns mean',
      query: z.strictObject({
        column: line(64).min(1).optional().describe('Only rows where this column has the value.'),
        value: line(300).optional(),
        ...pageFields,
      }),
      answer: z.strictObject({
        columns: z.array(z.strictObject({ name: z.string(), type: z.string(), comment: z.string() })),
        rows: z.array(row),
        next: z.string().nullable(),
      }),
      handle: async ({ params: { table }, query, caller: { actor } }) => {
        const { column, value = null, cursor, limit: countMax } = query
        const where = column === undefined ? {} : { [column]: value }
        const after = cursor === undefined ? {} : { after: readCursor(cursor, table, keyPlace) }
        const page = await listRows(tools, { actor, table, where, ...after, countMax })
        return {
          columns: page.table.columns.map(({ name, type, comment }) => ({ name, type, comment })),
          rows: page.rows.map(shownRow),
          next: page.next === undefined ? null : cursorText(table, page.next),
        }
      },
    }),
  ]
}

function single(tools: AdminTools): readonly Route[] {
  const at = { path: '/api/policy/:table/:key', tag, params: ofRow } as const
  return [
    route({
      ...{ method: 'GET', ...at, answer: row },
      summary: 'One row',
      handle: async ({ params, caller: { actor } }) =>
        shownRow(await readRow(tools, { actor, table: params.table, key: keyOf(params) })),
    }),
    route({
      ...{ method: 'PUT', ...at, answer: written },
      summary: 'Write a row; what is not named stays as it is, or takes its default. In force within a second',
      query: z.strictObject({ only: z.enum(['new', 'existing']).optional() }),
      body: z.record(z.string().max(64), value),
      handle: async ({ params, query: { only }, body, caller: { actor } }) => {
        const wish = { actor, table: params.table, key: keyOf(params), values: body, ...(only && { only }) }
        const { old, new: now } = await writeRow(tools, wish)
        return { old: old === undefined ? null : shownRow(old), new: shownRow(now) }
      },
    }),
    route({
      ...{ method: 'DELETE', ...at, answer: written },
      summary: 'Remove a row',
      query: z.strictObject({
        last: z.enum(['keep', 'remove']).default('keep').describe('remove: it may be the last row of the table.'),
      }),
      handle: async ({ params, query: { last }, caller: { actor } }) => {
        const wish = { actor, table: params.table, key: keyOf(params), isLastMeant: last === 'remove' }
        return { old: shownRow((await deleteRow(tools, wish)).old), new: null }
      },
    }),
  ]
}

function audit(tools: AdminTools): Route {
  return route({
    ...{ method: 'GET', path: '/api/audit', tag, answer: pageSchema(change) },
    summary: 'Who changed what, the newest first; by API, command line or SQL alike',
    query: z.strictObject({
      table: line(64).optional(),
      key: line(300).optional(),
      by: line(200).optional(),
      since: instant.optional(),
      until: instant.optional(),
      ...pageFields,
    }),
    handle: async ({ query, caller: { actor } }) => {
      const { table, key, by, since, until, limit: countMax } = query
      const after = afterOf('audit', query.cursor)
      const { changes, next } = await readAudit(tools, {
        ...{ actor, countMax },
        ...(table !== undefined && { table }),
        ...(key !== undefined && { key }),
        ...(by !== undefined && { by }),
        ...(since !== undefined && { sinceMs: since }),
        ...(until !== undefined && { untilMs: until }),
        ...(after !== undefined && { after }),
      })
      return { rows: changes.map(shownChange), next: nextOf('audit', next) }
    },
  })
}

/** PostgreSQL keeps no NUL, and no text that is not Unicode. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000')
}

function keyOf({ key }: z.output<typeof ofRow>): readonly string[] {
  return key.split(',')
}

function shownRow(one: PolicyRow): Record<string, unknown> {
  return { ...one }
}

function shownChange(one: AuditedChange): z.output<typeof change> {
  const { id, atMs, version, by, table, key, old, new: now } = one
  return {
    ...{ id, at: shownTime(atMs), version, by, table, key },
    ...{ old: old === undefined ? null : { ...old }, new: now === undefined ? null : { ...now } },
  }
}
