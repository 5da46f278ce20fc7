const shape = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/

/** Whether a text can be an id at all, by the domain `tollgate.slug`: what cannot be one names nothing, and need not be looked up. */
export function isSlug(text: string): boolean {
  return shape.test(text)
}
