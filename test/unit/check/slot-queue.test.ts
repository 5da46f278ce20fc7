import { expect, test } from 'vitest'
import { createSlotQueue } from '../../../src/check/slot-queue.ts'
import type { Subject } from '../../../src/core/subject.ts'

const alice: Subject = { kind: 'account', id: 'alice', partition: 1 }
const bob: Subject = { kind: 'account', id: 'bob', partition: 2 }

/** A queue whose polls are the test's, with a list of whose turn it was. */
function queue() {
  let poll: (() => void) | undefined
  const turns: string[] = []
  const slots = createSlotQueue((callback) => {
    poll = callback
    return () => {
      poll = undefined
    }
  })
  const enter = (name: string, subject: Subject) => {
    const place = slots.enter(subject)
    const wait = (): void => void place.turn().then(() => turns.push(name))
    wait()
    return { place, wait }
  }
  const settle = async (): Promise<readonly string[]> => {
    await new Promise((resolve) => setImmediate(resolve))
    return turns.splice(0)
  }
  return { slots, enter, settle, poll: () => poll?.(), isPolling: () => poll !== undefined }
}

test('a release wakes the first that waits for the subject, and the next release the next', async () => {
  const { slots, enter, settle } = queue()
  enter('a1', alice)
  enter('a2', alice)
  enter('b1', bob)
  slots.released([alice])
  expect(await settle()).toEqual(['a1'])
  slots.released([alice])
  expect(await settle()).toEqual(['a2'])
  slots.released([bob, alice])
  expect(await settle()).toEqual(['b1'])
})

test('who had its turn and got nothing keeps its place', async () => {
  const { slots, enter, settle } = queue()
  const first = enter('a1', alice)
  enter('a2', alice)
  slots.released([alice])
  await settle()
  first.wait()
  slots.released([alice])
  expect(await settle()).toEqual(['a1'])
})

test('a poll wakes the first of every line and nobody else', async () => {
  const { enter, settle, poll } = queue()
  enter('a1', alice)
  enter('a2', alice)
  enter('b1', bob)
  poll()
  expect((await settle()).toSorted()).toEqual(['a1', 'b1'])
})

test('at most 100 lines are polled at once, and all of them in turn', async () => {
  const { enter, settle, poll } = queue()
  for (let nth = 0; nth < 250; nth += 1) enter(`${nth}`, { kind: 'account', id: `${nth}`, partition: 0 })
  const seen = new Set<string>()
  for (const expected of [100, 200, 250]) {
    poll()
    for (const name of await settle()) seen.add(name)
    expect(seen.size).toBe(expected)
  }
})

test('a place that was left waits no more, and an empty queue polls no more', async () => {
  const { slots, enter, settle, isPolling } = queue()
  const first = enter('a1', alice)
  const second = enter('a2', alice)
  first.place[Symbol.dispose]()
  // Left behind nowhere: its promise is settled too.
  expect(await settle()).toEqual(['a1'])
  slots.released([alice])
  expect(await settle()).toEqual(['a2'])
  expect(isPolling()).toBe(true)
  second.place[Symbol.dispose]()
  expect(isPolling()).toBe(false)
  slots.released([alice])
  expect(await settle()).toEqual([])
})
