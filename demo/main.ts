import { once } from 'node:events'
import { endCommands } from './command.ts'
import { createInvitation, printInvitation, readerTarget, tryInvitation } from './invitation.ts'
import { runSteps } from './run-steps.ts'
import { setStage } from './stage.ts'
import { type Demo, StepFault } from './step.ts'

const HELP = `npm run demo            shows the main job, then stays up until Ctrl-C
npm run demo -- --once  shows it, ends, and fails if a step did not show what it should`
const CLEAN_UP_MS_MAX = 20_000

process.exit(await main(process.argv.slice(2)))

/** Runs the demo and answers the exit code, with every process ended that it started. */
async function main(words: readonly string[]): Promise<number> {
  if (words.some((word) => word !== '--once')) {
    console.log(HELP)
    return words.includes('--help') ? 0 : 2
  }
  const interruption = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort())
  const interrupted = once(interruption.signal, 'abort').then(() => 130)
  const started = new AsyncDisposableStack()
  const stays = !words.includes('--once')
  const shown = show(started, { signal: interruption.signal, stays }).catch((error) =>
    interruption.signal.aborted ? 130 : report(error),
  )
  const code = await Promise.race([shown, interrupted])
  if (!interruption.signal.aborted && stays && code === 0) {
    console.log('\nCtrl-C ends it.')
    await interrupted
  }
  console.log('\nStopping …')
  // What does not end in time ends with this process.
  const timer = setTimeout(() => process.exit(code || 1), CLEAN_UP_MS_MAX)
  await endCommands()
  await started.disposeAsync()
  clearTimeout(timer)
  return code
}

interface Showing {
  readonly signal: AbortSignal
  readonly stays: boolean
}

/** Answers 0 when every step showed what it should, else 1. */
async function show(started: AsyncDisposableStack, { signal, stays }: Showing): Promise<number> {
  const startedMs = performance.now()
  const world = await setStage(started)
  const demo: Demo = { world, aliceToken: await world.issueToken('alice') }
  console.log(`Everything runs, after ${seconds(startedMs)}.`)
  const faults = await runSteps(demo, signal)
  const invitation = createInvitation(demo, readerTarget)
  await tryInvitation(invitation)
  if (faults > 0) console.log(`\n${faults} of 8 steps did not show what they should.`)
  else console.log(`\nEvery step showed what it should, in ${seconds(startedMs)}.`)
  if (stays && faults === 0) printInvitation(invitation)
  return faults > 0 ? 1 : 0
}

function report(error: unknown): number {
  console.error(`\ntollgate demo: ${error instanceof Error ? error.message : String(error)}`)
  if (error instanceof StepFault) console.error(error.evidence)
  return 1
}

function seconds(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`
}
