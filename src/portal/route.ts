import type { z } from 'zod'
import type { Caller } from './caller.ts'

/** What a handler is given: checked fields, and who asks. */
export interface Asked<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly caller: Caller
  readonly address: string
}

export const tags = ['me', 'accounts', 'tokens', 'requests', 'alerts', 'projects', 'admin', 'api'] as const

interface RouteHead {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From the root, parameters as `:name`. */
  readonly path: string
  readonly tag: (typeof tags)[number]
  /** One line for the reader of the OpenAPI document. */
  readonly summary: string
  /** Of what is answered; 200 when absent. */
  readonly status?: 200 | 201
  /** A member of the answer that is shown once and never kept. */
  readonly secret?: string
}

/** One row of the API, its types forgotten. */
export interface Route extends RouteHead {
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly answer: z.ZodType
  handle(asked: Asked): Promise<unknown>
}

interface TypedRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>
  extends RouteHead {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly answer: A
  handle(asked: Asked<z.output<P>, z.output<Q>, z.output<B>>): Promise<z.output<A>>
}

/** One row of the API: the types of its handler follow from its schemas. */
export function route<
  A extends z.ZodType,
  P extends z.ZodType = z.ZodNever,
  Q extends z.ZodType = z.ZodNever,
  B extends z.ZodType = z.ZodNever,
>(row: TypedRoute<P, Q, B, A>): Route {
  return row as Route
}
