import { type FaultCase, faultCases } from './faults.ts'
import type { Sides } from './play.ts'
import type { Outcome, RateLimitClient } from './rate-limit-client.ts'
import type { Files, Side } from './sides.ts'

/** Each fault of the reference, shown on the real one beside Tollgate's answer. Answers a line for each that is not as it is written down. */
export async function runFaults({ reference, tollgate }: Sides): Promise<readonly string[]> {
  const failures: string[] = []
  const importable = faultCases.filter(({ ours }) => !('refusedFor' in ours))
  const client = await tollgate.load(Object.assign({}, ...importable.map(filesOf)))
  for (const fault of faultCases) {
    const theirs = await askOf(reference, await reference.load(filesOf(fault)), fault)
    const ours =
      'refusedFor' in fault.ours
        ? await refusal(fault, () => tollgate.load(filesOf(fault)))
        : await askOf(tollgate, client, fault)
    console.log(`${fault.title}\n  reference: ${theirs.join(' · ')}\n  Tollgate:  ${ours.join(' · ')}`)
    const expected = 'refusedFor' in fault.ours ? [fault.ours.refusedFor] : fault.ours
    if (String(theirs) !== String(fault.theirs))
      failures.push(`${fault.id}: the reference was to say ${fault.theirs.join(' · ')}`)
    if (!isAsExpected(fault, ours, expected)) failures.push(`${fault.id}: Tollgate was to say ${expected.join(' · ')}`)
  }
  return failures
}

function isAsExpected({ ours }: FaultCase, said: readonly string[], expected: readonly string[]): boolean {
  return 'refusedFor' in ours ? (said[0] ?? '').includes(ours.refusedFor) : String(said) === String(expected)
}

function filesOf({ files }: FaultCase): Files {
  return Object.fromEntries(Object.entries(files).map(([domain, text]) => [domain, `domain: ${domain}\n${text}\n`]))
}

/** As long as a caller waits for a store that says nothing. */
const silentMsMax = 300

function askOf(side: Side, client: RateLimitClient, fault: FaultCase): Promise<readonly string[]> {
  const inTurn = async (msMax?: number): Promise<readonly string[]> => {
    const shown: string[] = []
    for (const ask of fault.asks) {
      const outcome = await client.ask(ask, msMax)
      shown.push(`${shownOutcome(outcome)}${fault.showsRefusal ? shownRefusal(outcome) : ''}`)
    }
    return shown
  }
  return fault.isStoreSilent ? side.whileStoreIsSilent(() => inTurn(silentMsMax)) : inTurn()
}

/** `OK 4`: the code and how many are left of each status. */
function shownOutcome(outcome: Outcome): string {
  if ('error' in outcome) {
    const [code = ''] = outcome.error.split(' ')
    // UNAVAILABLE: the connection was cut.
    return code === '14' ? 'ended' : `gRPC error ${code}`
  }
  const { statuses, overallCode } = outcome.answer
  if (statuses.length === 0) return overallCode
  const shown = statuses.map(
    ({ code, currentLimit, limitRemaining }) => `${code} ${currentLimit === null ? 'no limit' : limitRemaining}`,
  )
  const isAlike = shown.length > 3 && new Set(shown).size === 1
  return `${isAlike ? `${shown.length} times ${shown[0]}` : shown.join(', ')}`
}

function shownRefusal(outcome: Outcome): string {
  if ('error' in outcome || outcome.answer.overallCode !== 'OVER_LIMIT') return ''
  const { responseHeadersToAdd, rawBody } = outcome.answer
  // Those of the draft stand with what passes too, where the domain's row has them.
  const names = responseHeadersToAdd.map(({ key }) => key).filter((key) => !key.startsWith('ratelimit'))
  return `, headers: ${names.toSorted().join(' ') || 'none'}, ${rawBody.length > 0 ? 'a body' : 'no body'}`
}

async function refusal({ id }: FaultCase, load: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await load()
    return [`${id} was imported`]
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    // The file's name, not where it lay.
    return [(said.trim().split('\n')[0] ?? '').replace(/^.*\//, '')]
  }
}
