import type { Surface } from '../core/subject.ts'

/** Sums by day and month beside the books, for reports. */
export interface UsageSums {
  /** Takes at most so many differences into the sums, in one transaction; answers how many. 0 also while another process is at it. */
  fold(rowsMax: number): Promise<number>
}

export const reportKeys = ['month', 'day', 'department', 'project', 'account', 'surface', 'package', 'model'] as const
export type ReportKey = (typeof reportKeys)[number]

/** Which use a report is about; what is absent is anybody's. */
export interface ReportWish {
  readonly department?: string
  readonly project?: string
  readonly account?: string
  readonly surface?: Surface
  /** A package in any spelling, or a model. */
  readonly resource?: string
  /** What one row is; empty: all in one row. */
  readonly by: readonly ReportKey[]
  /** Days and months are this zone's. */
  readonly timeZone: string
  /** Whole UTC hours: from here to before `untilMs`. */
  readonly sinceMs: number
  readonly untilMs: number
  readonly rowsMax: number
}

/** Which sums are read: by department and project, besides by account or by resource, or everything from the hours themselves. */
export type ReportLevel = 'team' | 'payer' | 'resource' | 'hour'

/** Signed parts of the books that add up to the range. */
export interface ReportPiece {
  readonly source: 'month' | 'day' | 'hour'
  readonly sinceMs: number
  readonly untilMs: number
  readonly sign: 1 | -1
  /** Index of the day or month it belongs to, in `labels`. */
  readonly label: number
  /** Index of the instant whose prices hold, in `pricedAtMs`. */
  readonly price: number
}

export interface ReportPlan {
  readonly level: ReportLevel
  readonly labels: readonly string[]
  readonly pricedAtMs: readonly number[]
  readonly pieces: readonly ReportPiece[]
}

/** Exact decimal texts. */
export interface ReportSum {
  /** Requests, whatever they were booked at. */
  readonly entries: string
  readonly not_yet_final: string
  readonly credits: string
  readonly bytes: string
  readonly gpu_ms: string
  /** By currency. */
  readonly money: Readonly<Record<string, string>>
  /** Credits that no price holds for. */
  readonly unpriced: string
}

/** What was used, in exact decimal texts as `ReportSum` has them. */
export type UseSum = Omit<ReportSum, 'money' | 'unpriced'>

export interface ProjectUse {
  readonly rows: readonly (UseSum & { readonly key: string })[]
  /** Of the whole range, however few rows there are. */
  readonly total: UseSum
  /** Whether there are more rows. */
  readonly isCut: boolean
}

/** A project, and whole UTC hours: from here to before `untilMs`. */
interface ProjectRange {
  readonly project: string
  readonly sinceMs: number
  readonly untilMs: number
  readonly rowsMax: number
}

/** What the people of a project used, from sums: what it costs does not grow with what others use, nor with how many packages there are. */
export interface ProjectUseReader {
  /** The latest first, by UTC hour or day; `beforeMs`: only rows that begin before. */
  byTime(wish: ProjectRange & { readonly by: 'hour' | 'day'; readonly beforeMs?: number }): Promise<ProjectUse>
  /** The dearest first. */
  byAccount(wish: ProjectRange): Promise<ProjectUse>
}

/** null: nobody and nothing of that name is there any more, or there never was one. Keys that were not asked for are absent. */
export type ReportNames = Readonly<Partial<Record<ReportKey, string | null>>>

/** Books, people and prices as reports need them. Faults: `policy_unavailable`, `not_valid`. */
export interface ReportReader {
  /** Instants inside the range at which a price begins, at most `countMax`, and the currencies of the prices, at most five. */
  prices(
    range: Pick<ReportWish, 'sinceMs' | 'untilMs' | 'department' | 'surface'>,
    countMax: number,
  ): Promise<{ readonly startsMs: readonly number[]; readonly currencies: readonly string[] }>
  /** At one instant: at most `rowsMax` rows, those first that miss a name, then the dearest; the total over all rows, and how many there are. */
  read(
    wish: ReportWish,
    plan: ReportPlan,
    currencies: readonly string[],
  ): Promise<{
    readonly rows: readonly (ReportSum & { readonly names: ReportNames })[]
    readonly total: ReportSum
    readonly count: number
  }>
}
