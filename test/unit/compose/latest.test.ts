import { expect, test } from 'vitest'
import { createLatest } from '../../../src/compose/latest.ts'

test('createLatest() opens once at each address, closes what was open at another, and at the end', async () => {
  let address = 'one'
  const done: string[] = []
  const latest = createLatest({
    find: () => address,
    open(at) {
      done.push(`open ${at}`)
      return at
    },
    async close(opened) {
      done.push(`close ${opened}`)
    },
  })
  expect([await latest.get(), await latest.get()]).toEqual(['one', 'one'])
  address = 'two'
  expect(await latest.get()).toBe('two')
  await latest.close()
  await latest.close()
  expect(done).toEqual(['open one', 'close one', 'open two', 'close two'])
})

test('createLatest() keeps what is open while nobody knows the address', async () => {
  const found: (string | Error)[] = ['one', new Error('gone'), 'one']
  let opened = 0
  const latest = createLatest({
    find() {
      const next = found.shift()
      if (typeof next !== 'string') throw next
      return next
    },
    open: () => (opened += 1),
    close: () => Promise.reject(new Error('Nothing is closed')),
  })
  await latest.get()
  await expect(latest.get()).rejects.toThrow('gone')
  expect(await latest.get()).toBe(1)
})
