import { setTimeout as delay } from 'node:timers/promises'
import { type Demo, type Shown, type Step, StepFault } from './step.ts'
import { askForMore } from './steps/ask-for-more.ts'
import { callGpu } from './steps/call-gpu.ts'
import { exhaustQuota } from './steps/exhaust-quota.ts'
import { install } from './steps/install.ts'
import { leaveLargeDownload } from './steps/leave-download.ts'
import { limitDescriptors } from './steps/limit-descriptors.ts'
import { meetRate } from './steps/meet-rate.ts'
import { raiseLimit } from './steps/raise-limit.ts'
import { refuseTokens } from './steps/refuse-tokens.ts'
import { revokeToken } from './steps/revoke-token.ts'
import { warn } from './steps/warn.ts'

export const STEPS: readonly (readonly [title: string, step: Step])[] = [
  ['Alice installs a package', install],
  ['No token, a wrong one, an expired one', refuseTokens],
  ['A burst meets the rate', meetRate],
  ['The daily quota runs out', exhaustQuota],
  ['The limit is raised by SQL', raiseLimit],
  ['Alice is warned before it runs out', warn],
  ['It runs out, she asks for more, her lead approves', askForMore],
  ['The token is revoked by SQL', revokeToken],
  ['A large download is left half way', leaveLargeDownload],
  ['GPU requests have rules of their own', callGpu],
  ['Limits of descriptors, from a file of envoyproxy/ratelimit', limitDescriptors],
]

const NEWS_MS_MAX = 2_500
const EVIDENCE_CHARS_MAX = 4_000

/** Runs every step, also after one that failed, and answers how many did not show what they should. Says nothing more once aborted. */
export async function runSteps(demo: Demo, signal: AbortSignal): Promise<number> {
  let faults = 0
  for (const [index, [title, step]] of STEPS.entries()) {
    console.log(`\n${index + 1}. ${title}`)
    try {
      const lines = await step(demo)
      signal.throwIfAborted()
      for (const shown of lines) print(shown)
    } catch (error) {
      await waitForNews(signal)
      faults += 1
      printFault(error)
    }
  }
  return faults
}

/**
 * To be called after a fault: a server that has just ended explains it better, and its end is noticed a moment later.
 * Rejects as soon as `signal` is aborted.
 */
export async function waitForNews(signal: AbortSignal): Promise<void> {
  await delay(NEWS_MS_MAX, undefined, { signal })
}

function print({ what, happened, terminal }: Shown): void {
  console.log(`   ${what} → ${happened}`)
  if (terminal !== undefined && terminal !== '') console.log(terminal.replaceAll(/^/gm, '     │ '))
}

function printFault(error: unknown): void {
  console.log(`   ✗ ${error instanceof Error ? error.message : String(error)}`)
  const evidence = error instanceof StepFault ? error.evidence : error instanceof Error ? (error.stack ?? '') : ''
  console.log(evidence.slice(-EVIDENCE_CHARS_MAX).replaceAll(/^/gm, '     │ '))
}
