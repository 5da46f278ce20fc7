import type { Config } from '../../envoy/config.ts'

/** A route to the mirror for requests whose header `x-case` is its name. */
export interface CaseRoute {
  readonly name: string
  readonly rateLimits: readonly Config[]
  /** Beside the upstream, as the route's own word to Check. */
  readonly extensions?: Readonly<Record<string, string>>
  /** The rate limits stand in the filter's own settings of the route, where `hits_addend` works. */
  readonly isPerRoute?: boolean
}

interface Route {
  readonly name: string
  readonly match: Config
  readonly route: Config
  readonly typed_per_filter_config: Readonly<Record<string, Config>>
}

/** Envoy's configuration with routes of these cases before all others; its access log is sent every `logBuffer`. */
export function withCases(config: Config, given: { readonly cases: readonly CaseRoute[]; readonly logBuffer: string }) {
  const text = JSON.stringify(config, (key, value: unknown) => {
    if (key === 'buffer_flush_interval') return given.logBuffer
    if (key !== 'routes') return value
    const routes = value as readonly Route[]
    const mirror = routes.find(({ name }) => name === 'mirror')
    return mirror === undefined ? routes : [...given.cases.map((one) => caseRoute(mirror, one)), ...routes]
  })
  return JSON.parse(text) as Config
}

const checkName = 'envoy.filters.http.ext_authz'
const filterName = 'envoy.filters.http.ratelimit'

function caseRoute(mirror: Route, { name, rateLimits, extensions = {}, isPerRoute = false }: CaseRoute): Route {
  const filters = mirror.typed_per_filter_config
  const upstream = { upstream: 'mirror', ...extensions }
  return {
    name,
    match: { prefix: '/', headers: [{ name: 'x-case', string_match: { exact: name } }] },
    route: isPerRoute ? mirror.route : { ...mirror.route, rate_limits: rateLimits },
    typed_per_filter_config: {
      ...filters,
      [checkName]: { ...filters[checkName], check_settings: { context_extensions: upstream } },
      [filterName]: { ...filters[filterName], ...(isPerRoute && { rate_limits: rateLimits }) },
    },
  }
}

/** An entry with a fixed value. */
export function fixedEntry(key: string, value: string): Config {
  return { generic_key: { descriptor_key: key, descriptor_value: value } }
}

/** An entry whose value is what the client wrote into a header; without the header there is no descriptor. */
export function headerEntry(key: string, header: string): Config {
  return { request_headers: { descriptor_key: key, header_name: header } }
}

/** The entry that names whose request it is. */
export const callerEntry: Config = {
  metadata: {
    descriptor_key: 'rid',
    metadata_key: { key: checkName, path: [{ key: 'ticket' }] },
    source: 'DYNAMIC',
  },
}

/** What a limit of Check's says stands for the rule's own amount. */
export function limitOfCheck(name: string): Config {
  return { dynamic_metadata: { metadata_key: { key: checkName, path: [{ key: `limit.${name}` }] } } }
}
