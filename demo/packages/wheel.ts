import { createHash } from 'node:crypto'
import { type ZipEntry, zipOf } from './zip.ts'

export interface WheelSource {
  /** Normalised by PEP 503. */
  readonly name: string
  readonly version: string
  readonly summary: string
  /** PEP 508 requirements, e.g. `cherry>=1.1`. */
  readonly requires?: readonly string[]
  /** Files besides `__init__.py`, inside the import package. */
  readonly files?: readonly ZipEntry[]
}

export interface Wheel {
  readonly name: string
  readonly version: string
  readonly file: string
  readonly content: Buffer
  /** SHA-256 of the content, lower-case hex. */
  readonly digest: string
  readonly metadata: Buffer
  readonly metadataDigest: string
  readonly requiresPython: string
}

const REQUIRES_PYTHON = '>=3.8'

/**
 * A real, installable pure-Python wheel: METADATA, WHEEL and a RECORD with digests. The same source always gives the
 * same bytes.
 *
 * @see https://packaging.python.org/specifications/binary-distribution-format/
 */
export function buildWheel(source: WheelSource): Wheel {
  const module = source.name.replaceAll('-', '_')
  const folder = `${module}-${source.version}.dist-info`
  const metadata = Buffer.from(metadataOf(source))
  const entries: ZipEntry[] = [
    { name: `${module}/__init__.py`, content: Buffer.from(initOf(source)) },
    ...(source.files ?? []).map(({ name, content }) => ({ name: `${module}/${name}`, content })),
    { name: `${folder}/METADATA`, content: metadata },
    { name: `${folder}/WHEEL`, content: Buffer.from(WHEEL) },
  ]
  const record = `${folder}/RECORD`
  const content = zipOf([...entries, { name: record, content: Buffer.from(recordOf(entries, record)) }])
  return {
    name: source.name,
    version: source.version,
    file: `${module}-${source.version}-py3-none-any.whl`,
    content,
    digest: sha256(content).toString('hex'),
    metadata,
    metadataDigest: sha256(metadata).toString('hex'),
    requiresPython: REQUIRES_PYTHON,
  }
}

const WHEEL = ['Wheel-Version: 1.0', 'Generator: tollgate-demo', 'Root-Is-Purelib: true', 'Tag: py3-none-any', ''].join(
  '\n',
)

function metadataOf(source: WheelSource): string {
  return [
    'Metadata-Version: 2.1',
    `Name: ${source.name}`,
    `Version: ${source.version}`,
    `Summary: ${source.summary}`,
    `Requires-Python: ${REQUIRES_PYTHON}`,
    ...(source.requires ?? []).map((requirement) => `Requires-Dist: ${requirement}`),
    '',
    source.summary,
    '',
  ].join('\n')
}

function initOf(source: WheelSource): string {
  return `"""${source.summary}"""\n\n__version__ = '${source.version}'\n`
}

function recordOf(entries: readonly ZipEntry[], record: string): string {
  const lines = entries.map(
    ({ name, content }) => `${name},sha256=${sha256(content).toString('base64url')},${content.length}`,
  )
  return [...lines, `${record},,`, ''].join('\n')
}

function sha256(content: Buffer): Buffer {
  return createHash('sha256').update(content).digest()
}
