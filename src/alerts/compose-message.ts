import type { AlertEvent } from '../core/alert-event.ts'
import { wallTime } from '../core/calendar-text.ts'
import type { Outlook } from '../core/outlook.ts'
import { said } from './event-facts.ts'
import type { Channel, Message } from './ports.ts'
import { digestBody, webhookBody } from './webhook-body.ts'
import type { Words } from './words.ts'
import { wordsEn } from './words-en.ts'
import { wordsZh } from './words-zh.ts'

/** For whom a message is put into words. */
export interface Audience {
  readonly language: Channel['language']
  /** The channel's; absent: the limit's, else the person's, else UTC. */
  readonly timeZone?: string
  /** Where people see more, without a slash at its end. */
  readonly publicUrl?: string
  /** Whom to ask, as it follows "ask". */
  readonly askAt?: string
  /** Only in the decider's own mail: a link that decides once, until `untilMs`, and what that rests on. */
  readonly decisionLink?: { readonly url: string; readonly untilMs: number; readonly outlook?: Outlook }
}

const linesMax = 20
const titleLengthMax = 200

const words: Readonly<Record<Channel['language'], Words>> = { en: wordsEn, zh: wordsZh }

/**
 * One or several events, the oldest first, in one channel's words. Several make a digest: a line each for the first 20, the number of the rest
 * where it is more than one, and in the body all of them. What people wrote is taken as it is, but for line breaks and control characters: senders escape it.
 * @throws TypeError when there is no event.
 */
export function composeMessage(events: readonly AlertEvent[], audience: Audience): Message {
  const [first, ...rest] = events
  if (first === undefined) throw new TypeError('A message needs an event')
  const body = webhookBody(first, addressOf(first, audience))
  if (rest.length === 0) return { ...single(first, audience), events, body: { ...body } }
  const bodies = events.map((event) => webhookBody(event, addressOf(event, audience)))
  return { ...digest(events, audience), events, body: { ...digestBody(bodies, commonPage(events, audience)) } }
}

type Text = Omit<Message, 'events' | 'body'>

function single(event: AlertEvent, audience: Audience): Text {
  const { title, paragraphs } = wording(event, audience)
  const url = addressOf(event, audience)
  const { decisionLink: link } = audience
  const spoken = words[audience.language]
  const outlook = link?.outlook === undefined ? [] : spoken.outlook(link.outlook)
  const decide = link === undefined ? [] : [spoken.decide(link.url, wallTime(link.untilMs, zoneOf(event, audience)))]
  return {
    id: event.id,
    title,
    paragraphs: [...paragraphs, ...outlook, ...decide],
    ...(url !== undefined && { url }),
    thread: threadOf(event),
  }
}

function digest(events: readonly AlertEvent[], audience: Audience): Text {
  const spoken = words[audience.language]
  const titles = events.map((event) => wording(event, audience).title)
  const more = titles.length - linesMax
  // One more is said as soon as counted.
  const lines = more > 1 ? [...titles.slice(0, linesMax), spoken.andMore(more)] : titles
  const threads = new Set(events.map(threadOf))
  const [thread = ''] = threads
  const url = commonPage(events, audience)
  return {
    id: events[0]?.id ?? '',
    title: cut(spoken.digestTitle(titles)),
    paragraphs: lines,
    ...(url !== undefined && { url }),
    thread: threads.size === 1 ? thread : `digest/${events[0]?.id ?? ''}`,
  }
}

function wording(event: AlertEvent, audience: Audience) {
  const zone = zoneOf(event, audience)
  const { title, paragraphs } = words[audience.language].events[event.type](event, {
    time: (atMs) => wallTime(atMs, zone),
    ...(audience.askAt !== undefined && { askAt: audience.askAt }),
    ...(audience.publicUrl !== undefined && { publicUrl: audience.publicUrl }),
  })
  return { title: cut(title), paragraphs }
}

function zoneOf(event: AlertEvent, { timeZone }: Audience): string {
  return timeZone ?? event.limit?.timeZone ?? (said(event, 'timeZone') || 'UTC')
}

function cut(title: string): string {
  const characters = [...title]
  return characters.length > titleLengthMax ? `${characters.slice(0, titleLengthMax - 1).join('')}…` : title
}

/** Where one sees more of an event: the page of the request, else one's own limits. It only shows, for deciding needs who one is. */
function addressOf(event: AlertEvent, { publicUrl }: Audience): string | undefined {
  if (publicUrl === undefined) return undefined
  const request = said(event, 'request')
  if (request !== '') return `${publicUrl}/requests/${encodeURIComponent(request)}`
  const isOfPeople = [event.account, event.project, event.department].some((one) => one !== undefined)
  return isOfPeople ? `${publicUrl}/api/me/limits` : undefined
}

/** The page of all of them, where they have one page. */
function commonPage(events: readonly AlertEvent[], audience: Audience): string | undefined {
  const pages = new Set(events.map((event) => addressOf(event, audience)))
  const [page] = pages
  return pages.size === 1 ? page : undefined
}

/** What belongs together in a mailbox: a limit in one window, a request, a token, a channel. */
function threadOf(event: AlertEvent): string {
  const { limit } = event
  if (limit !== undefined) {
    const { name, subject, surface, startMs } = limit
    return [name, subject.kind, subject.id, surface, startMs].join('/')
  }
  const about = ['request', 'grant', 'token', 'channel'].find((field) => said(event, field) !== '')
  return about === undefined ? `${event.type}/${event.id}` : `${about}/${said(event, about)}`
}
