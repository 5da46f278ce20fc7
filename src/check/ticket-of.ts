import type { RequestFacts } from '../core/request.ts'
import type { Ticket } from '../core/ticket.ts'
import type { Admission, AdmitRequest } from './admission.ts'
import type { Governed } from './assess.ts'

/** What a charge says about its request. */
export function metaOf({ principal, upstream, resource }: Governed, { address }: RequestFacts): Ticket['meta'] {
  return {
    account: principal.account.id,
    project: principal.project.id,
    department: principal.department.id,
    token: principal.token?.id ?? '',
    address,
    upstream: upstream.id,
    kind: resource.kind,
    resource: resource.resource,
    file: resource.file,
  }
}

/** The ticket of a reservation that was taken: all that a report will need, so that it asks no policy. */
export function ticketOf(taken: {
  readonly governed: Governed
  readonly admission: Admission & { readonly kind: 'taken' }
  readonly spend: AdmitRequest['spend']
}): Ticket {
  const { governed, admission, spend } = taken
  return {
    id: spend.id,
    surface: spend.surface,
    home: spend.home,
    estimate: spend.estimate,
    meta: spend.meta,
    at: admission.answer.at,
    partitions: admission.answer.epochs,
    subjects: admission.subjects,
    price: governed.price,
    // A call's path may be long and has no size to learn.
    path: governed.resource.kind === 'call' ? '' : governed.resource.path,
  }
}
