import type { JsonReply } from '../grpc/json-rate-limit.ts'
import type { OpsPage, OpsReply } from '../telemetry/ops-page.ts'

const type = { 'content-type': 'application/problem+json' }
const refused = (status: number, detail: string): OpsReply => ({
  status,
  headers: status === 503 ? { ...type, 'retry-after': '1' } : type,
  body: JSON.stringify({ status, detail }),
})

/**
 * `/json` of the ops listener. Who is not on this machine is refused unless its peers are trusted (`TOLLGATE_INSECURE_PEERS`), as over gRPC:
 * whoever asks takes hits. A browser is refused wherever it runs, because any page that it shows could ask.
 *
 * @param ask resolves with nothing when no process can answer now
 */
export function createRateLimitPage(given: {
  readonly trustsPeers: boolean
  readonly ask: (body: Buffer) => Promise<JsonReply | undefined>
}): OpsPage {
  const { trustsPeers, ask } = given
  return {
    refusal({ isLocal, isBrowser }) {
      if (isBrowser)
        return refused(403, 'Rate limit calls do not come from web pages: leave out Origin and Sec-Fetch-Site')
      if (isLocal || trustsPeers) return undefined
      return refused(403, 'Rate limit calls come from this machine only: TOLLGATE_INSECURE_PEERS=true allows others')
    },
    answer: async (body) => (await ask(body)) ?? refused(503, 'Tollgate does not serve yet, or no more: try again'),
  }
}
