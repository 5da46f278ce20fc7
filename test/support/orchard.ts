import { buildWheel, type Wheel } from '../../demo/packages/wheel.ts'

const trees = 30
const width = 5

/**
 * A package that needs 30 others, five of them itself and each of those one more, six layers deep, some in two versions: as deep as an ordinary
 * project, so that an installer learns by and by what it needs. One `uv pip install orchard` asks 31 index pages, their metadata and 31 files.
 */
export function orchard(): readonly Wheel[] {
  const name = (nth: number): string => `tree-${String(nth).padStart(2, '0')}`
  const leaves = Array.from({ length: trees }, (_, nth) => {
    const requires = nth + width < trees ? [`${name(nth + width)}>=1.0`] : []
    return { name: name(nth), version: '1.0', summary: `Tree ${nth}`, requires }
  })
  const older = leaves.slice(20, 25).map((leaf) => ({ ...leaf, version: '0.9' }))
  const requires = Array.from({ length: width }, (_, nth) => name(nth))
  return [{ name: 'orchard', version: '1.0', summary: 'Needs 30 others', requires }, ...leaves, ...older].map(
    buildWheel,
  )
}
