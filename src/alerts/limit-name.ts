import type { AlertEvent } from '../core/alert-event.ts'
import { said } from './event-facts.ts'

/** The name of the limit it is about: of a request or a grant it is in `data` alone. */
export function limitNameOf(event: AlertEvent): string | undefined {
  return event.limit?.name ?? (said(event, 'limitName') || undefined)
}
