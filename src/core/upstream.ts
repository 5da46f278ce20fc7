import type { Surface } from './subject.ts'

/** One row of `upstream`: a server behind Envoy. */
export interface Upstream {
  readonly id: string
  readonly surface: Surface
  /** Lower case, no port; absent = only named by the route. */
  readonly host?: string
  /** What clients see in front of the layout's own paths: `` or `/pypi`. No trailing slash. */
  readonly mountPath: string
  readonly originUrl: string
  /** Name of a row of the layout table in `core/layout.ts`. */
  readonly grammar: string
  /** Replaces the caller's Authorization towards the upstream: a reference `env:TOLLGATE_UPSTREAM_…` or `file:PATH`; absent = only removed. */
  readonly credential?: string
}
