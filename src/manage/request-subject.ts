import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { AskedLimit, Beneficiary, RequestTools } from './request-ports.ts'
import type { Owner } from './who-may.ts'

/** Of a department no lead and nobody's own. */
const nobody = ''

/** Whose thing it is that more is asked for. Undefined: there is no such account, project or department. */
export async function ownerOf(
  { requests }: Pick<RequestTools, 'requests'>,
  beneficiary: Beneficiary,
): Promise<Owner | undefined> {
  const place = isSlug(beneficiary.id) ? await requests.placeOf(beneficiary) : undefined
  if (place === undefined) return undefined
  return { account: beneficiary.kind === 'account' ? beneficiary.id : nobody, project: place.project ?? nobody }
}

/** The limit of this name as they have it. Throws a `Fault` of code `not_found`. */
export async function limitFor(
  { requests }: Pick<RequestTools, 'requests'>,
  name: string,
  beneficiary: Beneficiary,
): Promise<AskedLimit> {
  const limit = isSlug(name) ? await requests.limitOf(name, beneficiary) : undefined
  if (limit !== undefined) return limit
  throw new Fault('not_found', `There is no limit ${name} that applies to the ${beneficiary.kind} ${beneficiary.id}`)
}
