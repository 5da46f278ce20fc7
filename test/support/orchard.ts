import { buildWheel, type Wheel } from '../../demo/packages/wheel.ts'

const trees = 30

/**
 * A package that needs 30 others, in three layers, some of them in two versions: what an ordinary project is to an installer. One `uv pip
 * install orchard` asks 31 index pages, their metadata and 31 files.
 */
export function orchard(): readonly Wheel[] {
  const name = (nth: number): string => `tree-${String(nth).padStart(2, '0')}`
  const leaves = Array.from({ length: trees }, (_, nth) => {
    const requires = nth < 10 ? [name(nth + 10), `${name(nth + 20)}>=1.0`] : []
    return { name: name(nth), version: '1.0', summary: `Tree ${nth}`, requires }
  })
  const older = leaves.slice(20, 25).map((leaf) => ({ ...leaf, version: '0.9' }))
  const requires = Array.from({ length: 10 }, (_, nth) => name(nth))
  return [{ name: 'orchard', version: '1.0', summary: 'Needs 30 others', requires }, ...leaves, ...older].map(
    buildWheel,
  )
}
