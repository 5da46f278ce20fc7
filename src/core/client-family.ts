import type { RequestFacts } from './request.ts'

/** `installer` follows a redirect and prints its URL; `proxy` serves many people and must not cache our pages; `publisher` uploads; `script` is all else. */
export type ClientRole = 'installer' | 'proxy' | 'publisher' | 'script'

export interface ClientFamily {
  readonly name: string
  readonly role: ClientRole
}

/** User agents as the genuine programs send them (measured: pip 20–26, uv 0.4–0.13, poetry 2, pdm 2, twine 7, bandersnatch 6, devpi 6, proxpi 1). */
const families: readonly (ClientFamily & { readonly agent: RegExp })[] = [
  { name: 'pip', role: 'installer', agent: /^pip\/\d/ },
  { name: 'uv', role: 'installer', agent: /^uv\/\d/ },
  { name: 'poetry', role: 'installer', agent: /^poetry\/\d/ },
  { name: 'pdm', role: 'installer', agent: /^pdm\/\d/ },
  { name: 'twine', role: 'publisher', agent: /^twine\/\d/ },
  { name: 'devpi', role: 'proxy', agent: /^devpi-server\/\d/ },
  { name: 'proxpi', role: 'proxy', agent: /^proxpi\/\d/ },
  { name: 'bandersnatch', role: 'proxy', agent: /^bandersnatch[/ ]\d/ },
  { name: 'artifactory', role: 'proxy', agent: /^Artifactory\/\d/i },
  { name: 'nexus', role: 'proxy', agent: /^Nexus\/\d/i },
]
const unknown: ClientFamily = { name: 'other', role: 'script' }

/** The program behind a request by its own word. It may choose the form of an answer, never the verdict. */
export function clientFamilyOf(facts: Pick<RequestFacts, 'headers'>): ClientFamily {
  const agent = facts.headers.get('user-agent') ?? ''
  return families.find((family) => family.agent.test(agent)) ?? unknown
}
