import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { tags } from './route.ts'

/** The head of the OpenAPI document; paths and schemas come from the routes. */
export function openapi(version: string): NonNullable<FastifyDynamicSwaggerOptions['openapi']> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tollgate',
      version,
      description:
        'What people do for themselves: see what they used, ask for more, keep their tokens and decide who tells them. Amounts of credits have at most three decimals, bytes are whole, GPU time is in seconds; instants are RFC 3339 in UTC.',
    },
    tags: tags.map((name) => ({ name })),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token.' },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'A token as the password, or as the user of an empty one.',
        },
      },
    },
    security: [{ bearer: [] }, { basic: [] }],
  }
}
