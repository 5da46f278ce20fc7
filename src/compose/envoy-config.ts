import { resolve } from 'node:path'
import { meshBootstrap } from '../../envoy/bootstrap.ts'
import type { MeshUpstream } from '../../envoy/config.ts'
import { rateLimitReasons, reasons, upstreamReasons } from '../../envoy/reasons.ts'
import { writeYaml } from '../../envoy/yaml.ts'
import type { EnvoyConfig, EnvoyWish } from '../cli/ports.ts'
import { Fault } from '../core/fault.ts'
import type { Upstream } from '../core/upstream.ts'
import type { PolicySnapshot } from '../policy/snapshot.ts'
import type { Settings } from '../settings.ts'
import { askedRateLimits } from './envoy-rate-limits.ts'
import { holdMsMaxOf } from './hold-ms-max.ts'
import { socketPaths } from './sockets.ts'

/** Envoy waits so much longer than Tollgate for its own answer, so that it is Tollgate's words that reach the caller. */
const spareMs = 50

/** Envoy lets so much more through than a process decides and holds at once: some are to hear from Tollgate that it is too many. */
const shedShare = 0.25

/** A note is a comment of one line, and holds keys as somebody wrote them. */
const lineBreaks = /[\p{Cc}\p{Zl}\p{Zp}]/gu

const header = `# Envoy 1.40 asking Tollgate about every request. Written by \`tollgate envoy-config\` from the rows of tollgate.upstream: write it
# anew after these change, after a limit whose pace_ms_max is the longest, after another number of processes, and after another
# TOLLGATE_CHECK_MS_MAX, TOLLGATE_IN_FLIGHT_MAX, TOLLGATE_HELD_MAX, TOLLGATE_GRPC_SOCKET or TOLLGATE_DATA_FOLDER.
`
const rateLimitsHeader = `# Its rate limit filter asks about what the limits of the domain are for: write it anew after one has other entries, too.
`

/** Envoy's bootstrap for these settings and the upstreams in force. Throws a `Fault` of code `not_valid` when there are none, or two answer at one place. */
export function envoyConfigOf(
  wish: EnvoyWish,
  { settings, snapshot }: { readonly settings: Settings; readonly snapshot: PolicySnapshot },
): EnvoyConfig {
  const upstreams = [...snapshot.state.tables.upstream.inForce.values()].toSorted((left, right) =>
    left.id < right.id ? -1 : 1,
  )
  if (upstreams.length === 0) throw new Fault('not_valid', 'There is no upstream yet: add a row to tollgate.upstream')
  const meshed = upstreams.map((upstream) => meshUpstream(upstream, wish.authoritiesFile))
  checkPlaces(meshed)
  const limits = rateLimitsOf(wish, snapshot)
  const config = meshBootstrap({
    nodeId: wish.nodeId,
    listener: wish.listen,
    ...(wish.admin && { admin: wish.admin }),
    tollgateSockets: socketPaths(settings, wish.processes).map((path) => resolve(path)),
    upstreams: meshed,
    authorizeMsMax: settings.TOLLGATE_CHECK_MS_MAX + spareMs,
    holdMsMax: holdMsMaxOf(snapshot),
    callsPerProcessMax: callsPerProcessMaxOf(settings),
    ...(limits && { rateLimitDomain: limits.domain, rateLimits: limits.rateLimits }),
  })
  const notes = (limits?.notes ?? []).map((note) => note.replaceAll(lineBreaks, ' '))
  const domainHeader = limits === undefined ? '' : rateLimitsHeader + notes.map((note) => `# ${note}.\n`).join('')
  const yaml = writeYaml(config, { ...reasons, ...upstreamReasons, ...rateLimitReasons })
  return { config, notes, yaml: header + domainHeader + yaml }
}

function callsPerProcessMaxOf({ TOLLGATE_IN_FLIGHT_MAX: decided, TOLLGATE_HELD_MAX: held }: Settings): number {
  return Math.ceil((decided + held) * (1 + shedShare))
}

function meshUpstream({ id, host, mountPath, originUrl }: Upstream, authoritiesFile: string): MeshUpstream {
  const { protocol, hostname, host: authority, port, pathname } = new URL(originUrl)
  const isTls = protocol === 'https:'
  const name = hostname.replace(/^\[|\]$/g, '')
  return {
    id,
    prefix: `${mountPath}/`,
    address: { host: name, port: port === '' ? (isTls ? 443 : 80) : Number(port) },
    path: pathname.endsWith('/') ? pathname : `${pathname}/`,
    ...(host !== undefined && { host }),
    ...(isTls && { tls: { name, authority, authoritiesFile } }),
  }
}

/** A request must lead to one upstream, or which limits and prices apply depends on the order of rows. */
function checkPlaces(upstreams: readonly MeshUpstream[]): void {
  for (const same of Map.groupBy(upstreams, ({ host = '*', prefix }) => `${host}${prefix}`).values()) {
    const [one, other] = same
    if (one === undefined || other === undefined) continue
    const place = `${one.host === undefined ? 'any host' : one.host}, path ${one.prefix}`
    throw new Fault(
      'not_valid',
      `Upstreams ${one.id} and ${other.id} are at the same place (${place}): give one another host or mount_path`,
    )
  }
}

/** A domain without a row limits nothing, which nobody means who asks for one. */
function rateLimitsOf({ rateLimitDomain: domain, entryHeaders = new Map() }: EnvoyWish, snapshot: PolicySnapshot) {
  if (domain === undefined) return undefined
  if (snapshot.descriptorDomain(domain) === undefined)
    throw new Fault('not_valid', `There is no domain ${domain} yet: add a row to tollgate.descriptor_domain`)
  const rules = [...snapshot.state.tables.descriptor_limit.inForce.values()]
    .filter((rule) => rule.domain === domain)
    .toSorted((left, right) => (left.id < right.id ? -1 : 1))
  return { domain, ...askedRateLimits(domain, rules, entryHeaders) }
}
