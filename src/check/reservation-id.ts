const idBytes = 16
const idsPerDraw = 256

/**
 * Mints reservation ids: 128 random bits in base64url, a dot, the mint time in base 36. The time only spreads the ledger's unique key over
 * days; what windows and books go by is the store's `at`. Randomness is drawn for 256 ids at a time, because a draw costs as much as all else.
 */
export function createReservationIds(randomBytes: (count: number) => Uint8Array): (nowMs: number) => string {
  let drawn = Buffer.alloc(0)
  let used = 0
  return (nowMs) => {
    if (used === drawn.length) {
      drawn = Buffer.from(randomBytes(idBytes * idsPerDraw))
      used = 0
    }
    const id = drawn.toString('base64url', used, used + idBytes)
    used += idBytes
    return `${id}.${nowMs.toString(36)}`
  }
}
