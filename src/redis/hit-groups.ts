import type { HitLine } from '../core/hit.ts'

/**
 * Of a call that counts each descriptor alone: what can be asked at one time, all of one partition together. Undefined where a descriptor lies in
 * several: its parts come one after the other, and so must those that may share a counter with it.
 */
export function groupsByPartition(lines: readonly HitLine[]): readonly (readonly number[])[] | undefined {
  const partitions = new Map<number, number>()
  const groups = new Map<number, number[]>()
  for (const [index, { descriptor, counter }] of lines.entries()) {
    const { partition } = counter
    if ((partitions.get(descriptor) ?? partition) !== partition) return undefined
    partitions.set(descriptor, partition)
    const group = groups.get(partition)
    if (group === undefined) groups.set(partition, [index])
    else group.push(index)
  }
  return [...groups.values()]
}

/** The lines of each descriptor, in order. */
export function groupsByDescriptor(lines: readonly HitLine[]): readonly (readonly number[])[] {
  const indexes = lines.map((_, index) => index)
  return [...Map.groupBy(indexes, (index) => lines[index]?.descriptor ?? 0).values()]
}
