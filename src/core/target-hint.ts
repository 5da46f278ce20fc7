const reference = /^(?:env|file|sealed):/

/** A reference to a secret that is kept elsewhere or sealed, not the secret itself. */
export function isReference(text: string): boolean {
  return reference.test(text)
}

/**
 * What people are shown of a channel's target, since the address of a robot is its password: `hooks.example.org/…a1b2`,
 * `al…@example.org`, or the name of the variable or file.
 */
export function targetHintOf(kind: string, target: string): string {
  if (kind === 'email') return target.replace(/^(.{1,2})[^@]*/u, '$1…')
  if (target.startsWith('sealed:')) return 'sealed'
  if (isReference(target)) return target
  const url = URL.parse(target)
  if (url === null) return `…${target.slice(-2)}`
  const rest = `${url.pathname}${url.search}`
  return rest.length <= 8 ? url.host : `${url.host}/…${rest.slice(-4)}`
}
