import type { Faults, Place } from './import-fault.ts'

/** An entry of this key names whose request it is: its value is a ticket that Check signed, and any other is refused. */
export const ticketKey = 'rid'

/** A `rid` that means something else in the file would have every call of its descriptor refused. */
export function noteReservedKey(key: string | undefined, at: Place, faults: Faults): void {
  if (key !== ticketKey) return
  faults.add(
    at,
    'the key "rid" is kept for the tickets that Tollgate signs, and any other value of it is refused: rename it here and as descriptor_key in Envoy',
  )
}
