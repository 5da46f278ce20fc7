import type { FastifyInstance } from 'fastify'
import type { PortalTools } from './ports.ts'

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])
const statuses: ReadonlySet<number> = new Set([
  ...[200, 201, 204, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 500, 503],
])

/** Counts and times every answer. */
export function countAnswers(app: FastifyInstance, { observer }: Pick<PortalTools, 'observer'>): void {
  app.addHook('onResponse', async ({ method }, answer) => {
    observer.count('api_requests_total', {
      method: methods.has(method) ? method : 'other',
      status: statuses.has(answer.statusCode) ? String(answer.statusCode) : 'other',
    })
    observer.time('api_duration_seconds', answer.elapsedTime / 1_000)
  })
}
