import type { DescriptorStatus } from './rate-limit-words.ts'

/** What no limit is known for. */
export const withinNoLimit: DescriptorStatus = { code: 'ok', remaining: 0 }

/** What is refused without a limit to show: one that cannot be asked, or somebody whom nobody can charge. */
export const refusedUncounted: DescriptorStatus = { code: 'over_limit', remaining: 0 }
