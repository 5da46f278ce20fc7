import type { SpendStore } from '../../src/check/ports.ts'
import type { Between } from '../../src/compose/between.ts'
import type { Method } from '../../src/grpc/methods.ts'
import type { ChargeStream, LedgerStore } from '../../src/usage/ports.ts'

/** Between which two steps of a charge's way a process can be told to end, in the order of that way. */
export const failPoints = [
  'check read',
  'spend sent',
  'reserved',
  'replied',
  'log read',
  'report sent',
  'reported',
  'locked',
  'read',
  'merged',
  'told',
  'moved',
  'committed',
  'trimming',
  'trimmed',
  'figures',
  'seeding',
  'seeded',
  'expiring',
  'expired',
] as const
export type FailPoint = (typeof failPoints)[number]

/** Called at each step; `isAwaited` tells whether it is the one to end at, so that it is worth waiting for a packet to leave. */
export interface Steps {
  reached(point: FailPoint): void
  isAwaited(point: FailPoint): boolean
}

/** Tells every step of the shipped code's way. */
export function stepsBetween(steps: Steps): Between {
  return {
    store: (real) => overlay(real, storeSteps(real, steps)),
    ledgerStore: (real) => overlay(real, ledgerSteps(real, steps)),
    onDrainStep: (step) => steps.reached(step),
    method: (real) => methodSteps(real, steps),
  }
}

type Store = SpendStore & ChargeStream

function storeSteps(real: Store, steps: Steps): Partial<Store> {
  return {
    async spend(request) {
      const answer = await sent(real.spend(request), 'spend sent', steps)
      if (answer.kind === 'taken') steps.reached('reserved')
      return answer
    },
    async report(report) {
      const answer = await sent(real.report(report), 'report sent', steps)
      steps.reached('reported')
      return answer
    },
    async seed(seed) {
      steps.reached('seeding')
      const answer = await real.seed(seed)
      steps.reached('seeded')
      return answer
    },
    async expire(sweep) {
      steps.reached('expiring')
      const count = await real.expire(sweep)
      if (count > 0) steps.reached('expired')
      return count
    },
    async trim(upTo) {
      steps.reached('trimming')
      const count = await real.trim(upTo)
      if (count > 0) steps.reached('trimmed')
      return count
    },
  }
}

function ledgerSteps(real: LedgerStore, steps: Steps): Partial<LedgerStore> {
  return {
    async figures(subject, counters) {
      const seed = await real.figures(subject, counters)
      steps.reached('figures')
      return seed
    },
  }
}

function methodSteps(real: Method, steps: Steps): Method {
  if (real.kind === 'unary' && real.path.endsWith('/Check')) {
    return {
      ...real,
      async answer(request, call) {
        steps.reached('check read')
        const reply = await real.answer(request, call)
        void turns(4).then(() => steps.reached('replied'))
        return reply
      },
    }
  }
  if (real.kind !== 'client-stream') return real
  const open: typeof real.open = (...given) => {
    const stream = real.open(...given)
    const take: typeof stream.take = (message) => {
      steps.reached('log read')
      return stream.take(message)
    }
    return overlay(stream, { take })
  }
  return { ...real, open }
}

/** Lets a call's packet leave before it tells the step: what is sent in one turn of the event loop leaves at its end. */
async function sent<T>(answer: Promise<T>, point: FailPoint, steps: Steps): Promise<T> {
  if (!steps.isAwaited(point)) return answer
  answer.catch(() => undefined)
  await turns(2)
  steps.reached(point)
  return answer
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** `real` with some of its methods replaced, whatever it is made of. */
function overlay<T extends object>(real: T, instead: Partial<T>): T {
  return new Proxy(real, {
    get(target, key) {
      const found: unknown = Reflect.get(instead, key) ?? Reflect.get(target, key, target)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
