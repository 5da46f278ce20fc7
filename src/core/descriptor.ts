import { hashedPartition, type Subject } from './subject.ts'

/** Envoy's word: what one descriptor of a rate-limit request says, in order. */
export interface Descriptor {
  readonly domain: string
  readonly entries: readonly { readonly key: string; readonly value: string }[]
}

/** A longer name is refused: counters, keys and books hold it whole. */
const nameLengthMax = 512

/**
 * Whose counter a descriptor's lines move. Every part is written with its length before it, so that no two descriptors share a counter
 * whatever they are made of; partition by hash of the whole. @throws RangeError above 512 characters.
 */
export function descriptorSubject({ domain, entries }: Descriptor): Subject {
  const parts = [domain, ...entries.flatMap(({ key, value }) => [key, value])]
  const id = parts.map((part) => `${part.length}:${part}`).join('')
  if (id.length > nameLengthMax)
    throw new RangeError(`A descriptor has at most ${nameLengthMax} characters, is ${id.length}`)
  return { kind: 'descriptor', id, partition: hashedPartition(`descriptor:${id}`) }
}
