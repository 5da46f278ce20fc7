import type { PeerCertificate } from 'node:tls'

type Named = Pick<PeerCertificate, 'subject' | 'subjectaltname'>

/** One name and the comma after it. Node quotes a value with anything in it that could be taken for the next name, as JSON. */
const altName = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy

/**
 * The names a certificate proves: its subject alternative names of kind DNS (in lower case) and URI; of one that has no subject alternative
 * names at all, its common name (RFC 6125 §6.4.4).
 */
function namesOf({ subject, subjectaltname }: Named): readonly string[] {
  if (subjectaltname !== undefined && subjectaltname !== '') return altNamesOf(subjectaltname)
  const common: unknown = subject?.CN
  return typeof common === 'string' ? [common.toLowerCase()] : []
}

/** Read from one end to the other, every kind: a name of another kind may hold what looks like one of ours. */
function altNamesOf(text: string): readonly string[] {
  return [...text.matchAll(altName)].flatMap(([, kind, value = '']) => {
    const name = value.startsWith('"') ? (JSON.parse(value) as string) : value
    if (kind === 'DNS') return [name.toLowerCase()]
    return kind === 'URI' ? [name] : []
  })
}

/** Whether a certificate proves one of the names. Never throws: one whose names cannot be read proves none. */
export function isNamed(certificate: Named, accepted: readonly string[]): boolean {
  const wanted = accepted.map((name) => (name.includes('://') ? name : name.toLowerCase()))
  try {
    return namesOf(certificate).some((name) => wanted.includes(name))
  } catch {
    return false
  }
}
