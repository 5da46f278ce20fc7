import { Fault } from '../core/fault.ts'
import type { Line } from '../core/limit.ts'
import type { LineState, SpendRequest } from '../core/spend.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Admit } from './admission.ts'
import { linesOf, subjectsOf } from './lines.ts'
import type { Seeder, SpendStore } from './ports.ts'
import { seedCold } from './seed-cold.ts'
import { unlessAway } from './store-away.ts'
import type { WithoutStore } from './without-store.ts'

const attemptsMax = 4

/** The one place that knows how to get an answer from the spend port: every retry carries the same id and the same `notAfterMs`. */
export function createAdmit(deps: {
  readonly store: SpendStore
  readonly seed: Seeder
  readonly away: WithoutStore
  readonly observer: Observer
}): Admit {
  return async ({ limits, lineFacts, spend }) => {
    const subjects = subjectsOf(limits, lineFacts)
    let lines = linesOf(limits, lineFacts)
    let cold: SpendRequest['cold'] = 'ask'
    let seeded = false
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { id, estimate, surface, home, meta, notAfterMs, expiresInMs, isPart } = spend
      const request = { id, lines, estimate, surface, subjects, home, meta, notAfterMs, expiresInMs, cold }
      const answer = await unlessAway(deps.store.spend(isPart === true ? { ...request, isPart } : request))
      if (answer instanceof Fault) return deps.away.decide({ lines, subjects, spend, isUncertain: answer.uncertain })
      deps.away.answered()
      if (answer.kind === 'taken') return { kind: 'taken', lines, subjects, answer }
      if (answer.kind === 'refused') return { kind: 'refused', lines, answer }
      if (answer.kind === 'late') return { kind: 'unavailable', reason: 'late' }
      if (answer.kind === 'stale-windows') {
        lines = linesOf(limits, { ...lineFacts, nowMs: answer.at })
        continue
      }
      if (!seeded) {
        seeded = await seedCold({ lines, cold: answer.lines, notAfterMs: spend.notAfterMs }, deps.seed)
        if (seeded) continue
      }
      const coldLines = answer.lines.flatMap((index) => lines[index] ?? [])
      if (coldLines.some(denies)) return { kind: 'unavailable', reason: 'cold' }
      const refusal = await deps.away.refusal(coldLines, { lines, subjects, spend, isUncertain: false })
      if (refusal !== undefined) return refusal
      deps.observer.count('cold_passes_total')
      cold = 'pass'
    }
    return { kind: 'unavailable', reason: 'unsettled_answer' }
  }
}

/** Whether a limit refuses when its counter cannot be asked. */
export function denies(line: Line | undefined): boolean {
  return line !== undefined && line.enforced && line.posture === 'deny'
}

/** Whether a state stands for a line that would have refused had it been enforced: shadow limits and artifact-only limits report it. */
export function overran(line: Line, state: LineState): boolean {
  return !line.enforced && state.kind !== 'cold' && !state.fits
}
