import { z } from 'zod'
import type { UsageSum } from '../usage/ports.ts'
import type { UseSum } from '../usage/report-ports.ts'
import { cursorText, readCursor } from './cursor.ts'
import { line, shownTime, slug, time } from './fields.ts'
import { pageFields } from './page-fields.ts'
import type { PortalTools } from './ports.ts'
import { type Route, route } from './route.ts'
import { type Range, rangeFields, rangeOf } from './usage-range.ts'
import { accountOf, forEach, projectOf } from './whose.ts'

const sum = {
  requests: z.number().describe('Whatever they were booked at.'),
  charged: z.number().optional().describe('Those that were delivered, whole or in part. Not told of projects.'),
  credits: z.number(),
  bytes: z.number(),
  gpu_seconds: z.number(),
  not_final: z.number().describe('Those whose booking may still change.'),
  unsettled: z
    .number()
    .optional()
    .describe('Those that nobody has reported; booked at the estimate. Not told of projects.'),
}
const answer = z.strictObject({
  since: time,
  until: time,
  by: z.string(),
  rows: z.array(
    z.strictObject({
      key: z.string().describe('The hour or day (UTC), the package or model, or the account.'),
      surface: z.enum(['pypi', 'gpu']).optional().describe('Of packages and models.'),
      ...sum,
    }),
  ),
  total: z.strictObject(sum).describe('Of the whole range, however many rows are shown.'),
  next: z.string().nullable(),
})

/** No ranking goes further. */
const rankedMax = 10_000
/** So many rows may have come in between since the page before. */
const movedMax = 200
const timePlace = z.tuple([z.int(), z.int(), z.int()])
const seenRows = z.int().min(1).max(rankedMax)
const rankPlace = z.tuple([z.int(), z.int(), seenRows, z.number(), z.number(), z.string().max(300), z.string().max(8)])

const own = z.strictObject({
  by: z.enum(['hour', 'day', 'resource']).default('day'),
  resource: line(256).min(1).optional().describe('Only of this package, in any spelling, or of this model.'),
  ...rangeFields,
  ...pageFields,
})
const ofProject = z.strictObject({
  by: z.enum(['hour', 'day', 'account']).default('account'),
  ...rangeFields,
  ...pageFields,
})

/** What was used, as the books have it. */
export function usageRoutes(tools: Tools): readonly Route[] {
  const { usage, projectUse } = tools
  return [
    ...forEach(({ base, params, tag, whose }) =>
      route({
        ...{ method: 'GET', path: `${base}/usage`, tag, params, query: own, answer },
        summary: `What was used, by hour, day, or package and model: ${whose} own`,
        handle: async ({ params, query, caller }) => {
          // Single packages are for the person alone; a sum tells nothing of them.
          const isAboutPackages = query.by === 'resource' || query.resource !== undefined
          const who = accountOf(params, caller, isAboutPackages ? 'see the packages' : 'see the use')
          const { by, resource } = query
          const whose = { account: who.account.id, ...(resource !== undefined && { resource }) }
          const read = (part: Part) => usage.sums({ ...whose, ...part }, by)
          return by === 'resource' ? ranked(read, query, tools) : byTime(read, { ...query, by }, tools)
        },
      }),
    ),
    route({
      ...{ method: 'GET', path: '/api/projects/:project/usage', tag: 'projects', query: ofProject, answer },
      summary: 'What the people of a project used; by account it is a ranking',
      params: z.strictObject({ project: slug }),
      handle: async ({ params, query, caller }) => {
        const project = projectOf(params, caller).id
        const { by } = query
        return by === 'account'
          ? ranked((part) => projectUse.byAccount({ ...part, project }), query, tools)
          : byTime((part) => projectUse.byTime({ ...part, project, by }), { ...query, by }, tools)
      },
    }),
  ]
}

type Tools = Pick<PortalTools, 'usage' | 'projectUse' | 'nowMs'>

interface Query {
  readonly by: 'hour' | 'day' | 'resource' | 'account'
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

type Sum = UseSum & Partial<UsageSum>
type Row = Sum & { readonly key: string; readonly surface?: string }

interface Part extends Range {
  readonly beforeMs?: number
  readonly rowsMax: number
}

type Read = (part: Part) => Promise<{ readonly rows: readonly Row[]; readonly total: Sum; readonly isCut: boolean }>

/** Newest first; the next page ends where this one began, so that what is booked meanwhile moves no row. */
async function byTime(
  read: Read,
  query: Query & { readonly by: 'hour' | 'day' },
  { nowMs }: Tools,
): Promise<z.output<typeof answer>> {
  const place = query.cursor === undefined ? undefined : readCursor(query.cursor, 'usage', timePlace)
  const range = rangeOf(asked(query, place), { nowMs: nowMs(), isByHour: query.by === 'hour' })
  const beforeMs = place && Math.min(place[2], range.untilMs)
  const page = await read({ ...range, ...(beforeMs !== undefined && { beforeMs }), rowsMax: query.limit })
  const last = page.isCut ? page.rows.at(-1) : undefined
  const next = last && cursorText('usage', [range.sinceMs, range.untilMs, Date.parse(last.key)])
  return {
    ...shownRange(range, query.by),
    rows: page.rows.map(shownRow),
    total: shownSum(page.total),
    next: next ?? null,
  }
}

/** The dearest first. A page reads what the ones before had too, and some more, because a ranking has no other place to go on from. */
async function ranked(read: Read, query: Query, { nowMs }: Tools): Promise<z.output<typeof answer>> {
  const place = query.cursor === undefined ? undefined : readCursor(query.cursor, 'ranking', rankPlace)
  const range = rangeOf(asked(query, place), { nowMs: nowMs(), isByHour: false })
  const seen = place?.[2] ?? 0
  const rowsMax = Math.min(rankedMax, seen + query.limit + (seen > 0 ? movedMax : 0))
  const sums = await read({ ...range, rowsMax })
  const rest = place === undefined ? sums.rows : afterPlace(sums.rows, place)
  const rows = rest.slice(0, query.limit)
  const last = rest.length > rows.length || sums.isCut ? rows.at(-1) : undefined
  const next = last && cursorText('ranking', [range.sinceMs, range.untilMs, seen + rows.length, ...rankOf(last)])
  return {
    ...shownRange(range, query.by),
    rows: rows.map(shownRow),
    total: shownSum(sums.total),
    next: next ?? null,
  }
}

/** The range that the first page had; it is held to the same bounds as one that is written by hand. */
function asked(query: Query, place: readonly [number, number, ...unknown[]] | undefined) {
  return place === undefined ? query : { since: place[0], until: place[1] }
}

function rankOf({ credits, entries, key, surface = '' }: Row): readonly [number, number, string, string] {
  return [Number(credits), Number(entries), key, surface]
}

/** After the row that the page before ended with; where that has moved meanwhile, what is cheaper than it was. */
function afterPlace(rows: readonly Row[], [, , , ...rank]: z.output<typeof rankPlace>): readonly Row[] {
  const at = rows.findIndex((row) => rankOf(row).every((part, index) => part === rank[index]))
  if (at >= 0) return rows.slice(at + 1)
  const [credits, requests] = rank
  return rows.filter(
    (row) => Number(row.credits) < credits || (Number(row.credits) === credits && Number(row.entries) < requests),
  )
}

function shownRange({ sinceMs, untilMs }: Range, by: string) {
  return { since: shownTime(sinceMs), until: shownTime(untilMs), by }
}

function shownRow({ key, surface = '', ...rest }: Row): z.output<typeof answer>['rows'][number] {
  return { key, ...(surface !== '' && { surface: surface === 'gpu' ? 'gpu' : 'pypi' }), ...shownSum(rest) }
}

function shownSum(one: Sum): z.output<typeof answer>['total'] {
  return {
    requests: Number(one.entries),
    ...(one.charged !== undefined && { charged: Number(one.charged) }),
    ...(one.unsettled !== undefined && { unsettled: Number(one.unsettled) }),
    ...{ credits: Number(one.credits), bytes: Number(one.bytes), gpu_seconds: Number(one.gpu_ms) / 1_000 },
    not_final: Number(one.not_yet_final),
  }
}
