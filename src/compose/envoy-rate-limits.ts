import type { Config } from '../../envoy/config.ts'
import { type AskedEntry, actionOf, type EntrySources, rateLimitsOf } from '../../envoy/descriptor-actions.ts'
import { callerRateLimits } from '../../envoy/rate-limits.ts'
import type { DescriptorRule } from '../core/descriptor-rule.ts'
import { Fault } from '../core/fault.ts'
import { ruleTitle } from '../core/rule-title.ts'

/** Tollgate refuses a call with more. */
const descriptorsMax = 100
const shownMax = 5
const keysShownMax = 20
/** Tollgate overwrites or removes these; any other header is the client's to write. */
const provedHeaders: readonly string[] = ['x-tollgate-account', 'x-tollgate-project', 'x-tollgate-department']

export interface AskedRateLimits {
  /** Beside those of every Envoy. */
  readonly rateLimits: readonly Config[]
  readonly notes: readonly string[]
}

/**
 * What Envoy asks about for these limits of a domain, and in sentences which of them nobody asks about, because their values are known to no
 * more than a route, or to nobody. Throws `not_valid` for a header of an entry that no limit has, and for more descriptors than a call may have.
 */
export function askedRateLimits(
  domain: string,
  rules: readonly DescriptorRule[],
  headers: ReadonlyMap<string, string>,
): AskedRateLimits {
  checkKeys(domain, { rules, headers })
  const sources = { headers, generic: onlyGeneric(rules) }
  const asked = new Map(callerRateLimits.map((one) => [JSON.stringify(one), one]))
  const unknown = new Map<string, DescriptorRule[]>()
  for (const rule of rules.filter(({ amount }) => amount.kind !== 'none')) {
    const actions = actionsOf(rule, sources)
    if (typeof actions === 'string') unknown.set(actions, [...(unknown.get(actions) ?? []), rule])
    else
      for (const one of rateLimitsOf(actions, { endsSlot: rule.amount.kind === 'concurrency' }))
        asked.set(JSON.stringify(one), one)
  }
  const all = [...asked.values()]
  checkCount(domain, all)
  const rateLimits = all.slice(callerRateLimits.length)
  return { rateLimits, notes: [...sourceNotes(sources, all), ...unknownNotes(domain, unknown)] }
}

/** The key of the first entry that Envoy cannot know, instead. */
function actionsOf({ steps }: DescriptorRule, sources: EntrySources): readonly Config[] | string {
  const actions: Config[] = []
  for (const step of steps) {
    const action = actionOf(entryOf(step), sources)
    if (action === undefined) return step.key
    actions.push(action)
  }
  return actions
}

function entryOf({ key, match }: DescriptorRule['steps'][number]): AskedEntry {
  return match.kind === 'exact' ? { key, value: match.value } : { key }
}

/** With several, each is for routes of its own, and with a pattern nobody knows which text a route has. */
function onlyGeneric(rules: readonly DescriptorRule[]): string | undefined {
  const steps = rules.flatMap((rule) => rule.steps.filter(({ key }) => key === 'generic_key').map(entryOf))
  const values = new Set(steps.map(({ value }) => value))
  const [value] = values
  return values.size === 1 ? value : undefined
}

function checkKeys(
  domain: string,
  { rules, headers }: { readonly rules: readonly DescriptorRule[]; readonly headers: ReadonlyMap<string, string> },
): void {
  const keys = new Set(rules.flatMap(({ steps }) => steps.map(({ key }) => key)))
  const strange = [...headers.keys()].find((key) => !keys.has(key))
  if (strange !== undefined) throw new Fault('not_valid', `No limit of the domain ${domain} has an entry ${strange}`)
  if (headers.has('rid')) throw new Fault('not_valid', 'The entry rid is the ticket that Check signed, and no header')
}

function checkCount(domain: string, rateLimits: readonly Config[]): void {
  const ends = rateLimits.filter((one) => 'apply_on_stream_done' in one).length
  const count = Math.max(ends, rateLimits.length - ends)
  if (count <= descriptorsMax) return
  const sentence = `The limits of the domain ${domain} are for ${count} different lists of entries, and a call has at most ${descriptorsMax}`
  throw new Fault('not_valid', `${sentence}: divide them into several domains`)
}

function sourceNotes({ headers, generic }: EntrySources, rateLimits: readonly Config[]): readonly string[] {
  const isAsked = JSON.stringify(rateLimits).includes(JSON.stringify({ generic_key: { descriptor_value: generic } }))
  const byClients = [...headers].filter(([, header]) => !provedHeaders.includes(header) && !header.startsWith(':'))
  return [
    ...(generic !== undefined && isAsked
      ? [`Every request is asked about as generic_key=${generic}: where only some are meant, move this to their routes`]
      : []),
    ...byClients.map(
      ([key, header]) =>
        `Clients can write ${header} as they like, and with it the entry ${key}: ${provedHeaders[0]} is whom Check has proved`,
    ),
  ]
}

function unknownNotes(domain: string, unknown: ReadonlyMap<string, readonly DescriptorRule[]>): readonly string[] {
  const notes = [...unknown].slice(0, keysShownMax).map(([key, rules]) => {
    const paths = [...new Set(rules.map(({ steps }) => ruleTitle({ steps })))]
    const rest = paths.length - shownMax
    const shown = paths.slice(0, shownMax).join('; ') + (rest > 0 ? ` and ${rest} more` : '')
    const help = `name the request header it is in, as --entry ${key}=x-tollgate-account, or give rate_limits to the routes it is for`
    return `Envoy cannot know ${key} by itself, so it asks about none of these limits of ${domain}: ${shown}. To be asked, ${help}`
  })
  const more = unknown.size - notes.length
  return more > 0 ? [...notes, `${more} more entries are not known to Envoy either`] : notes
}
