const shardCount = 1_024

/** Keys in ascending order, and the value of each: two words per entry, where a hash table takes six. */
interface Shard<Value> {
  readonly keys: readonly string[]
  readonly values: readonly Value[]
}

interface OwnedShard<Value> extends Shard<Value> {
  readonly keys: string[]
  readonly values: Value[]
}

type Shards<Value> = readonly (Shard<Value> | undefined)[]

/**
 * An immutable map by text. A changed copy shares all but the touched shards, so one changed token among a million copies a thousand
 * entries and not a million. Made for a million entries: at a thousand in a shard, one is found by ten comparisons.
 */
export class ShardedMap<Value> {
  readonly #shards: Shards<Value>
  readonly size: number

  constructor(shards: Shards<Value> = [], size = 0) {
    this.#shards = shards
    this.size = size
  }

  get(key: string): Value | undefined {
    return valueIn(this.#shards[shardOf(key)], key)
  }

  *values(): Iterable<Value> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values
  }

  *entries(): Iterable<readonly [string, Value]> {
    for (const shard of this.#shards) yield* entriesIn(shard)
  }

  /** One of the 1,024 parts that make the whole; any number names one. */
  part(nth: number): Iterable<readonly [string, Value]> {
    return entriesIn(this.#shards[nth % shardCount])
  }

  /** Keys that were added, removed, or have another value than in `other`; costs what differs when one is a changed copy of the other. */
  *changedKeys(other: ShardedMap<Value>): Iterable<string> {
    for (let index = 0; index < shardCount; index += 1) {
      const [here, there] = [this.#shards[index], other.#shards[index]]
      if (here !== there) yield* changedIn(here ?? emptyShard, there ?? emptyShard)
    }
  }

  draft(): ShardedMapDraft<Value> {
    return new ShardedMapDraft(this.#shards, this.size)
  }
}

/** A changed copy in the making. Not to be used after `finish`. */
export class ShardedMapDraft<Value> {
  readonly #shards: (Shard<Value> | undefined)[]
  readonly #owned = new Map<number, OwnedShard<Value>>()
  #size: number

  constructor(shards: Shards<Value>, size: number) {
    this.#shards = shards.length === 0 ? Array.from({ length: shardCount }) : [...shards]
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  get(key: string): Value | undefined {
    return valueIn(this.#shards[shardOf(key)], key)
  }

  set(key: string, value: Value): void {
    const { keys, values } = this.#own(shardOf(key))
    const place = placeOf(keys, key)
    if (keys[place] === key) {
      values[place] = value
      return
    }
    keys.splice(place, 0, key)
    values.splice(place, 0, value)
    this.#size += 1
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return
    const { keys, values } = this.#own(shardOf(key))
    const place = placeOf(keys, key)
    keys.splice(place, 1)
    values.splice(place, 1)
    this.#size -= 1
  }

  finish(): ShardedMap<Value> {
    // A copy has no room to grow, which an array that grew keeps half as much again of.
    for (const [index, { keys, values }] of this.#owned) {
      this.#shards[index] = keys.length === 0 ? undefined : { keys: keys.slice(), values: values.slice() }
    }
    return new ShardedMap(this.#shards, this.#size)
  }

  #own(index: number): OwnedShard<Value> {
    const owned = this.#owned.get(index)
    if (owned !== undefined) return owned
    const shard = this.#shards[index]
    const copy = { keys: shard?.keys.slice() ?? [], values: shard?.values.slice() ?? [] }
    this.#owned.set(index, copy)
    this.#shards[index] = copy
    return copy
  }
}

function* entriesIn<Value>(shard: Shard<Value> | undefined): Iterable<readonly [string, Value]> {
  for (const [index, value] of shard?.values.entries() ?? []) yield [shard?.keys[index] ?? '', value]
}

const emptyShard = { keys: [], values: [] }

/** Both are in order, so they are walked side by side. */
function* changedIn<Value>(here: Shard<Value>, there: Shard<Value>): Iterable<string> {
  let nth = 0
  for (const [place, key] of here.keys.entries()) {
    for (let other = there.keys[nth]; other !== undefined && other < key; other = there.keys[nth]) {
      yield other
      nth += 1
    }
    const isThere = there.keys[nth] === key
    if (!isThere || there.values[nth] !== here.values[place]) yield key
    if (isThere) nth += 1
  }
  for (; nth < there.keys.length; nth += 1) yield there.keys[nth] ?? ''
}

function valueIn<Value>(shard: Shard<Value> | undefined, key: string): Value | undefined {
  if (shard === undefined) return undefined
  const place = placeOf(shard.keys, key)
  return shard.keys[place] === key ? shard.values[place] : undefined
}

/** Where the key stands, or would stand. */
function placeOf(keys: readonly string[], key: string): number {
  let from = 0
  let to = keys.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((keys[middle] ?? '') < key) from = middle + 1
    else to = middle
  }
  return from
}

/** FNV-1a over at most 16 characters spread over the key, folded: a digest needs no more, and a name seldom has more. */
function shardOf(key: string): number {
  const step = ((key.length - 1) >> 4) + 1
  let hash = 0x811c9dc5
  for (let index = key.length - 1; index >= 0; index -= step) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (shardCount - 1)
}
