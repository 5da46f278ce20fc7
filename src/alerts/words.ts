import type { AlertEvent, AlertedLimit, AlertType } from '../core/alert-event.ts'
import type { CountedQuantity } from '../core/quantity.ts'

/** An event in the words of one language. */
export interface Wording {
  /** One line. */
  readonly title: string
  /** What happened, how much of what, until when, what to do. */
  readonly paragraphs: readonly string[]
}

/** What every sentence may draw on. */
export interface Scene {
  /** Instants as the reader's wall shows them. */
  readonly time: (atMs: number) => string
  /** Whom to ask, as it follows "ask". */
  readonly askAt?: string
}

/** One of these per language: `words-en.ts`, `words-zh.ts`. */
export interface Words {
  readonly events: Readonly<Record<AlertType, (event: AlertEvent, scene: Scene) => Wording>>
  readonly digestTitle: (titles: readonly string[]) => string
  readonly andMore: (count: number) => string
  /** The link by which a decider decides, told in their own mail alone. */
  readonly decide: (url: string, until: string) => string
}

/** Whom to ask, when somebody in particular was set; the setting's default says nothing that each language has no words for. */
export function askedIn({ askAt }: Scene): string | undefined {
  return askAt === 'your administrator' ? undefined : askAt
}

/** How much of a limit is used, in whole percent, rounded down. */
export function usedPercent({ used, amount }: AlertedLimit): number {
  return amount > 0 ? Math.floor((used / amount) * 100) : 100
}

/** A field of `data` as one line of text; empty when it is absent. */
export function said({ data }: AlertEvent, field: string): string {
  const value = data?.[field]
  return value === undefined || value === null
    ? ''
    : String(value)
        .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
        .trim()
}

/** A field of `data` as a number. */
export function numberIn({ data }: AlertEvent, field: string): number | undefined {
  const value = Number(data?.[field] ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

const counted: readonly string[] = ['requests', 'credits', 'bytes', 'gpu_ms', 'in_flight'] satisfies CountedQuantity[]

/** What `data.counts` says is counted. */
export function countsIn(event: AlertEvent): CountedQuantity | undefined {
  const counts = said(event, 'counts')
  return counted.includes(counts) ? (counts as CountedQuantity) : undefined
}
