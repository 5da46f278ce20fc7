import { Bag } from '../core/bag.ts'
import { ShardedMap } from './sharded-map.ts'

/** Ids of rows by what they are in, such as accounts by project; kept up to date at the price of what changed. */
export class Members<Row> {
  readonly #placeOf: (row: Row) => string
  readonly #members = new Map<string, Bag<string>>()
  #rows = new ShardedMap<Row>()

  constructor(placeOf: (row: Row) => string) {
    this.#placeOf = placeOf
  }

  /** From now on these rows. */
  follow(rows: ShardedMap<Row>): void {
    if (rows === this.#rows) return
    for (const id of rows.changedKeys(this.#rows)) {
      const [from, to] = [this.#placeIn(this.#rows, id), this.#placeIn(rows, id)]
      if (from === to) continue
      if (from !== undefined) this.#remove(from, id)
      if (to !== undefined) this.#add(to, id)
    }
    this.#rows = rows
  }

  in(place: string): Iterable<string> {
    return this.#members.get(place) ?? []
  }

  #placeIn(rows: ShardedMap<Row>, id: string): string | undefined {
    const row = rows.get(id)
    return row === undefined ? undefined : this.#placeOf(row)
  }

  #add(place: string, id: string): void {
    const members = this.#members.get(place) ?? new Bag<string>()
    if (members.size === 0) this.#members.set(place, members)
    members.add(id)
  }

  #remove(place: string, id: string): void {
    const members = this.#members.get(place)
    members?.delete(id)
    if (members?.size === 0) this.#members.delete(place)
  }
}
