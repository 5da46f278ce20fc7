import { z } from 'zod'
import { alertTypes } from '../core/alert-event.ts'
import { Fault } from '../core/fault.ts'
import { type ChannelOwner, type ChannelTools, channelKindWords } from '../manage/channel-ports.ts'
import { listChannels, readChannel, removeChannel, resumeChannel } from '../manage/channels.ts'
import { listDeliveries, readEvents, resendDelivery } from '../manage/deliveries.ts'
import { type SetChannelAnswer, setChannel } from '../manage/set-channel.ts'
import { testChannel } from '../manage/test-channel.ts'
import { afterOf, nextOf } from './cursor.ts'
import { line, slug } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import { type Route, route } from './route.ts'
import { channelSchema, owner, shownChannel } from './shown-channel.ts'
import { deliverySchema, eventSchema, shownDelivery, shownEvent } from './shown-event.ts'

const tag = 'alerts'
const ofChannel = z.strictObject({ channel: slug })
const testWaitMs = 8_000

const whose = {
  account: slug.optional(),
  project: slug.optional(),
  department: slug.optional().describe('At most one of the three. None: the caller, or everything for an admin.'),
}

const change = {
  target: line(2_000).min(3).optional().describe('An https address, or a mailbox. Kept sealed.'),
  secret: z
    .union([line(2_000).min(1), z.strictObject({ rotate: z.literal(true) }), z.null()])
    .optional()
    .describe(
      'What messages are signed with; {"rotate": true}: a new one, the former counts for 24 hours more; null: none. It does not go along to another target: give it too; a webhook gets a new one.',
    ),
  language: z.enum(['en', 'zh']).optional(),
  time_zone: line(64).nullable().optional(),
  types: z.array(z.enum(alertTypes)).min(1).max(20).nullable().optional().describe('null: all.'),
  percent_min: z.int().min(0).max(1_000).optional(),
  private_target: z.boolean().optional().describe('For admins: may be plain http, or in a private network.'),
  disabled: z.boolean().optional(),
  note: line(500).optional(),
}
const changed = z.strictObject(change)
const made = z.strictObject({
  ...change,
  kind: z.enum(channelKindWords),
  target: line(2_000).min(3),
  owner: owner.optional().describe("Absent: the caller's own."),
})

const kept = z.strictObject({
  channel: channelSchema,
  secret: z.string().nullable().describe('When Tollgate made it just now: shown this once.'),
})

/** Who tells me, what I was told, and what became of it. */
export function alertRoutes(tools: ChannelTools): readonly Route[] {
  return [...channels(tools), ...oneChannel(tools), ...told(tools)]
}

function channels(tools: ChannelTools): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/channels', tag, answer: pageSchema(channelSchema) },
      summary: 'Channels by id: my own, or those of whom I answer for',
      query: z.strictObject({ ...whose, ...pageFields }),
      handle: async ({ query, caller: { actor } }) => {
        const wish = { actor, owner: ownerOf(query), after: afterOf('channels', query.cursor), countMax: query.limit }
        const { rows, next } = await listChannels(tools, wish)
        return { rows: rows.map(shownChannel), next: nextOf('channels', next) }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/channels', tag, body: made, answer: kept, status: 201, secret: 'secret' },
      summary: 'Add a channel',
      handle: async ({ body: { owner, ...body }, caller: { actor } }) =>
        shownKept(await setChannel(tools, { actor, owner, change: changeOf(body) })),
    }),
  ]
}

function oneChannel(tools: ChannelTools): readonly Route[] {
  const at = { tag, params: ofChannel } as const
  return [
    route({
      ...{ method: 'GET', path: '/api/channels/:channel', ...at, answer: channelSchema },
      summary: 'One channel, and how it is doing',
      handle: async ({ params, caller: { actor } }) =>
        shownChannel(await readChannel(tools, { actor, id: params.channel })),
    }),
    route({
      ...{ method: 'PUT', path: '/api/channels/:channel', ...at, body: changed, answer: kept, secret: 'secret' },
      summary: 'Change a channel; what is not named stays as it is',
      handle: async ({ params, body, caller: { actor } }) => {
        // One that is not there is not made by the way.
        await readChannel(tools, { actor, id: params.channel })
        return shownKept(await setChannel(tools, { actor, id: params.channel, change: changeOf(body) }))
      },
    }),
    route({
      ...{ method: 'DELETE', path: '/api/channels/:channel', ...at },
      summary: 'Remove a channel, and the deliveries it had',
      answer: z.strictObject({ removed: slug }),
      handle: async ({ params, caller: { actor } }) => {
        await removeChannel(tools, { actor, id: params.channel })
        return { removed: params.channel }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/channels/:channel/test', ...at },
      summary: 'Send a test message, and say what came of it within some seconds',
      answer: z.strictObject({
        event: z.string(),
        delivery: deliverySchema.nullable().describe('null: nobody has taken it up yet.'),
      }),
      handle: async ({ params, caller: { actor } }) => {
        const { event, delivery } = await testChannel(tools, { actor, id: params.channel, waitMs: testWaitMs })
        return { event, delivery: delivery === undefined ? null : shownDelivery(delivery) }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/channels/:channel/resume', ...at, answer: channelSchema },
      summary: 'Let a stopped channel go on',
      handle: async ({ params, caller: { actor } }) =>
        shownChannel(await resumeChannel(tools, { actor, id: params.channel })),
    }),
  ]
}

function told(tools: ChannelTools): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/alerts', tag, answer: pageSchema(eventSchema) },
      summary: 'What people were told of, the newest first: I, or of whom I answer for',
      query: z.strictObject({ ...whose, ...pageFields }),
      handle: async ({ query, caller: { actor } }) => {
        const wish = { actor, owner: ownerOf(query), after: afterOf('alerts', query.cursor), countMax: query.limit }
        const { rows, next } = await readEvents(tools, wish)
        return { rows: rows.map(shownEvent), next: nextOf('alerts', next) }
      },
    }),
    route({
      ...{ method: 'GET', path: '/api/deliveries', tag, answer: pageSchema(deliverySchema) },
      summary: 'What became of alerts on their way, the newest first',
      query: z.strictObject({
        ...whose,
        channel: slug.optional(),
        state: z.enum(['pending', 'sending', 'sent', 'failed', 'resent']).optional(),
        ...pageFields,
      }),
      handle: async ({ query, caller: { actor } }) => {
        const { channel, state, limit: countMax } = query
        const after = afterOf('deliveries', query.cursor)
        const wish = { actor, channel, state, owner: ownerOf(query), after, countMax }
        const { rows, next } = await listDeliveries(tools, wish)
        return { rows: rows.map(shownDelivery), next: nextOf('deliveries', next) }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/deliveries/:delivery/resend', tag, answer: deliverySchema, status: 201 },
      summary: 'Send once more what was sent or given up',
      params: z.strictObject({ delivery: z.string().regex(/^\d{1,18}$/, 'must be the id of a delivery') }),
      handle: async ({ params, caller: { actor } }) =>
        shownDelivery(await resendDelivery(tools, { actor, id: params.delivery })),
    }),
  ]
}

interface Named {
  readonly account?: string | undefined
  readonly project?: string | undefined
  readonly department?: string | undefined
}

function ownerOf({ account, project, department }: Named): ChannelOwner | undefined {
  const named = [account, project, department].filter((id) => id !== undefined)
  if (named.length > 1) throw new Fault('bad_request', 'Name one of account, project and department at most')
  if (account !== undefined) return { kind: 'account', id: account }
  if (project !== undefined) return { kind: 'project', id: project }
  return department === undefined ? undefined : { kind: 'department', id: department }
}

function changeOf(body: z.output<typeof changed> & { readonly kind?: (typeof channelKindWords)[number] }) {
  const { time_zone: timeZone, percent_min: percentMin, private_target: isPrivateTarget, disabled, ...rest } = body
  return { ...rest, timeZone, percentMin, isPrivateTarget, isDisabled: disabled }
}

function shownKept({ channel, secret }: SetChannelAnswer): z.output<typeof kept> {
  return { channel: shownChannel(channel), secret: secret ?? null }
}
