import type { AlertEvent } from '../core/alert-event.ts'
import { numberIn, said } from './event-facts.ts'

/** The token an event is about, as its owner knows it: by its hint, else by its id. The same in every language. */
export function tokenOf(event: AlertEvent): string {
  return said(event, 'hint') || said(event, 'token')
}

/** A number of `data` as text, or the word for one that is absent. */
export function numberOr(event: AlertEvent, field: string, otherwise: string): string {
  return String(numberIn(event, field) ?? otherwise)
}
