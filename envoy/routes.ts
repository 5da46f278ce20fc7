import { clusterOf } from './clusters.ts'
import type { Config, MeshUpstream } from './config.ts'
import { nameUpstream } from './filters.ts'
import { besideRouteRateLimits } from './rate-limits.ts'

/** Answered by Tollgate itself, wherever packages are served. */
const ownPath = '/quota/status'

/**
 * One virtual host for each host that upstreams name, and one for all others. The longest prefix stands first; where nothing takes every
 * path, Tollgate's own page gets a route, so that it is asked about it.
 */
export function virtualHosts(upstreams: readonly MeshUpstream[], given: Given): readonly Config[] {
  const hosts = Map.groupBy(upstreams, ({ host }) => host ?? '*')
  // Envoy finds the most specific host by itself; the catch-all is read last by people.
  const names = [...hosts.keys()].toSorted((left, right) => Number(left === '*') - Number(right === '*'))
  return names.map((name) => virtualHost(name, hosts.get(name) ?? [], given))
}

interface Given {
  /** Of every route; absent: there is no rate limit filter. */
  readonly rateLimits?: readonly Config[]
}

function virtualHost(name: string, upstreams: readonly MeshUpstream[], given: Given): Config {
  const sorted = upstreams.toSorted((left, right) => right.prefix.length - left.prefix.length)
  const [first] = sorted
  const hasCatchAll = sorted.some(({ prefix }) => prefix === '/')
  const own =
    first === undefined || hasCatchAll ? [] : [{ ...route(first, given), name: 'own', match: { path: ownPath } }]
  return {
    name: name === '*' ? 'all' : name,
    domains: name === '*' ? ['*'] : [name, `${name}:*`],
    ...(given.rateLimits && { rate_limits: given.rateLimits }),
    routes: [...sorted.map((upstream) => route(upstream, given)), ...own],
  }
}

function route({ id, prefix, path = '/', tls }: MeshUpstream, { rateLimits }: Given): Config {
  return {
    name: id,
    match: { prefix },
    route: {
      cluster: clusterOf(id),
      timeout: '0s',
      ...(prefix === path ? {} : { prefix_rewrite: path }),
      ...(tls && { host_rewrite_literal: tls.authority }),
    },
    typed_per_filter_config: { ...nameUpstream(id), ...(rateLimits && besideRouteRateLimits) },
  }
}
