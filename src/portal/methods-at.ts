/** The methods that an address takes; none: nothing is there. */
export function methodsAt(
  path: string,
  routes: readonly { readonly method: string; readonly path: string }[],
): readonly string[] {
  const parts = path.split('/')
  const here = new Set(routes.filter((route) => fits(route.path.split('/'), parts)).map(({ method }) => method))
  if (here.size === 0) return []
  return [...(here.has('GET') ? ['HEAD'] : []), 'OPTIONS', ...here].sort()
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false
  return pattern.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]))
}
