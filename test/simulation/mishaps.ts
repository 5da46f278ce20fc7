import type { Mishap } from './scenario.ts'
import type { World } from './world.ts'

/** What each mishap does to a world. */
export const mishaps: Readonly<Record<Mishap, (world: World) => void>> = {
  policy: ({ trace, policy }) => trace('operator', policy.change()),
  'kill-process': killProcess,
  'kill-envoy': killEnvoy,
  'step-clock': (world) => world.stepClock(anySlot(world), world.random.whole(-3_000, 3_000)),
  'freeze-store'(world) {
    world.trouble('store', 'freezes')
    world.storeMachine.frozenUntilMs = world.scheduler.nowMs + world.random.next() * 3_000
  },
  'late-commands'(world) {
    const { store } = world.links
    world.trouble('store', 'runs commands late')
    store.weather = { ...store.weather, late: 0.25 }
    later(world, 8_000, () => {
      store.weather = { ...store.weather, late: 0 }
    })
  },
  'store-away'(world) {
    world.trouble('store', 'is away')
    world.storeMachine.isAway = true
    later(world, 3_000, () => {
      world.storeMachine.isAway = false
    })
  },
  'restart-store': (world) => world.restartStore('keep'),
  'wipe-store': (world) => world.restartStore('wipe'),
  'wipe-partition': (world) => world.wipePartition(),
  'lag-store'(world) {
    world.trace('store', 'has a replica that falls behind')
    world.server.remember()
    later(world, 1_500, () => world.restartStore('lag'))
  },
  'books-away'(world) {
    world.trace('books', 'are away')
    world.database.machine.isAway = true
    world.database.cut()
    later(world, 6_000, () => {
      world.database.machine.isAway = false
    })
  },
}

function later({ scheduler, random }: World, msMax: number, run: () => void): void {
  scheduler.after(random.next() * msMax, scheduler.owner, run)
}

function anySlot({ random, scenario }: World): number {
  return random.whole(0, scenario.processes - 1)
}

function killProcess(world: World): void {
  const { random, scenario } = world
  const slot = anySlot(world)
  world.killProcess(random.chance(0.5) ? Math.min(slot, 1) : slot)
  for (let again = 0; again < scenario.processes; again += 1) later(world, 4_000, () => world.startProcess(again))
}

function killEnvoy(world: World): void {
  const envoy = world.random.pick(world.envoys.filter(({ owner }) => owner.alive))
  world.trouble(envoy.owner.name, 'is killed')
  envoy.kill()
  world.startEnvoy()
}
