import type { AlertEvent, AlertedLimit } from '../core/alert-event.ts'
import { amountWords, unitFor } from '../core/amount-words.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import { shownAmount } from '../core/shown-amount.ts'
import { askedAmount, numberIn, phrase, said, usedPercent } from './event-facts.ts'
import { numberOr, tokenOf } from './event-words.ts'
import { limitNameOf } from './limit-name.ts'
import { askedIn, canBeAsked, type Figures, isRefusedBelow, type Scene, type Words } from './words.ts'

/** Every alert in English; see `Words`. The sender escapes what people wrote. */
export const wordsEn: Words = {
  events: {
    level: (event, scene) => ({
      title: levelTitle(event),
      paragraphs: [
        ...standing(event),
        ...resets(event.limit, scene),
        event.level === 'exhausted'
          ? `Until then, what it counts may be refused. If that is too long, ask ${whom(scene)} for more.`
          : `If that will not be enough, ask ${whom(scene)} for more in time.`,
        ...howToAsk(event, scene),
      ],
    }),
    recovered: (event, scene) => ({
      title: `${who(event)} can go on: ${ofLimit(event)} has room again`,
      paragraphs: [...standing(event), ...resets(event.limit, scene), 'There is nothing to do.'],
    }),
    forecast: (event, scene) => {
      const at = numberIn(event, 'runsOutAtMs') ?? event.aboutMs
      return {
        title: `${who(event)} runs out of ${ofLimit(event)} ${at === undefined ? 'before it resets' : `at ${scene.time(at)}`} at this pace`,
        paragraphs: [
          ...standing(event),
          ...resets(event.limit, scene),
          `Slow down what can wait, or ask ${whom(scene)} for more in time.`,
          ...howToAsk(event, scene),
        ],
      }
    },
    token_expiring: (event, scene) => ({
      title: `A token of ${who(event)} expires ${until(event, scene)}`,
      paragraphs: [
        `It is the token ${tokenOf(event)}. What still uses it then is answered with 401.`,
        'Rotate it before: the new one works at once, and the old one goes on for the overlap that you choose.',
      ],
    }),
    token_networks: (event) => ({
      title: `A token of ${who(event)} is used from ${numberOr(event, 'networks', 'many')} networks`,
      paragraphs: [
        `It is the token ${tokenOf(event)}${within(event)}. One token on many networks may have been passed on or stolen.`,
        'If you do not know all of these places, rotate the token or revoke it now.',
      ],
    }),
    request_asked: (event, scene) => ({
      title: `${said(event, 'askedBy') || who(event)} asks for ${requested(event)}`,
      paragraphs: [
        `For ${beneficiary(event)}, until ${instant(event, scene)}.`,
        ...quoted('Why', said(event, 'reason')),
        'A lead of the project or an administrator decides; nobody decides their own request.',
      ],
    }),
    request_decided: decided,
    grant_ending: (event, scene) => ({
      title: `${said(event, 'kind') === 'pack' ? 'A pack' : 'A raise'} of ${who(event)} ends ${until(event, scene)}`,
      paragraphs: [
        `It is ${requested(event)} (${said(event, 'grant')}). From then on the limit is what it was before.`,
        `If it is needed for longer, ask ${whom(scene)} again.`,
      ],
    }),
    policy_quarantined: (event) => ({
      title: `Something in ${said(event, 'table') || 'the policy'} is not valid and is held back`,
      paragraphs: [
        `${said(event, 'key') === '*' ? 'It is the whole table' : `It is the row ${said(event, 'key')}`}: ${phrase(event, 'why')}.`,
        inForce[said(event, 'inForce')] ?? 'What is in force instead, tollgate policy check tells.',
        'Correct it in SQL; tollgate policy check says when all is valid.',
      ],
    }),
    ledger_lag: (event) => ({
      title: `The ledger is ${numberOr(event, 'seconds', 'many')} s behind`,
      paragraphs: [
        'Limits are kept as ever; reports, alerts and figures of use come late until it has caught up.',
        'See that PostgreSQL is well and that a process with the role ledger runs; tollgate doctor tells more.',
      ],
    }),
    channel_stopped: (event) => ({
      title: `The alert channel ${said(event, 'channel')} is stopped`,
      paragraphs: [
        `Its target said that it is gone: ${phrase(event, 'why')}.`,
        `Nothing more is sent there. Mend the target, then: tollgate channel resume ${said(event, 'channel')}.`,
      ],
    }),
    test: (event) => ({
      title: 'This is a test of Tollgate alerts',
      paragraphs: [
        `${said(event, 'by') === '' ? 'Somebody' : said(event, 'by')} asked for it. If you read this, the channel works.`,
        'There is nothing to do.',
      ],
    }),
  },
  digestTitle: (titles) => `${titles.length} alerts: ${titles[0] ?? ''}, and more`,
  andMore: (count) => `… and ${count} more.`,
  outlook: ({ counts, standing, most }) => [
    ...(standing === undefined ? [] : [`Now ${standingOf({ counts, ...standing })}`]),
    ...(most === undefined ? [] : [ceiling(counts, most)]),
  ],
  decide: (url, until) => `Decide here, once, until ${until}; this link is for you alone: ${url}`,
}

/** What holds instead of what is held back; the words of `tollgate policy check`. */
const inForce: Readonly<Record<string, string>> = {
  'last good version': 'Its last valid version stays in force.',
  'stricter of old and new': 'The stricter of its old and new version is in force.',
  denies: 'It has no valid version, and refuses every request that it is for.',
  nothing: 'It has no valid version, and counts for nothing.',
  'rows before it was emptied':
    'The rows that it had stay in force until somebody confirms that they are meant to be gone.',
}

function decided(event: AlertEvent, scene: Scene) {
  const state = said(event, 'state')
  const note = quoted('They say', said(event, 'note'))
  const by = said(event, 'decidedBy') === '' ? '' : ` by ${said(event, 'decidedBy')}`
  const what = `${requested(event)} for ${beneficiary(event)}`
  if (state === 'approved') {
    return {
      title: `Approved${by}: ${what}`,
      paragraphs: [`It is in force now, and until ${instant(event, scene)}.`, ...note],
    }
  }
  if (state === 'expired') {
    return {
      title: `Nobody decided: ${what}`,
      paragraphs: [`The time that was asked for is over. If it is still needed, ask ${whom(scene)} anew.`, ...note],
    }
  }
  return {
    title: `${state === 'withdrawn' ? 'Withdrawn' : 'Declined'}${by}: ${what}`,
    paragraphs: ['The limit stays as it is.', ...note],
  }
}

function levelTitle(event: AlertEvent): string {
  const { limit, percent = 100 } = event
  if (isRefusedBelow(event)) return `A request of ${who(event)} no longer fits into ${ofLimit(event)}${figures(limit)}`
  if (percent === 100) return `${who(event)} has used up ${ofLimit(event)}${figures(limit)}`
  return `${who(event)} has reached ${percent} % of ${ofLimit(event)}${figures(limit)}`
}

function figures(limit: AlertedLimit | undefined): string {
  return limit === undefined
    ? ''
    : `: ${shownAmount(limit.counts, limit.used)} of ${amountWords(limit.counts, limit.amount)}`
}

function standingOf(limit: Figures): string {
  const { counts, used, amount } = limit
  const left = amountWords(counts, Math.max(0, amount - used))
  return `${shownAmount(counts, used)} of ${amountWords(counts, amount)} are used (${usedPercent(limit)} %), ${left} left.`
}

function ceiling(counts: CountedQuantity, most: number): string {
  return most === 0
    ? "Nothing is left of the project's budget: only an administrator may approve."
    : `You may approve ${amountWords(counts, most)} at most: so much is left of the project's budget.`
}

function standing({ limit, level }: AlertEvent): readonly string[] {
  if (limit === undefined) return []
  const sentence = standingOf(limit)
  return level === 'exhausted' && limit.used < limit.amount
    ? [sentence, 'That was not enough for a request, which was refused.']
    : [sentence]
}

function resets(limit: AlertedLimit | undefined, scene: Scene): readonly string[] {
  return limit === undefined ? [] : [`It resets at ${scene.time(limit.endMs)}.`]
}

function howToAsk(event: AlertEvent, { publicUrl = '' }: Scene): readonly string[] {
  if (!canBeAsked(event)) return []
  return [
    `You can ask by yourself: POST ${publicUrl}/api/requests with limit "${ofLimit(event)}", amount, until and reason; at the command line it is tollgate request ask.`,
  ]
}

function who({ limit, account, project, department }: AlertEvent): string {
  const kind = limit?.subject.kind
  if (kind === 'everyone') return 'Everyone together'
  if (limit !== undefined && kind !== 'account') return `The ${kind} ${limit.subject.id}`
  if (limit !== undefined || account !== undefined) return limit?.subject.id ?? account ?? ''
  if (project !== undefined) return `The project ${project}`
  return department === undefined ? 'The installation' : `The department ${department}`
}

function ofLimit(event: AlertEvent): string {
  return limitNameOf(event) ?? 'a limit'
}

function requested(event: AlertEvent): string {
  const { amount, counts } = askedAmount(event)
  return `${amount}${counts === undefined ? '' : ` ${unitFor(counts, Number(amount))}`} more of ${ofLimit(event)}`.trim()
}

function beneficiary(event: AlertEvent): string {
  const kind = said(event, 'forKind')
  const id = said(event, 'forId')
  if (id === '') return who(event)
  return kind === 'account' ? id : `the ${kind} ${id}`
}

function within(event: AlertEvent): string {
  const hours = numberIn(event, 'hours')
  return hours === undefined ? '' : `, within ${hours} h`
}

function until(event: AlertEvent, scene: Scene): string {
  return event.aboutMs === undefined ? 'soon' : `at ${scene.time(event.aboutMs)}`
}

function instant(event: AlertEvent, scene: Scene): string {
  return event.aboutMs === undefined ? 'it ends' : scene.time(event.aboutMs)
}

function quoted(lead: string, text: string): readonly string[] {
  return text === '' ? [] : [`${lead}: ${text}`]
}

function whom(scene: Scene): string {
  return askedIn(scene) ?? 'your lead or administrator'
}
