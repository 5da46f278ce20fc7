import { expect, test } from 'vitest'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'

function mapOf(count: number): ShardedMap<number> {
  const draft = new ShardedMap<number>().draft()
  for (let index = 0; index < count; index += 1) draft.set(`key-${index}`, index)
  return draft.finish()
}

test('ShardedMap: a draft changes its copy alone', () => {
  const before = mapOf(5_000)
  const draft = before.draft()
  draft.set('key-1', -1)
  draft.set('new', 7)
  draft.delete('key-2')
  draft.delete('never there')
  const after = draft.finish()
  expect([before.size, before.get('key-1'), before.get('key-2'), before.get('new')]).toEqual([5_000, 1, 2, undefined])
  expect([after.size, after.get('key-1'), after.get('key-2'), after.get('new')]).toEqual([5_000, -1, undefined, 7])
  expect([...after.values()].length).toBe(5_000)
})

test('ShardedMap: one changed entry among 100,000 copies few', () => {
  const before = mapOf(100_000)
  const startMs = performance.now()
  for (let index = 0; index < 100; index += 1) {
    const draft = before.draft()
    draft.set(`key-${index}`, -1)
    draft.finish()
  }
  // Copying everything takes a hundred times as long; this only tells the two apart.
  expect((performance.now() - startMs) / 100).toBeLessThan(3)
})

test('ShardedMap: changedKeys() names what was added, removed or given another value, in either direction', () => {
  const before = mapOf(5_000)
  const draft = before.draft()
  draft.set('key-1', -1)
  draft.set('key-3', 3)
  draft.set('new', 7)
  draft.delete('key-2')
  const after = draft.finish()
  expect([...after.changedKeys(before)].sort()).toEqual(['key-1', 'key-2', 'new'])
  expect([...before.changedKeys(after)].sort()).toEqual(['key-1', 'key-2', 'new'])
  expect([...after.changedKeys(after)]).toEqual([])
  expect([...new ShardedMap<number>().changedKeys(mapOf(2))].sort()).toEqual(['key-0', 'key-1'])
})
