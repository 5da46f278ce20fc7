import type { RefusedRequest } from '../core/refused-request.ts'
import type { LineState } from '../core/spend.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Admission } from './admission.ts'
import type { Governed } from './assess.ts'

/** Told of every refusal of a known caller. It MUST only remember: the caller is waiting for the answer. */
export type OnRefused = (refused: RefusedRequest) => void

type Known = Pick<RefusedRequest, 'refusal' | 'atMs'> & {
  readonly principal?: Governed['principal']
  readonly upstream?: Governed['upstream']
  readonly resource?: Governed['resource']
  readonly admission?: Admission & { readonly kind: 'refused' }
}

/** Tells of a refusal if it is known whose it is. What goes wrong there is counted and does not reach the caller. */
export function tellRefused(
  { principal, upstream, resource, refusal, admission, atMs }: Known,
  { onRefused, observer }: { readonly onRefused?: OnRefused; readonly observer: Observer },
): void {
  if (onRefused === undefined || principal === undefined || upstream === undefined) return
  const { surface } = upstream
  try {
    onRefused({ principal, surface, resource: resource?.resource ?? '', refusal, atMs, ...lineOf(admission) })
  } catch {
    observer.count('refusals_unlogged_total', { why: 'failed' })
  }
}

function lineOf(admission: Known['admission']): Pick<RefusedRequest, 'line' | 'counter'> {
  const line = admission?.lines[admission.answer.line]
  if (admission === undefined || line === undefined) return {}
  return { line, ...counterOf(admission.answer.states[admission.answer.line]) }
}

function counterOf(state: LineState | undefined): Pick<RefusedRequest, 'counter'> {
  return state?.kind === 'quota' ? { counter: { window: state.window, used: state.used } } : {}
}
