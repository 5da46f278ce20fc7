import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Agenda } from '../../../src/core/agenda.ts'

/** What an agenda promises, by looking at everything. */
class Plain {
  #items: readonly (readonly [number, string])[] = []

  add(atMs: number, item: string): void {
    this.delete(atMs, item)
    this.#items = [...this.#items, [atMs, item]]
  }

  delete(atMs: number, item: string): void {
    this.#items = this.#items.filter(([ms, one]) => ms !== atMs || one !== item)
  }

  nextMs(): number | undefined {
    return this.#items.reduce<number | undefined>((first, [ms]) => Math.min(first ?? ms, ms), undefined)
  }

  forget(untilMs: number): void {
    this.#items = this.#items.filter(([ms]) => ms > untilMs)
  }

  due(untilMs: number): readonly (readonly [number, string])[] {
    return this.#items.filter(([ms]) => ms <= untilMs).sort(([left], [right]) => left - right)
  }
}

const step = fc.oneof(
  fc.record({ does: fc.constant('add' as const), atMs: fc.nat(9), item: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ does: fc.constant('delete' as const), atMs: fc.nat(9), item: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ does: fc.constant('take' as const), atMs: fc.nat(9), countMax: fc.nat(3) }),
  fc.record({ does: fc.constant('forget' as const), atMs: fc.nat(9) }),
)

test('an agenda gives what is due in order of time, whatever was added, taken and forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [agenda, plain] = [new Agenda<string>(), new Plain()]
      for (const one of steps) {
        if (one.does === 'forget') {
          agenda.forget(one.atMs)
          plain.forget(one.atMs)
        } else if (one.does === 'take') {
          const due = plain.due(one.atMs)
          const taken = agenda.take(one.atMs, one.countMax)
          expect(taken.length).toBe(Math.min(due.length, one.countMax))
          for (const [nth, item] of taken.entries()) {
            const at = due.find(([ms, other]) => ms === due[nth]?.[0] && other === item)
            expect(at).toBeDefined()
            if (at !== undefined) plain.delete(...at)
          }
        } else {
          agenda[one.does](one.atMs, one.item)
          plain[one.does](one.atMs, one.item)
        }
        expect(agenda.nextMs()).toBe(plain.nextMs())
      }
    }),
  )
})

test('instants of which nothing is left do not pile up', () => {
  const agenda = new Agenda<string>()
  agenda.add(1_000_000, 'last')
  for (let atMs = 0; atMs < 10_000; atMs += 1) {
    agenda.add(atMs, 'a')
    if (atMs > 0) agenda.delete(atMs - 1, 'a')
  }
  expect([agenda.nextMs(), agenda.take(9_999, 10), agenda.nextMs()]).toEqual([9_999, ['a'], 1_000_000])
})
