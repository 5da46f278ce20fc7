import { createCipheriv } from 'node:crypto'
import { buildWheel, type Wheel, type WheelSource } from './wheel.ts'

/** The demo's one large package; its wheel is this plus a few hundred bytes. */
const WATERMELON_BYTES = 30_000_000

const sources: readonly WheelSource[] = [
  { name: 'apricot', version: '1.0', summary: 'Needs two others', requires: ['blackcurrant', 'cherry>=1.1'] },
  { name: 'blackcurrant', version: '2.3', summary: 'Needs one other', requires: ['damson'] },
  { name: 'cherry', version: '1.0', summary: 'An older cherry' },
  { name: 'cherry', version: '1.1', summary: 'Needs one other', requires: ['damson>=0.4'] },
  { name: 'damson', version: '0.4', summary: 'Needs nothing' },
  { name: 'elderberry', version: '5.0', summary: 'Needs nothing' },
  { name: 'fig', version: '0.1', summary: 'Needs nothing' },
  { name: 'gooseberry', version: '3.2', summary: 'Needs one other', requires: ['fig'] },
  {
    name: 'fruit-salad',
    version: '1.0',
    summary: 'Needs all of the small ones',
    requires: ['apricot', 'elderberry', 'gooseberry'],
  },
]

/** Builds every wheel of the demo: small ones with dependencies between them, and one of 30 MB. About 0.2 s. */
export function buildCatalogue(): readonly Wheel[] {
  const watermelon: WheelSource = {
    name: 'watermelon',
    version: '1.0',
    summary: 'One large file',
    files: [{ name: 'pulp.bin', content: incompressible(WATERMELON_BYTES) }],
  }
  return [...sources, watermelon].map(buildWheel)
}

/** The key stream of AES-128-CTR under a fixed key: always the same bytes, and nothing on the way can shrink them. */
function incompressible(sizeBytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes))
}
