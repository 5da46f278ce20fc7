import type { FastifyInstance } from 'fastify'
import { html, page, pagePolicy } from './html.ts'

const text = page(
  'Tollgate',
  html`<p>This is an API. A browser asks for a name and a password: any name, and a token as the password.</p><ul><li><a href="/api/me">Who am I</a></li><li><a href="/api/me/limits">My limits as they stand</a></li><li><a href="/api/me/usage">What I used</a></li><li><a href="/api/me/refusals">What was refused</a></li><li><a href="/api/requests">Requests for more</a></li><li><a href="/api/openapi.json">All there is, as OpenAPI</a></li></ul>`,
)

/** What a browser finds at the address that alerts end with. */
export function rootPage(app: FastifyInstance): void {
  app.get('/', { schema: { hide: true } }, async (_, answer) =>
    answer.header('content-security-policy', pagePolicy).type('text/html; charset=utf-8').serializer(String).send(text),
  )
}
