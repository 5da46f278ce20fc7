import type { Wheel } from './packages/wheel.ts'

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html'
/** What a client may ask for, and what it then gets. */
const TYPES: Readonly<Record<string, string>> = {
  [JSON_TYPE]: JSON_TYPE,
  'application/vnd.pypi.simple.latest+json': JSON_TYPE,
  [HTML_TYPE]: HTML_TYPE,
  'application/vnd.pypi.simple.latest+html': HTML_TYPE,
  'text/html': 'text/html',
  '*/*': 'text/html',
}

export interface Page {
  readonly type: string
  readonly body: string
}

/** The type a client likes best (PEP 691); HTML for one that names none of ours, as PyPI does. */
export function chooseType(accept: string | undefined): string {
  const offers = (accept ?? '*/*').split(',').flatMap((offer) => {
    const [name = '', ...parameters] = offer.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    const type = TYPES[name.toLowerCase()]
    return type === undefined ? [] : [{ type, weight: weight === undefined ? 1 : Number(weight) }]
  })
  return offers.toSorted((a, b) => b.weight - a.weight)[0]?.type ?? 'text/html'
}

/** `/simple/`: every package. */
export function rootPage(names: readonly string[], type: string): Page {
  if (type === JSON_TYPE) {
    const body = { meta: { 'api-version': '1.1' }, projects: names.map((name) => ({ name })) }
    return { type, body: JSON.stringify(body) }
  }
  return {
    type,
    body: htmlPage(
      'Simple index',
      names.map((name) => `<a href="${name}/">${name}</a><br>`),
    ),
  }
}

/** `/simple/<name>/`: every file of one package, with size, digest and PEP 658 metadata. */
export function packagePage(name: string, wheels: readonly Wheel[], type: string): Page {
  if (type === JSON_TYPE) {
    const versions = [...new Set(wheels.map((wheel) => wheel.version))]
    return {
      type,
      body: JSON.stringify({ meta: { 'api-version': '1.1' }, name, versions, files: wheels.map(jsonFile) }),
    }
  }
  return { type, body: htmlPage(`Links for ${name}`, wheels.map(htmlLink)) }
}

/** PyPI's layout: the path of a file is made of a digest of its content. Relative, so that it holds under any mount. */
export function filePath(wheel: Wheel): string {
  return `packages/${wheel.digest.slice(0, 2)}/${wheel.digest.slice(2, 4)}/${wheel.digest.slice(4)}/${wheel.file}`
}

function jsonFile(wheel: Wheel): object {
  return {
    filename: wheel.file,
    url: `../../${filePath(wheel)}`,
    hashes: { sha256: wheel.digest },
    size: wheel.content.length,
    'requires-python': wheel.requiresPython,
    'core-metadata': { sha256: wheel.metadataDigest },
    'upload-time': '2026-01-01T00:00:00Z',
    yanked: false,
  }
}

function htmlLink(wheel: Wheel): string {
  const python = wheel.requiresPython.replace('>', '&gt;')
  const attributes = `data-requires-python="${python}" data-core-metadata="sha256=${wheel.metadataDigest}"`
  return `<a href="../../${filePath(wheel)}#sha256=${wheel.digest}" ${attributes}>${wheel.file}</a><br>`
}

function htmlPage(title: string, lines: readonly string[]): string {
  return [
    '<!DOCTYPE html>',
    `<html><head><meta name="pypi:repository-version" content="1.1"><title>${title}</title></head><body>`,
    ...lines,
    '</body></html>',
    '',
  ].join('\n')
}
