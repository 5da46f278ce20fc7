/** One thing the doctor saw, in a sentence; `wrong` is for somebody to mend, `note` is for somebody to know. */
export interface Finding {
  readonly about: 'database' | 'store' | 'ledger' | 'counters' | 'spool' | 'restore'
  readonly level: 'good' | 'note' | 'wrong'
  readonly sentence: string
}

/** How far a clock may be off before it is worth a word, either way. */
const clockMsMax = 1_000

/** `2.5 s ahead of`, or undefined when it hardly differs. */
export function clockWords(aheadMs: number): string | undefined {
  if (Math.abs(aheadMs) <= clockMsMax) return undefined
  return `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`
}
