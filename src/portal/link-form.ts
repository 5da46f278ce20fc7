import type { OpenedLink } from '../manage/open-decision-link.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'
import { type Html, html, page } from './html.ts'
import { type Language, linkWords } from './link-words.ts'

export interface Reader {
  readonly language: Language
  readonly timeZone: string
}

/** What was typed into the form, and why nothing came of it. */
export interface Typed {
  readonly amount: string | undefined
  readonly note: string
  readonly trouble: string
}

const noteLengthMax = 500

/** What is asked, what the decision rests on, and the form that decides; after a mistake with it and what was typed. */
export function openPage(opened: OpenedLink, { language, timeZone }: Reader, typed?: Typed): string {
  const words = linkWords[language]
  const { request, decider, outlook } = opened
  const facts = [
    ...words.facts(request, timeZone, outlook?.counts),
    ...(outlook === undefined ? [] : words.outlook(outlook)),
    words.decidedAs(decider),
  ].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)
  const trouble = typed === undefined ? [] : [html`<p role="alert"><strong>${typed.trouble}</strong></p>`]
  return page(
    words.asks(request.askedBy),
    html`${trouble}<dl>${facts}</dl>${formOf(opened, language, typed)}`,
    language,
  )
}

/** Enter in a field presses the first button of a form: one that does nothing, since nobody is to approve by accident (HTML, 4.10.21.2). */
function formOf({ request, outlook }: OpenedLink, language: Language, typed?: Typed): Html {
  const words = linkWords[language]
  const amount = html`<label>${words.amount(request.amount, outlook?.counts)}<input name="amount" value="${typed?.amount ?? request.amount}" inputmode="decimal" autocomplete="off"></label>`
  const note = html`<label>${words.note(request.askedBy)}<input name="note" value="${typed?.note ?? ''}" maxlength="${String(noteLengthMax)}" autocomplete="off"></label>`
  return html`<form method="post"><button disabled hidden></button>${[amount, note]}<button name="decision" value="approve">${words.approve}</button><button name="decision" value="decline">${words.decline}</button></form>`
}

/** What was decided, how much it is and until when. */
export function donePage(request: QuotaRequest, { outlook }: OpenedLink, { language, timeZone }: Reader): string {
  const [title, sentence] = linkWords[language].done(request, timeZone, outlook?.counts)
  return page(title, html`<p>${sentence}</p>`, language)
}
