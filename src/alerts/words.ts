import type { AlertEvent, AlertType } from '../core/alert-event.ts'
import type { Outlook } from '../core/outlook.ts'

/** An event in the words of one language. */
export interface Wording {
  /** One line. */
  readonly title: string
  /** What happened, how much of what, until when, what to do. */
  readonly paragraphs: readonly string[]
}

/** How a limit stands, in code units. */
export type Figures = Pick<Outlook, 'counts'> & NonNullable<Outlook['standing']>

/** What every sentence may draw on. */
export interface Scene {
  /** Instants as the reader's wall shows them. */
  readonly time: (atMs: number) => string
  /** Whom to ask, as it follows "ask". */
  readonly askAt?: string
  /** Where the API is, without a slash at its end. */
  readonly publicUrl?: string
}

/** One of these per language: `words-en.ts`, `words-zh.ts`. */
export interface Words {
  readonly events: Readonly<Record<AlertType, (event: AlertEvent, scene: Scene) => Wording>>
  readonly digestTitle: (titles: readonly string[]) => string
  readonly andMore: (count: number) => string
  /** What a decision rests on, told in a decider's own mail alone. */
  readonly outlook: (outlook: Outlook) => readonly string[]
  /** The link by which a decider decides, told in their own mail alone. */
  readonly decide: (url: string, until: string) => string
}

/** Whom to ask, when somebody in particular was set; the setting's default says nothing that each language has no words for. */
export function askedIn({ askAt }: Scene): string | undefined {
  return askAt === 'your administrator' ? undefined : askAt
}

/** A request was refused that was larger than what is left, so that not all of the limit is used. */
export function isRefusedBelow({ percent, limit, data }: AlertEvent): boolean {
  return percent === 100 && data?.['refused'] === true && limit !== undefined && limit.used < limit.amount
}

/** Whose limit it is can be given more of it. */
export function canBeAsked({ limit }: AlertEvent): boolean {
  return limit !== undefined && ['account', 'project', 'department'].includes(limit.subject.kind)
}
