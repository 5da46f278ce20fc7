/** Draws that are the same for the same seed. */
export interface Random {
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number
  /** True so often. */
  chance(share: number): boolean
  pick<T>(among: readonly [T, ...T[]]): T
}

/** mulberry32: small, and good enough to vary tests. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    whole,
    chance: (share) => next() < share,
    pick: (among) => among[whole(0, among.length - 1)] ?? among[0],
  }
}
