import type { RequestKind } from './request.ts'

type ReadKind = Extract<RequestKind, 'root' | 'index' | 'artifact'>

/** Where an upstream keeps what. Patterns start below the index root: literal segments, `{package}` one package name, `**` one or more segments. */
export interface Layout {
  readonly name: string
  /** `open`: every path is a `call` and costs the same, so it need not be readable. */
  readonly paths: 'strict' | 'open'
  /** How many segments below the mount path belong to the index root: 0, or 2 for `/<user>/<index>`. */
  readonly indexDepth: number
  /** GET and HEAD. The first that matches decides; what matches none is `other`. */
  readonly reads: readonly { readonly kind: ReadKind; readonly pattern: string }[]
  /** POST and PUT. */
  readonly uploads: readonly string[]
}

/** One row per upstream layout (measured: what pip and uv ask of PyPI-like static mirrors, pypiserver 2.4, devpi 6.20). */
const layouts: readonly Layout[] = [
  {
    name: 'pypi',
    paths: 'strict',
    indexDepth: 0,
    reads: [
      { kind: 'root', pattern: 'simple' },
      { kind: 'index', pattern: 'simple/{package}' },
      { kind: 'index', pattern: 'pypi/{package}/json' },
      { kind: 'artifact', pattern: 'packages/**' },
    ],
    uploads: ['legacy'],
  },
  {
    name: 'pypiserver',
    paths: 'strict',
    indexDepth: 0,
    reads: [
      { kind: 'root', pattern: 'simple' },
      { kind: 'root', pattern: 'packages' },
      { kind: 'index', pattern: 'simple/{package}' },
      { kind: 'artifact', pattern: 'packages/**' },
    ],
    uploads: [''],
  },
  {
    name: 'devpi',
    paths: 'strict',
    indexDepth: 2,
    reads: [
      { kind: 'root', pattern: '+simple' },
      { kind: 'index', pattern: '+simple/{package}' },
      { kind: 'artifact', pattern: '+f/**' },
      { kind: 'artifact', pattern: '+e/**' },
    ],
    uploads: [''],
  },
  { name: 'http', paths: 'open', indexDepth: 0, reads: [], uploads: [] },
]

export const layoutNames: readonly string[] = layouts.map((layout) => layout.name)

/** The layout of an upstream's `grammar`; undefined when no row has the name. */
export function layoutOf(grammar: string): Layout | undefined {
  return layouts.find((layout) => layout.name === grammar)
}
