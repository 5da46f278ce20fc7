import type { Line } from '../core/limit.ts'
import type { Principal } from '../core/principal.ts'
import { noAmounts } from '../core/quantity.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { linesOf, type WindowsAt } from './lines.ts'
import type { Look } from './look.ts'
import { type Standing, standingsOf } from './standing.ts'

/** The caller's limits on every surface, looked at and not touched; undefined when the store cannot be asked. */
export type ReadStatus = (who: {
  readonly principal: Principal
  readonly address: string
  readonly snapshot: Snapshot
  /** In the store's clock. */
  readonly notAfterMs: number
}) => Promise<readonly Standing[] | undefined>

export function createReadStatus(deps: { readonly look: Look; readonly windowsAt: WindowsAt }): ReadStatus {
  return async ({ principal, address, snapshot, notAfterMs }) => {
    const linesAt = (nowMs: number): readonly Line[] => {
      const facts = {
        principal,
        address,
        kind: 'artifact',
        estimate: noAmounts,
        nowMs,
        windowsAt: deps.windowsAt,
      } as const
      return snapshot
        .limitsOf(principal.account, nowMs)
        .flatMap((limit) => linesOf([limit], { ...facts, surface: limit.surface === 'gpu' ? 'gpu' : 'pypi' }))
    }
    const seen = await deps.look(linesAt, { notAfterMs })
    return seen && standingsOf(snapshot.limitsOf(principal.account, seen.at), seen)
  }
}
