import type { FormerRow } from './ports.ts'
import type { TableReader } from './quarantine.ts'

/**
 * What would be in force of a row in a process that had seen it all along, by the change log, newest first. If even what the log has of it
 * now is good, that; else what became of the last good version through the faulty ones after it. Undefined when none was good since it was
 * last inserted.
 */
export function lastKnown<Noun>(reader: TableReader<Noun>, former: readonly FormerRow[]): Noun | undefined {
  const [newest, ...earlier] = former
  if (newest === undefined || newest.kind === 'absent') return undefined
  if (newest.kind === 'known') {
    const read = reader.read(newest.row)
    if (read.ok) return read.noun
  }
  const inserted = earlier.findIndex(({ kind }) => kind === 'absent')
  const versions = inserted === -1 ? earlier : earlier.slice(0, inserted)
  return versions.reduceRight<Noun | undefined>((noun, version) => {
    if (version.kind !== 'known') return noun
    const read = reader.read(version.row)
    return read.ok ? read.noun : reader.substitute(version.row, noun)?.noun
  }, undefined)
}
