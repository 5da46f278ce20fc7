import type { PeerCertificate } from 'node:tls'

const altName = /(DNS|URI):("(?:[^"\\]|\\.)*"|[^,]+)/g

/**
 * The names a certificate proves: its subject alternative names of kind DNS (in lower case) and URI; of one that has no subject alternative
 * names at all, its common name (RFC 6125 §6.4.4).
 */
function namesOf({
  subject,
  subjectaltname,
}: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): readonly string[] {
  if (subjectaltname !== undefined && subjectaltname !== '') {
    return [...subjectaltname.matchAll(altName)].map(([, kind, text = '']) => {
      const name = text.startsWith('"') ? (JSON.parse(text) as string) : text
      return kind === 'DNS' ? name.toLowerCase() : name
    })
  }
  const common: unknown = subject?.CN
  return typeof common === 'string' ? [common.toLowerCase()] : []
}

/** Whether a certificate proves one of the names. */
export function isNamed(
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
  accepted: readonly string[],
): boolean {
  const wanted = accepted.map((name) => (name.includes('://') ? name : name.toLowerCase()))
  return namesOf(certificate).some((name) => wanted.includes(name))
}
