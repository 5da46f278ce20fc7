import type { Beat, ProcessRoll, Reservation, RollCall, SpendStore, Sweep } from '../../src/check/ports.ts'
import type { Report, ReportAnswer, Seed } from '../../src/core/charge.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Line } from '../../src/core/limit.ts'
import type { PeekAnswer, SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import type { Subject } from '../../src/core/subject.ts'
import { StoreClock } from '../../src/redis/store-clock.ts'
import type { ChargeBatch, ChargeStream, StaleSubject } from '../../src/usage/ports.ts'
import type { Machine, Network } from './network.ts'
import type { StoreServer } from './store-server.ts'

const commandMs = 150
const backgroundMs = 2_000

/** One process's connection to the simulated store: waits as the Redis adapter does and knows the store's clock as that does. */
export class StoreClient implements SpendStore, ChargeStream, ProcessRoll {
  readonly #network: Network
  readonly #machine: Machine
  readonly #server: StoreServer
  readonly #localMs: () => number
  readonly #clock: StoreClock

  constructor(parts: {
    readonly network: Network
    readonly machine: Machine
    readonly server: StoreServer
    readonly localMs: () => number
  }) {
    this.#network = parts.network
    this.#machine = parts.machine
    this.#server = parts.server
    this.#localMs = parts.localMs
    this.#clock = new StoreClock(parts.localMs)
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  async spend(request: SpendRequest): Promise<SpendAnswer> {
    const leftMs = request.notAfterMs - this.nowMs()
    if (leftMs < 0) return { kind: 'late', at: this.nowMs() }
    return this.#ask((server) => server.spend(request), Math.max(1, leftMs))
  }

  peek(lines: readonly Line[]): Promise<PeekAnswer> {
    return this.#ask((server) => server.peek(lines), commandMs)
  }

  report(report: Report): Promise<ReportAnswer> {
    return this.#ask((server) => server.report(report), commandMs)
  }

  release(reservation: Reservation): Promise<readonly Subject[]> {
    return this.#ask((server) => server.release(reservation), commandMs)
  }

  seed(seed: Seed): Promise<'seeded' | 'behind'> {
    return this.#ask((server) => server.seed(seed), commandMs)
  }

  expire(sweep: Sweep): Promise<number> {
    return this.#ask((server) => server.expire(sweep), backgroundMs)
  }

  charges(from: Parameters<ChargeStream['charges']>[0]): Promise<ChargeBatch> {
    return this.#ask((server) => server.charges(from), backgroundMs)
  }

  waiting(checkpoints: Parameters<ChargeStream['waiting']>[0]): Promise<readonly number[]> {
    return this.#ask((server) => server.waiting(checkpoints), backgroundMs)
  }

  trim(upTo: Parameters<ChargeStream['trim']>[0]): Promise<number> {
    return this.#ask((server) => server.trim(upTo), backgroundMs)
  }

  stale(countMax: number): Promise<readonly StaleSubject[]> {
    return this.#ask((server) => server.stale(countMax), backgroundMs)
  }

  beat({ id, streamBroke, isNew }: Beat): Promise<RollCall> {
    return this.#ask((server) => server.roll({ id, streamBroke, kind: isNew ? 'join' : 'beat' }), commandMs)
  }

  async leave({ id, streamBroke }: Omit<Beat, 'isNew'>): Promise<void> {
    await this.#ask((server) => server.roll({ id, streamBroke, kind: 'leave' }), commandMs)
  }

  async #ask<T>(run: (server: StoreServer) => T, waitMs: number): Promise<T> {
    const sentMs = this.#localMs()
    const answer = await this.#network.call(
      this.#machine,
      () => ({ result: run(this.#server), at: this.#server.nowMs() }),
      {
        waitMs,
        faultOf: (why, sent) =>
          new Fault('store_unavailable', `The store ${why}`, { transient: true, uncertain: sent }),
      },
    )
    this.#clock.learn(answer.at, sentMs)
    return answer.result
  }
}
