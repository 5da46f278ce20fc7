import type { Line, TimeRange } from './limit.ts'
import type { Principal } from './principal.ts'
import type { Surface } from './subject.ts'
import type { Refusal } from './verdict.ts'

/** A request of a known caller that was refused. */
export interface RefusedRequest {
  readonly principal: Principal
  readonly surface: Surface
  /** The package or model; empty when there is none. */
  readonly resource: string
  readonly refusal: Refusal
  /** The line that refused, where one did. */
  readonly line?: Line
  /** Of a quota line: how its counter stood in the window that the store picked, in code units. */
  readonly counter?: { readonly window: TimeRange; readonly used: number }
  /** The store's time. */
  readonly atMs: number
}
