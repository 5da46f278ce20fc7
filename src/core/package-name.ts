const distribution = /\.(?:whl|egg|exe|msi|zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz|z|lzma|zst))$/i
const named = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/
/** PEP 440 with its spellings, the last part being everything after the name: `1.0`, `1!2.0rc1`, `1.0-1`, `2.0.post3+cu121`. */
const version =
  /^v?(?:\d+!)?\d+(?:\.\d+)*(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?\d*)?(?:-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?(?:[-_.]?dev[-_.]?\d*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/i
const nameLengthMax = 200

/** PEP 503: lower case, runs of `-`, `_` and `.` are one `-`. */
export function normalisePackageName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

/** A name that an index may hold (PEP 508), in any spelling. */
export function isPackageName(text: string): boolean {
  return text.length <= nameLengthMax && named.test(text)
}

/** Whether a file name ends as wheels, source archives and installers end. */
export function isDistribution(file: string): boolean {
  return distribution.test(file)
}

/** The normalised package of a distribution's file name, empty when it names none. Detached signatures name their file's package. */
export function packageOfFile(file: string): string {
  const signed = file.replace(/\.(?:asc|sig|provenance)$/i, '')
  const stem = signed.replace(distribution, '')
  if (stem === signed) return ''
  const name = /\.(?:whl|egg)$/i.test(signed) ? stem.slice(0, dashOr(stem)) : nameOfArchive(stem)
  return isPackageName(name) ? normalisePackageName(name) : ''
}

function dashOr(stem: string): number {
  const dash = stem.indexOf('-')
  return dash < 0 ? stem.length : dash
}

/** Names of old archives may hold dashes and digits (`python-2to3-1.0`), versions too (`1.0-1`): the longest tail that is a version wins. */
function nameOfArchive(stem: string): string {
  for (let dash = stem.indexOf('-'); dash >= 0; dash = stem.indexOf('-', dash + 1)) {
    if (version.test(stem.slice(dash + 1))) return stem.slice(0, dash)
  }
  const numbered = /^(.+?)-v?\d/.exec(stem)?.[1]
  return numbered ?? stem.slice(0, stem.lastIndexOf('-') < 0 ? stem.length : stem.lastIndexOf('-'))
}
