import type { Line, QuotaLine, TimeRange } from '../../../src/core/limit.ts'
import type { SpendRequest } from '../../../src/core/spend.ts'
import type { Subject } from '../../../src/core/subject.ts'
import { concurrencyLine, quotaLine, rateLine, spendRequest } from '../../support/spend-harness.ts'

export const accounts = 500
const dayMs = 24 * 3_600_000
const amount = 10 ** 12

/** One kind of check: so many lines, over so many partitions. */
export interface Shape {
  readonly name: string
  readonly lines: 3 | 6
  /** The rate is the address's, which lives elsewhere. */
  readonly isApart: boolean
}

export const shapes: readonly Shape[] = [
  { name: '3', lines: 3, isApart: false },
  { name: '6', lines: 6, isApart: false },
  { name: '3.two_partitions', lines: 3, isApart: true },
  { name: '6.two_partitions', lines: 6, isApart: true },
]

/** The nth check: a rate and two daily quotas; of six lines also a cap, a week and a month. Nobody reaches any. */
export function spendOf(shape: Shape, nth: number, round: string): SpendRequest {
  const at = nth % accounts
  const partition = at % 10
  const account: Subject = { kind: 'account', id: `account-${shape.name}-${at}`, partition }
  const project: Subject = { kind: 'project', id: `project-${shape.name}-${at % 50}`, partition }
  const department: Subject = { kind: 'department', id: `department-${shape.name}-${partition}`, partition }
  const address: Subject = { kind: 'address', id: `192.0.2.${at % 250}`, partition: 100 + (at % 100) }
  const rated = shape.isApart ? address : account
  const three: Line[] = [
    rateLine({ subject: rated, burst: 1_000_000, amount: 1_000_000 }),
    dayOf(account, 'account-daily'),
    dayOf(project, 'project-daily'),
  ]
  const more: Line[] = [
    concurrencyLine({ subject: account, amount: 1_000 }),
    windowOf(quotaLine({ subject: department, window: 'week_mon', amount, limit: 'weekly' }), 7 * dayMs),
    windowOf(quotaLine({ subject: account, window: 'month', amount, limit: 'monthly' }), 30 * dayMs),
  ]
  return spendRequest({
    id: `${round}-${shape.name}-${String(nth).padStart(26, '0')}`,
    lines: shape.lines === 3 ? three : [...three, ...more],
    subjects: [account, project, department],
    home: partition,
    notAfterMs: Date.now() + 60_000,
  })
}

function dayOf(subject: Subject, limit: string): QuotaLine {
  return windowOf(quotaLine({ subject, limit, amount, window: 'day' }), dayMs)
}

/** Windows of this length that hold now; what they are called is all the same to the store. */
function windowOf(line: QuotaLine, lengthMs: number): QuotaLine {
  const nowMs = Date.now()
  const startMs = nowMs - (nowMs % lengthMs)
  const range = (from: number): TimeRange => ({ startMs: from, endMs: from + lengthMs })
  return { ...line, current: range(startMs), next: range(startMs + lengthMs) }
}
