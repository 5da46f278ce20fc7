/**
 * What must never leave in text, wherever it stands: tokens (also percent-encoded), credentials of an Authorization header, passwords in
 * addresses such as `postgres://user:password@host`. Each pattern keeps what names the secret and hides the secret.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/tg(?:_|%5f)[0-9A-Za-z]{30}(?:_|%5f)[0-9A-Za-z]{6}/gi, 'tg_[hidden]'],
  [/\b(basic|bearer)(\s+|%20|\+)[A-Za-z0-9+/=_.~%-]{8,}/gi, '$1 [hidden]'],
  [/(:\/\/[^\s/:@"'\\]*):[^\s/@"'\\]+@/g, '$1:[hidden]@'],
]

/** The text with every secret hidden. */
export function redact(text: string): string {
  return secrets.reduce((shown, [pattern, replacement]) => shown.replace(pattern, replacement), text)
}
