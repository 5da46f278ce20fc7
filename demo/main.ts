import { once } from 'node:events'
import { endCommands } from './command.ts'
import { createInvitation, printInvitation, readerTarget, tryInvitation } from './invitation.ts'
import { runSteps, STEPS, waitForNews } from './run-steps.ts'
import { startSink } from './sink.ts'
import { setStage } from './stage.ts'
import { type Demo, StepFault } from './step.ts'

const HELP = `npm run demo            shows the main job, then stays up until Ctrl-C
npm run demo -- --once  shows it, ends, and fails if a step did not show what it should`
const INTERRUPTED = 130
const CLEAN_UP_MS_MAX = 20_000

process.exit(await main(process.argv.slice(2)))

/** Runs the demo and answers the exit code, with every process ended that it started. */
async function main(words: readonly string[]): Promise<number> {
  if (words.some((word) => word !== '--once')) {
    console.log(HELP)
    return words.includes('--help') ? 0 : 2
  }
  const ending = new AbortController()
  const { signal } = ending
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => ending.abort(INTERRUPTED))
  const ended = once(signal, 'abort').then(() => Number(signal.reason))
  const started = new AsyncDisposableStack()
  const stays = !words.includes('--once')
  const onLost = (sentence: string): void => {
    if (!signal.aborted) ending.abort(report(new Error(sentence)))
  }
  const shown = show(started, { signal, stays, onLost }).catch((error) => (signal.aborted ? ended : report(error)))
  let code = await Promise.race([shown, ended])
  if (!signal.aborted && stays && code === 0) {
    console.log('\nCtrl-C ends it.')
    code = (await ended) === INTERRUPTED ? 0 : 1
  }
  ending.abort(code)
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
  readonly onLost: (sentence: string) => void
}

/** Answers 0 when every step showed what it should, else 1. */
async function show(started: AsyncDisposableStack, { signal, stays, onLost }: Showing): Promise<number> {
  const startedMs = performance.now()
  const world = await setStage(started, onLost)
  const sink = await startSink()
  started.defer(() => sink.stop())
  const [aliceToken, carolToken] = [await world.issueToken('alice'), await world.issueToken('carol')]
  const demo: Demo = { world, sink, aliceToken, carolToken }
  console.log(`Everything runs, after ${seconds(startedMs)}.`)
  const faults = await runSteps(demo, signal)
  const invitation = createInvitation(demo, readerTarget)
  await tryInvitation(invitation).catch((error) => waitForNews(signal).then(() => Promise.reject(error)))
  if (faults > 0) console.log(`\n${faults} of ${STEPS.length} steps did not show what they should.`)
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
