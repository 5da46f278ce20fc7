import type { Mutant } from './mutant.ts'

const spend = 'src/core/spend-decision.ts'
const report = 'src/core/report-decision.ts'
const seed = 'src/core/seed-decision.ts'
const counter = 'src/core/quota-counter.ts'
const checkpoint = 'src/core/checkpoint.ts'

/** Faults of what a store decides: spends, reports, expiry and seeds. */
export const storeMutants: readonly Mutant[] = [
  {
    name: 'periodic entry lowers the estimate',
    breaks: 'while a booking is open its amount is the larger of estimate and bytes so far; only `final` lowers it',
    patches: [
      {
        file: report,
        find: 'const booked = largerOf(record.booked, report.amounts)\n  // Owed',
        replace: 'const booked = report.amounts\n  // Owed',
      },
      {
        file: 'src/check/report.ts',
        find: 'amounts: largerOf(estimate, amounts)',
        replace: 'amounts: { ...estimate, ...amounts }',
      },
    ],
  },
  {
    name: 'seed forgets open reservations',
    breaks: 'a seed adds the reservations that are not yet in the stream',
    patches: [{ file: seed, find: 'view.pending.filter(concerns)', replace: 'view.pending.filter(() => false)' }],
  },
  {
    name: 'seed only when cold',
    breaks: 'a seed is a recomputation, right at any time, warm or cold: else stale subjects never heal',
    patches: [
      { file: seed, find: 'view.stale ? [] : state.quotas', replace: 'state.quotas' },
      {
        file: seed,
        find: 'const used = figure(counter, charges)',
        replace:
          'if (quotas.some(({ key }) => key === quotaKey(counter))) continue\n    const used = figure(counter, charges)',
      },
    ],
  },
  {
    name: 'entry without difference ignored by seed',
    breaks: 'a seed is behind while an entry whose effect on the ledger is not known here is unread',
    patches: [
      {
        file: seed,
        find: 'if (entry.difference === undefined) return undefined',
        replace: 'if (entry.difference === undefined) continue',
      },
    ],
  },
  {
    name: 'seed against any checkpoint',
    breaks: 'figures of another epoch, or from before the floor of this one, cannot be carried on',
    patches: [
      {
        file: checkpoint,
        find: 'return isOfEpoch(checkpoint, stream.epoch) && !stream.isBefore(checkpoint.position)',
        replace: 'return checkpoint !== undefined && stream.epoch !== undefined',
      },
    ],
    stress: ['lag-store', 'restart-store'],
  },
  {
    name: 'checkpoint of another epoch believed',
    breaks: 'of another epoch the stream is read from its start',
    patches: [
      {
        file: checkpoint,
        find: 'return checkpoint?.epoch === epoch',
        replace: 'return checkpoint !== undefined && epoch !== undefined',
      },
    ],
    stress: ['lag-store', 'wipe-store'],
  },
  {
    name: 'no notAfter on spend',
    breaks: 'a spend that the store begins later than notAfterMs takes nothing',
    patches: [{ file: spend, find: 'if (nowMs > request.notAfterMs)', replace: 'if (nowMs < 0)' }],
    stress: ['late-commands'],
  },
  {
    name: 'no notAfter on sweep',
    breaks: 'a sweep that the store begins late does nothing: what was known of broken streams is old by then',
    patches: [
      {
        file: 'src/usage/sweeper.ts',
        find: 'const notAfterMs = nowMs() + sweepLateMsMax',
        replace: 'const notAfterMs = nowMs() + 3_600_000',
      },
    ],
    stress: ['late-commands', 'kill-process', 'kill-envoy'],
  },
  {
    name: 'second spend under one id takes again',
    breaks: 'a repetition answers as the first one did',
    patches: [
      { file: spend, find: 'if (again !== undefined) return', replace: 'if (again !== undefined && nowMs < 0) return' },
    ],
  },
  {
    name: 'window picked by the clock of the caller',
    breaks: "the store's time at the spend picks the window, and counters and books go by it",
    patches: [
      {
        file: spend,
        find: '    at: nowMs,\n    epoch,',
        replace: '    at: Math.min(nowMs, request.notAfterMs - 200),\n    epoch,',
      },
    ],
  },
  {
    name: 'only the counters of lines move',
    breaks: 'a spend moves every warm counter of its subjects, also those no line looks at',
    patches: [
      {
        file: spend,
        find: 'const window = lineWindow(counter.key, request, of) ?? counter.current\n',
        replace: 'const window = lineWindow(counter.key, request, of)\n  if (window === undefined) return counter\n',
      },
    ],
  },
  {
    name: 'difference to some counters only',
    breaks: 'a difference goes to every warm counter whose window holds the instant of the spend',
    patches: [
      {
        file: report,
        find: "if (counter.surface !== 'any' && counter.surface !== charge.surface) return counter",
        replace: "if (counter.window !== 'day') return counter",
      },
    ],
  },
  {
    name: 'difference lost with the window',
    breaks: "yesterday's download is booked to yesterday: the window before is kept and moved",
    patches: [
      {
        file: counter,
        find: 'if (counter.previous === undefined || !holds(counter.previous, at))',
        replace: 'if (counter.previous === undefined || at > 0)',
      },
    ],
  },
  {
    name: 'new window begins with the use of the old one',
    breaks: 'a passed window is warm and rolls to 0',
    patches: [
      {
        file: counter,
        find: 'endMs: window.endMs, used: 0 }',
        replace: 'endMs: window.endMs, used: counter.current.used }',
      },
    ],
  },
  {
    name: 'cold is unused',
    breaks: 'a counter that the store never held is asked from the ledger, never taken for 0',
    patches: [
      {
        file: counter,
        find: 'if (counter === undefined || nowMs >= counter.current.endMs + quotaKeptMs) return undefined',
        replace: 'if (counter === undefined || nowMs >= counter.current.endMs + quotaKeptMs) return 0',
      },
    ],
  },
  {
    name: 'record forgotten while pending',
    breaks: 'what owes anything to the stream never expires',
    patches: [
      {
        file: 'src/core/charge-record.ts',
        find: 'record?.forgetAtMs !== undefined && nowMs >= record.forgetAtMs',
        replace: 'record !== undefined && nowMs >= (record.forgetAtMs ?? record.at + 4_000)',
      },
    ],
  },
  {
    name: 'refund overtakes its spend',
    breaks: 'a refund that finds no record before notAfterMs is answered `early` and tried again',
    patches: [
      { file: report, find: 'view.nowMs <= notAfterMs && remembered', replace: 'view.nowMs < 0 && remembered' },
    ],
    stress: ['step-clock', 'step-clock', 'late-commands'],
  },
  {
    name: 'late refund without record ignored',
    breaks: 'a refund without record is appended by id alone, for the row that the ledger may have',
    patches: [
      {
        file: report,
        find: 'if (record === undefined || record.epoch !== view.epoch) return withoutRecord(report, view)',
        replace:
          'if (record === undefined && report.notAfterMs !== undefined) return unchanged\n  if (record === undefined || record.epoch !== view.epoch) return withoutRecord(report, view)',
      },
    ],
    stress: ['kill-process', 'restart-store', 'freeze-store'],
  },
  {
    name: 'old record booked with a difference',
    breaks: 'what decides a record of an older epoch appends without difference and marks its subjects stale',
    patches: [
      { file: report, find: 'if (record.epoch !== epoch) {', replace: 'if (nowMs < 0) {' },
      {
        file: report,
        find: 'if (record === undefined || record.epoch !== view.epoch) return withoutRecord',
        replace: 'if (record === undefined) return withoutRecord',
      },
    ],
    stress: ['lag-store'],
  },
  {
    name: 'report without record marks nothing stale',
    breaks: 'a store without the record does not guess: its subjects are seeded anew',
    patches: [
      {
        file: report,
        find: "answer: 'unrecorded', record, entry, stale: subjects",
        replace: "answer: 'unrecorded', record, entry, stale: []",
      },
    ],
  },
  {
    name: 'duplicate report counted twice',
    breaks: 'reports are cumulative: of two finals the larger stands',
    patches: [
      {
        file: report,
        find: "record.state === 'final' ? largerOf(record.booked, report.amounts) : report.amounts",
        replace:
          "record.state === 'final' && report.notAfterMs === undefined ? { ...report.amounts, credits: record.booked.credits + report.amounts.credits } : report.amounts",
      },
    ],
  },
  {
    name: 'released although a log stream broke',
    breaks: 'only what was spent after the last break of a log stream is released',
    patches: [{ file: report, find: ' && record.at > view.brokeAtMs', replace: '' }],
    stress: ['kill-envoy', 'kill-process'],
  },
  {
    name: 'slot not freed',
    breaks: 'the end of a request frees its slot',
    patches: [{ file: report, find: "    slots: 'free',\n    rates:", replace: "    slots: 'keep',\n    rates:" }],
  },
  {
    name: 'rate takes half of what passes',
    breaks: 'a rate hands out at most its burst and what refilled since',
    patches: [
      {
        file: 'src/core/rate.ts',
        find: 'Math.min(debtMax, taken.debt + taken.hits * rate.periodMs)',
        replace: 'Math.min(debtMax, taken.debt + Math.floor((taken.hits * rate.periodMs) / 2))',
      },
    ],
  },
  {
    name: 'paced without end',
    breaks: 'a rate takes no more ahead of its time than its pace allows',
    patches: [
      {
        file: 'src/core/line-state.ts',
        find: "if (state.retryAfterMs === 'never' || state.retryAfterMs > line.paceMsMax) return undefined",
        replace: "if (state.retryAfterMs === 'never' || line.paceMsMax === 0) return undefined",
      },
    ],
  },
]
