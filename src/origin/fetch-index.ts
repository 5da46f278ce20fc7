import type { FetchIndex } from '../check/ports.ts'
import { version } from '../core/version.ts'

const msMax = 5_000
/** A page is parsed in one go while requests wait, so it must not be long: 4 MiB take about 15 ms. */
const bytesMax = 4 * 1_048_576
const jsonType = 'application/vnd.pypi.simple.v1+json'

/**
 * Asks an upstream for one page of its index in the JSON form of PEP 691. Undefined when it answers in another form, or with more than 4 MiB.
 * Throws when it cannot be reached, takes longer than 5 s or answers anything but 200; redirects are not followed, for the credential must
 * not travel.
 */
export const fetchIndex: FetchIndex = async ({ url, authorization }) => {
  const response = await fetch(url, {
    headers: {
      accept: jsonType,
      'user-agent': `tollgate/${version}`,
      ...(authorization !== undefined && { authorization }),
    },
    redirect: 'manual',
    signal: AbortSignal.timeout(msMax),
  })
  const isJson = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() === jsonType
  if (response.status !== 200 || !isJson) {
    await response.body?.cancel()
    if (response.status === 200) return undefined
    throw new Error(`The index answered ${response.status}`)
  }
  const body = await readUpTo(response, bytesMax)
  return body === undefined ? undefined : JSON.parse(body)
}

async function readUpTo(response: Response, bytes: number): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  let read = 0
  for await (const part of response.body ?? []) {
    read += part.length
    // Leaving the loop cancels the rest.
    if (read > bytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
