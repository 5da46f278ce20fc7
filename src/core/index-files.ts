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

/**
 * Where an upstream keeps the page that a client asked for; undefined when the path is no page of one package (`…/simple/NAME/`), or lies
 * outside of what the upstream serves.
 */
export function indexUrlOf(upstream: Upstream, path: string): string | undefined {
  const page = path.endsWith('/') ? path : `${path}/`
  if (!page.startsWith(`${upstream.mountPath}/`) || !/\/\+?simple\/[^/]+\/$/.test(page)) return undefined
  return withoutSlash(upstream.originUrl) + page.slice(upstream.mountPath.length)
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
  const isBelow = url.host === origin.host && url.pathname.startsWith(origin.pathname)
  if (isBelow) return `${mountPath}/${url.pathname.slice(origin.pathname.length)}`
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
