import type { Config } from './config.ts'
import { caller, endOfStream } from './rate-limits.ts'

/** One entry of a descriptor that a limit is for. */
export interface AskedEntry {
  readonly key: string
  /** The one value that it is for; absent: any, or those of a pattern. */
  readonly value?: string
}

/** What Envoy is told beside what it knows by itself. */
export interface EntrySources {
  /** The request header that the value of an entry's key is in. */
  readonly headers: ReadonlyMap<string, string>
  /** The value of `generic_key` that every request has; undefined: none, or which one depends on the route. */
  readonly generic?: string | undefined
}

/** Envoy's own entries, whose values it makes of each request by itself. */
const ownActions: ReadonlyMap<string, Config> = new Map([
  ['rid', caller],
  ['remote_address', { remote_address: {} }],
  ['source_cluster', { source_cluster: {} }],
  ['destination_cluster', { destination_cluster: {} }],
])

/** The action that makes this entry; undefined: Envoy cannot know its value. */
export function actionOf({ key, value }: AskedEntry, { headers, generic }: EntrySources): Config | undefined {
  const header = headers.get(key)
  if (header !== undefined) return { request_headers: { descriptor_key: key, header_name: header } }
  if (key !== 'generic_key') return ownActions.get(key)
  return value !== undefined && value !== '' && value === generic
    ? { generic_key: { descriptor_value: value } }
    : undefined
}

/** The descriptor of these actions, asked about with each request. With `endsSlot` another one says when the request's stream is over. */
export function rateLimitsOf(actions: readonly Config[], { endsSlot }: { readonly endsSlot: boolean }): Config[] {
  const asked = { actions }
  return endsSlot && actions.includes(caller) ? [asked, endOfStream(actions)] : [asked]
}
