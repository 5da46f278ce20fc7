const shardCount = 1_024

/**
 * An immutable map by text. A changed copy shares all but the touched shards, so one changed token among a million copies a thousand
 * entries and not a million.
 */
export class ShardedMap<Value> {
  readonly #shards: readonly (ReadonlyMap<string, Value> | undefined)[]
  readonly size: number

  constructor(shards: readonly (ReadonlyMap<string, Value> | undefined)[] = [], size = 0) {
    this.#shards = shards
    this.size = size
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  *values(): Iterable<Value> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values()
  }

  *entries(): Iterable<readonly [string, Value]> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.entries()
  }

  draft(): ShardedMapDraft<Value> {
    return new ShardedMapDraft(this.#shards, this.size)
  }
}

/** A changed copy in the making. Not to be used after `finish`. */
export class ShardedMapDraft<Value> {
  readonly #shards: (ReadonlyMap<string, Value> | undefined)[]
  readonly #owned = new Map<number, Map<string, Value>>()
  #size: number

  constructor(shards: readonly (ReadonlyMap<string, Value> | undefined)[], size: number) {
    this.#shards = shards.length === 0 ? Array.from({ length: shardCount }) : [...shards]
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  set(key: string, value: Value): void {
    const shard = this.#own(shardOf(key))
    this.#size -= shard.size
    shard.set(key, value)
    this.#size += shard.size
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return
    this.#own(shardOf(key)).delete(key)
    this.#size -= 1
  }

  finish(): ShardedMap<Value> {
    return new ShardedMap(this.#shards, this.#size)
  }

  #own(index: number): Map<string, Value> {
    const owned = this.#owned.get(index)
    if (owned !== undefined) return owned
    const copy = new Map(this.#shards[index])
    this.#owned.set(index, copy)
    this.#shards[index] = copy
    return copy
  }
}

/** FNV-1a over at most 16 characters spread over the key, folded: a digest needs no more, and a name seldom has more. */
function shardOf(key: string): number {
  const step = ((key.length - 1) >> 4) + 1
  let hash = 0x811c9dc5
  for (let index = key.length - 1; index >= 0; index -= step) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (shardCount - 1)
}
