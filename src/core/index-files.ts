import { layoutOf } from './layout.ts'
import type { ResourceRequest } from './request.ts'
import { readPath } from './request-path.ts'
import type { Upstream } from './upstream.ts'

/** One file of an index page, as clients will ask for it. */
export interface IndexFile {
  /** The decoded path: key of the size catalogue. */
  readonly path: string
  readonly sizeBytes: number
}

/** Files of one page that are read; the largest projects have about as many. */
const filesMax = 20_000
const urlLengthMax = 4_096

const simplePage = /^\+?simple\/\{package\}$/

/**
 * Where an upstream keeps the page of the package that a client asked for: the layout's `simple` page of the name as PEP 503 normalises it, so
 * that all spellings are one page. Undefined when the request is for no such page, or lies outside of what the upstream serves.
 */
export function indexUrlOf(
  upstream: Upstream,
  { kind, resource, path, indexRoot }: Pick<ResourceRequest, 'kind' | 'resource' | 'path' | 'indexRoot'>,
): string | undefined {
  const { mountPath } = upstream
  if (kind !== 'index' || !isBelow(path, mountPath) || !/\/\+?simple\/[^/]+\/?$/.test(path)) return undefined
  const pattern = layoutOf(upstream.grammar)?.reads.find((read) => simplePage.test(read.pattern))?.pattern
  if (pattern === undefined || resource === '') return undefined
  const root = indexRoot.slice(mountPath.length)
  return `${withoutSlash(upstream.originUrl)}${root}/${pattern.replace('{package}', resource)}/`
}

function isBelow(path: string, mountPath: string): boolean {
  return path.startsWith(`${mountPath}/`)
}

/**
 * The files of a page in the JSON form of PEP 691 with the sizes of PEP 700, under the paths that clients use: links below the origin are
 * seen below the mount path, links to the host that clients know as they are. Links elsewhere, files without a size, and whatever is no such
 * page are left out.
 */
export function filesOfIndex(
  page: unknown,
  { upstream, indexUrl }: { readonly upstream: Upstream; readonly indexUrl: string },
): readonly IndexFile[] {
  const listed = isRecord(page) ? page['files'] : undefined
  if (!Array.isArray(listed)) return []
  const files: IndexFile[] = []
  for (const entry of listed.slice(-filesMax)) {
    const { url, size } = isRecord(entry) ? entry : {}
    if (typeof url !== 'string' || url.length > urlLengthMax || !isSize(size)) continue
    const path = clientPathOf(url, { upstream, indexUrl })
    if (path !== undefined) files.push({ path, sizeBytes: size })
  }
  return files
}

function clientPathOf(
  link: string,
  { upstream, indexUrl }: { readonly upstream: Upstream; readonly indexUrl: string },
): string | undefined {
  const url = URL.parse(link, indexUrl)
  const origin = URL.parse(`${withoutSlash(upstream.originUrl)}/`)
  if (url === null || origin === null) return undefined
  const target = targetOf(url, origin, upstream)
  if (target === undefined) return undefined
  const read = readPath(target)
  return read.kind === 'path' ? read.path : undefined
}

function targetOf(url: URL, origin: URL, { mountPath, host }: Upstream): string | undefined {
  const isOrigin = url.host === origin.host && url.pathname.startsWith(origin.pathname)
  if (isOrigin) return `${mountPath}/${url.pathname.slice(origin.pathname.length)}`
  return url.hostname === host ? url.pathname : undefined
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}

function isSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
