import type { Random } from './random.ts'
import type { Owner, Scheduler } from './scheduler.ts'

/** How a link between two machines behaves; probabilities per message. */
export interface Weather {
  /** Usual one-way delay, milliseconds: between a tenth of it and twice it. */
  readonly delayMs: number
  readonly slow: number
  readonly slowMsMax: number
  readonly lost: number
  readonly twice: number
  /** A question that arrives much later than anybody waits for it. */
  readonly late: number
}

/** What answers calls: one machine that can be away, frozen, or in another life than the one a caller connected to. */
export interface Machine {
  readonly owner: Owner
  isAway: boolean
  frozenUntilMs: number
  life: number
}

export interface CallOptions {
  readonly waitMs: number
  /** `sent`: whether it may have been carried out. */
  readonly faultOf: (why: string, sent: boolean) => Error
  /** Never carried out twice. */
  readonly once?: boolean
}

const lateMsMax = 10_000

/** Carries messages late, twice, out of order or not at all. */
export class Network {
  readonly scheduler: Scheduler
  readonly random: Random
  weather: Weather
  onLost: () => void = () => {}

  constructor(parts: { readonly scheduler: Scheduler; readonly random: Random; readonly weather: Weather }) {
    this.scheduler = parts.scheduler
    this.random = parts.random
    this.weather = parts.weather
  }

  delayMs(): number {
    const { delayMs, slow, slowMsMax } = this.weather
    if (this.random.chance(slow)) return this.random.next() * slowMsMax
    return delayMs * (0.1 + 1.9 * this.random.next() ** 2)
  }

  isLost(): boolean {
    const isLost = this.random.chance(this.weather.lost)
    if (isLost) this.onLost()
    return isLost
  }

  /** Arrives at `to` after a while, unless it is lost or `to` is dead by then. */
  send(to: Owner, run: () => void): void {
    if (this.isLost()) return
    this.scheduler.after(this.delayMs(), to, run)
  }

  /** One question to a machine: carried out there when it arrives, answered if the caller still lives and waits. */
  call<T>(machine: Machine, run: () => T | Promise<T>, options: CallOptions): Promise<T> {
    const { scheduler, random } = this
    const from = scheduler.owner
    const { life } = machine
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const giveUp = scheduler.after(options.waitMs, from, () => reject(options.faultOf('did not answer in time', true)))
    const answer = (settle: () => void): void => {
      if (this.isLost()) return
      scheduler.after(this.delayMs(), from, () => {
        scheduler.cancel(giveUp)
        settle()
      })
    }
    const arrive = (): void => {
      const isClosed = machine.life !== life
      if (isClosed || machine.isAway) {
        const fault = options.faultOf(isClosed ? 'closed the connection' : 'refused the connection', isClosed)
        answer(() => reject(fault))
        return
      }
      if (machine.frozenUntilMs > scheduler.nowMs) {
        scheduler.after(machine.frozenUntilMs - scheduler.nowMs + random.next(), machine.owner, arrive)
        return
      }
      execute(run, answer, { resolve, reject })
    }
    const copies = options.once !== true && random.chance(this.weather.twice) ? 2 : 1
    const isLate = options.once !== true && random.chance(this.weather.late)
    for (let copy = 0; copy < copies; copy += 1) {
      if (isLate) scheduler.after(random.next() * lateMsMax, machine.owner, arrive)
      else this.send(machine.owner, arrive)
    }
    return promise
  }
}

function execute<T>(
  run: () => T | Promise<T>,
  answer: (settle: () => void) => void,
  settle: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void },
): void {
  try {
    const result = run()
    if (result instanceof Promise) {
      result.then(
        (value) => answer(() => settle.resolve(value)),
        (error: unknown) => answer(() => settle.reject(error)),
      )
    } else answer(() => settle.resolve(result))
  } catch (error) {
    answer(() => settle.reject(error))
  }
}
