const clean = /^[\x21-\x7e]+$/

/** A value that no header can be broken with: printable ASCII, anything else becomes `?` (RFC 9110 §5.5; Envoy answers 500 to a line break). */
export function headerText(text: string): string {
  if (clean.test(text)) return text
  return text.replaceAll(/[^\x20-\x7e]/g, '?').trim()
}
