import { type Layout, layoutOf } from './layout.ts'
import { isDistribution, isPackageName, normalisePackageName, packageOfFile } from './package-name.ts'
import type { RequestFacts, ResourceRequest } from './request.ts'
import { type ReadPath, readOpenPath, readPath, type UnreadablePath } from './request-path.ts'
import type { Upstream } from './upstream.ts'

const metadataSuffix = '.metadata'
const statusPath = '/quota/status'
const distributionAnywhere = /\.(?:whl|egg|exe|msi|zip|tar|tgz|tbz2?|txz)(?![a-z0-9])/i

interface Place {
  readonly layout: Layout
  readonly mountPath: string
  readonly read: ReadPath
  /** Segments below the index root. */
  readonly below: readonly string[]
  readonly indexRoot: string
}

/**
 * What a request asks for, by the layout of its upstream. The cheap kinds (`root`, `index`, `metadata`) need the exact spelling of the
 * layout; any path that names a distribution is an `artifact` wherever it lies, and what no row knows is `other`, which is priced and
 * enforced as an artifact. So no spelling of a file is priced below the file. Unreadable targets are `invalid`: answer 400.
 */
export function readResource(
  upstream: Pick<Upstream, 'mountPath' | 'grammar'>,
  facts: Pick<RequestFacts, 'method' | 'target'>,
): ResourceRequest | UnreadablePath {
  const layout = layoutOf(upstream.grammar) ?? { name: '', paths: 'strict', indexDepth: 0, reads: [], uploads: [] }
  const read = layout.paths === 'open' ? readOpenPath(facts.target) : readPath(facts.target)
  if (read.kind === 'invalid') return read
  const place = placeOf(read, { layout, mountPath: upstream.mountPath })
  if (read.path === statusPath || read.path === upstream.mountPath + statusPath)
    return resource(place, { kind: 'status' })
  if (layout.paths === 'open') return resource(place, { kind: 'call' })
  return resource(place, describe(place, facts.method))
}

function placeOf(
  read: ReadPath,
  { layout, mountPath }: { readonly layout: Layout; readonly mountPath: string },
): Place {
  const mount = mountPath.split('/').filter(Boolean)
  const mounted = mount.every((segment, index) => read.segments[index] === segment)
  if (!mounted) return { layout, mountPath, read, below: [], indexRoot: mountPath }
  const rootEnd = mount.length + layout.indexDepth
  const root = read.segments.slice(0, rootEnd)
  return {
    layout,
    mountPath,
    read,
    below: read.segments.slice(rootEnd),
    indexRoot: root.map((part) => `/${part}`).join(''),
  }
}

type Description = Pick<ResourceRequest, 'kind'> & Partial<ResourceRequest>

function resource(place: Place, description: Description): ResourceRequest {
  return { resource: '', file: '', indexRoot: place.indexRoot, path: place.read.path, ...description }
}

function describe(place: Place, method: string): Description {
  const { below, layout } = place
  if (below[0] === '-' && below[1] === 'denied') return { kind: 'landing' }
  if (method === 'POST' || method === 'PUT') {
    return { kind: isMounted(place) && layout.uploads.some((pattern) => matches(pattern, below)) ? 'upload' : 'other' }
  }
  if (method !== 'GET' && method !== 'HEAD') return { kind: 'other' }
  return describeFile(place) ?? describePage(place) ?? { kind: 'other' }
}

/** A file is recognised by its name, before any route: a lenient server may reach it by another one. */
function describeFile({ layout, read, below }: Place): Description | undefined {
  const file = read.segments.find((segment) => distributionAnywhere.test(segment))
  if (file === undefined) return undefined
  const isMetadata = file.endsWith(metadataSuffix) && file === read.segments.at(-1) && !read.trailingSlash
  const named = isMetadata ? file.slice(0, -metadataSuffix.length) : file
  if (isMetadata && isDistribution(named) && isArtifactRoute(layout, below)) {
    return { kind: 'metadata', file: named, resource: packageOfFile(named) }
  }
  return { kind: 'artifact', file, resource: packageOfFile(file) || packageOfFile(upToDistribution(file)) }
}

/** `demo-1.0.zip` of `demo-1.0.zip.`: some file systems drop what follows, the package must not be lost with it. */
function upToDistribution(file: string): string {
  const found = distributionAnywhere.exec(file)
  return found ? file.slice(0, found.index + found[0].length) : file
}

function isArtifactRoute(layout: Layout, below: readonly string[]): boolean {
  return layout.reads.some(({ kind, pattern }) => kind === 'artifact' && matches(pattern, below))
}

function describePage({ layout, read, below }: Place): Description | undefined {
  const route = layout.reads.find(({ pattern }) => matches(pattern, below))
  if (route === undefined) return undefined
  if (route.kind === 'artifact') {
    const file = read.segments.at(-1) ?? ''
    return { kind: 'artifact', file, resource: packageOfFile(file) }
  }
  const at = route.pattern.split('/').indexOf('{package}')
  return { kind: route.kind, resource: at < 0 ? '' : normalisePackageName(below[at] ?? '') }
}

/** Outside of the mount path nothing is an upload; at the mount path itself `below` is empty too. */
function isMounted({ read, mountPath, below }: Place): boolean {
  return below.length > 0 || mountPath === '' || read.path === mountPath || read.path.startsWith(`${mountPath}/`)
}

function matches(pattern: string, segments: readonly string[]): boolean {
  const parts = pattern === '' ? [] : pattern.split('/')
  if (parts.at(-1) === '**' ? segments.length < parts.length : segments.length !== parts.length) return false
  return parts.every((part, index) => {
    const segment = segments[index] ?? ''
    return part === '**' || (part === '{package}' ? isPackageSegment(segment) : part === segment)
  })
}

/** `simple/index.html` is the root page of a static mirror, not a package. */
function isPackageSegment(segment: string): boolean {
  return isPackageName(segment) && !/^index\./i.test(segment)
}
