/** A process that has not beaten for so long is taken for dead: it counts no more, and its log streams for broken. Six beats. */
export const silentMs = 1_500
/**
 * So long a silent process is suspected anew at each beat: it may only be frozen and still hold what Envoy sends it, until Envoy's keepalive
 * (10 s, and 2 s for the answer) cuts its streams.
 */
export const goneMs = 20_000

/** The roll as a store keeps it. */
export interface Roll {
  /** Last beat of each process by id, store's clock. */
  readonly beats: ReadonlyMap<string, number>
  readonly brokeAtMs: number
}

export interface RollEvent {
  readonly id: string
  readonly kind: 'join' | 'beat' | 'leave'
  readonly streamBroke: boolean
}

/** The specification of a roll call; `roll` undefined: none was ever held, or it is of another life of the store. */
export function decideRoll(
  roll: Roll | undefined,
  event: RollEvent,
  nowMs: number,
): { readonly roll: Roll; readonly processes: number } {
  const beats = new Map<string, number>()
  const before = roll?.beats.get(event.id)
  const cameBack = before === undefined ? event.kind === 'beat' : nowMs - before >= silentMs || before > nowMs
  let isBroken = roll === undefined || event.streamBroke || cameBack
  let processes = event.kind === 'leave' ? 0 : 1
  for (const [id, atMs] of roll?.beats ?? []) {
    if (id === event.id) continue
    const beatMs = Math.min(atMs, nowMs)
    const isSilent = nowMs - beatMs >= silentMs
    if (!isSilent) processes += 1
    if (isSilent || atMs > nowMs) isBroken = true
    if (nowMs - beatMs < goneMs) beats.set(id, beatMs)
  }
  if (event.kind !== 'leave') beats.set(event.id, nowMs)
  return { roll: { beats, brokeAtMs: isBroken ? nowMs : (roll?.brokeAtMs ?? nowMs) }, processes }
}
