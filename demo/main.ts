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
  const interruption = Promise.withResolvers<number>()
  const isUp = { value: false }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interruption.resolve(isUp.value ? 0 : 130))
  }
  const started = new AsyncDisposableStack()
  const shown = show(started, words.includes('--once'), isUp).catch(report)
  const code = await Promise.race([shown, interruption.promise])
  console.log('\nStopping …')
  // What does not end in time ends with this process.
  const timer = setTimeout(() => process.exit(code || 1), CLEAN_UP_MS_MAX)
  await started.disposeAsync()
  clearTimeout(timer)
  return code
}

async function show(started: AsyncDisposableStack, once: boolean, isUp: { value: boolean }): Promise<number> {
  const startedMs = performance.now()
  const world = await setStage(started)
  const demo: Demo = { world, aliceToken: await world.issueToken('alice') }
  console.log(`Everything runs, after ${seconds(startedMs)}.`)
  const faults = await runSteps(demo)
  const invitation = createInvitation(demo, readerTarget)
  await tryInvitation(invitation)
  if (faults > 0) console.log(`\n${faults} of 8 steps did not show what they should.`)
  else console.log(`\nEvery step showed what it should, in ${seconds(startedMs)}.`)
  if (once) return faults > 0 ? 1 : 0
  printInvitation(invitation)
  console.log('\nCtrl-C ends it.')
  isUp.value = true
  return Promise.withResolvers<number>().promise
}

function report(error: unknown): number {
  console.error(`\ntollgate demo: ${error instanceof Error ? error.message : String(error)}`)
  if (error instanceof StepFault) console.error(error.evidence)
  return 1
}

function seconds(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`
}
