import type { JsonReply } from '../grpc/json-rate-limit.ts'
import type { OpsPost, OpsReply } from '../telemetry/ops-server.ts'

const type = { 'content-type': 'application/problem+json' }
const refused = (status: number, detail: string): OpsReply => ({
  status,
  headers: status === 503 ? { ...type, 'retry-after': '1' } : type,
  body: JSON.stringify({ status, detail }),
})

/**
 * `/json` of the ops listener. Who is not on this machine is refused unless its peers are trusted (`TOLLGATE_INSECURE_PEERS`), as over gRPC:
 * whoever asks takes hits.
 *
 * @param ask resolves with nothing when no process can answer now
 */
export function createRateLimitPage(given: {
  readonly trustsPeers: boolean
  readonly ask: (body: Buffer) => Promise<JsonReply | undefined>
}): (post: OpsPost) => Promise<OpsReply> {
  const { trustsPeers, ask } = given
  return async ({ body, isLocal }) => {
    if (!isLocal && !trustsPeers) {
      return refused(403, 'Rate limit calls come from this machine only: TOLLGATE_INSECURE_PEERS=true allows others')
    }
    return (await ask(body)) ?? refused(503, 'Tollgate does not serve yet, or no more: try again')
  }
}
