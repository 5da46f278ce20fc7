/**
 * A reservation id: 128 random bits in base64url, a dot, the mint time in base 36. The time only spreads the ledger's unique key over days;
 * what windows and books go by is the store's `at`.
 */
export function mintReservationId(random: Uint8Array, nowMs: number): string {
  return `${Buffer.from(random).toString('base64url')}.${nowMs.toString(36)}`
}
