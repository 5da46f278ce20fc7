import { createTicketSigner } from '../../src/check/ticket.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { SimDatabase } from './database.ts'
import { Disk } from './disk.ts'
import { Envoy } from './envoy.ts'
import { Judge } from './judge.ts'
import { type Machine, Network, type Weather } from './network.ts'
import { SimPolicy } from './policy.ts'
import type { Random } from './random.ts'
import type { SimRequest } from './request.ts'
import type { Scenario } from './scenario.ts'
import { type Owner, Scheduler } from './scheduler.ts'
import { StoreServer } from './store-server.ts'
import { type Ground, Tollgate, ticketKey } from './tollgate.ts'

const noonMs = Date.UTC(2026, 10, 22, 12)
const calm: Weather = { delayMs: 1, slow: 0, slowMsMax: 0, lost: 0, twice: 0, late: 0 }

/** Everything of one run: machines, links, and whoever watches. */
export class World {
  readonly random: Random
  readonly scenario: Scenario
  readonly scheduler: Scheduler
  readonly trace: (who: string, what: string) => void
  readonly judge: Judge
  readonly server: StoreServer
  readonly database: SimDatabase
  readonly policy: SimPolicy
  readonly requests = new Map<string, SimRequest>()
  readonly troubles: number[] = []
  readonly envoys: Envoy[] = []
  readonly links: { readonly store: Network; readonly database: Network; readonly envoy: Network }
  readonly storeMachine: Machine
  readonly #disk = new Disk()
  readonly #slots: (Tollgate | undefined)[]
  readonly #skews = new Map<Owner, number>()
  #storeSkewMs = 0
  #born = 0
  readonly #ground: Ground

  constructor(random: Random, scenario: Scenario, trace: (line: string) => void) {
    this.random = random
    this.scenario = scenario
    const startMs = noonMs + scenario.startsAtMs
    const scheduler = new Scheduler(startMs)
    this.scheduler = scheduler
    this.trace = (who, what) => trace(`${(scheduler.nowMs - startMs).toFixed(3).padStart(10)} ${who.padEnd(8)} ${what}`)
    this.judge = new Judge({
      trace: this.trace,
      partitionOf: (number) => this.server.partition(number),
      onDoubt: () => {
        // A roll call that the network held up.
        if (this.scenario.storeWeather.slow + this.scenario.storeWeather.late > 0)
          this.troubles.push(this.server.nowMs())
      },
    })
    this.server = new StoreServer(() => scheduler.nowMs + this.#storeSkewMs, this.judge, scenario)
    this.policy = new SimPolicy(random, scenario.requests)
    const link = (weather: Weather) => new Network({ scheduler, random, weather })
    this.links = {
      store: link(scenario.storeWeather),
      database: link({ ...scenario.storeWeather, lost: 0, twice: 0, late: 0 }),
      envoy: link(scenario.envoyWeather),
    }
    for (const net of [this.links.store, this.links.envoy]) net.onLost = () => this.troubles.push(this.server.nowMs())
    this.storeMachine = machine('store')
    this.database = new SimDatabase({ machine: machine('books'), scheduler })
    this.#slots = Array.from({ length: scenario.processes }, () => undefined)
    this.#ground = {
      ...{
        scheduler,
        random,
        server: this.server,
        database: this.database,
        databaseLink: this.links.database,
        disk: this.#disk,
        policy: this.policy,
      },
      ...{
        storeLink: this.links.store,
        storeMachine: this.storeMachine,
        observer: silentObserver,
        windowMs: scenario.windowMs,
      },
      skewOf: (owner) => this.#skews.get(owner) ?? 0,
    }
  }

  get processes(): readonly Tollgate[] {
    return this.#slots.filter((process) => process !== undefined)
  }

  get spooled(): number {
    return (
      this.#disk.left().reduce((sum, { payloads }) => sum + payloads.length, 0) +
      this.processes.reduce((sum, { waiting }) => sum + waiting, 0)
    )
  }

  startProcess(slot: number): void {
    if (this.#slots[slot] !== undefined) return
    this.#born += 1
    const owner: Owner = { name: `p${slot}.${this.#born}`, alive: true }
    const { skewMsMax } = this.scenario
    this.#skews.set(owner, Math.floor((this.random.next() * 2 - 1) * skewMsMax))
    const outer = this.scheduler.owner
    this.scheduler.owner = owner
    const process = new Tollgate(this.#ground, owner, { ledger: slot < this.scenario.ledgers, sweeper: slot < 2 })
    process.start()
    this.scheduler.owner = outer
    this.trace(owner.name, 'starts')
    this.#slots[slot] = process
  }

  killProcess(slot: number): void {
    const process = this.#slots[slot]
    if (process === undefined) return
    this.trouble(process.owner.name, 'is killed')
    process.owner.alive = false
    this.#slots[slot] = undefined
    for (const envoy of this.envoys) envoy.lose(process)
    this.scheduler.after(this.random.next() * 60, this.database.machine.owner, () => this.database.drop(process.owner))
  }

  startEnvoy(): Envoy {
    const envoy = new Envoy({
      ...{ name: `envoy${this.envoys.length}`, scheduler: this.scheduler, network: this.links.envoy },
      openTicket: (text) => this.#opened(text),
      onDelivered: (request, ticket) => this.judge.delivered(request, ticket),
      pick: () => (this.processes.length === 0 ? undefined : this.random.pick(this.processes)),
      ...{ reorder: this.scenario.reorder, trace: this.trace },
    })
    this.envoys.push(envoy)
    return envoy
  }

  stepClock(slot: number, byMs: number): void {
    const owner = this.#slots[slot]?.owner
    if (owner === undefined) return
    this.trace(owner.name, `has its clock set by ${byMs} ms`)
    this.#skews.set(owner, (this.#skews.get(owner) ?? 0) + byMs)
  }

  restartStore(how: 'keep' | 'lag' | 'wipe'): void {
    this.trouble('store', `begins another life: ${how}`)
    this.storeMachine.life += 1
    if (how === 'lag') this.#storeSkewMs += this.random.whole(0, 1_500)
    this.server.restart(how)
  }

  wipePartition(): void {
    const numbers = [...this.server.partitions.keys()]
    if (numbers.length === 0) return
    this.trouble('store', 'loses a partition')
    this.server.wipe(this.random.pick(numbers))
  }

  /** Something that may cost an answer or a log entry. */
  trouble(who: string, what: string): void {
    this.trace(who, what)
    this.troubles.push(this.server.nowMs())
  }

  /** From here on nothing goes wrong, and everybody who should be there is. */
  heal(): void {
    for (const link of Object.values(this.links)) link.weather = calm
    this.storeMachine.isAway = false
    this.storeMachine.frozenUntilMs = 0
    this.database.machine.isAway = false
    for (let slot = 0; slot < Math.min(2, this.#slots.length); slot += 1) this.startProcess(slot)
  }

  #opened(text: string) {
    const ticket = signer.open(text, this.server.nowMs())
    if (typeof ticket !== 'object') throw new Error(`A ticket cannot be opened: ${ticket}`)
    return ticket
  }
}

const signer = createTicketSigner(ticketKey)

function machine(name: string): Machine {
  return { owner: { name, alive: true }, isAway: false, frozenUntilMs: 0, life: 0 }
}
