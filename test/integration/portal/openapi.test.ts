import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { methodsAt } from '../../../src/portal/methods-at.ts'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People
let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>

interface Operation {
  readonly summary: string
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, unknown>>
}

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  const { body } = await portal.call('GET /api/openapi.json')
  paths = (body as { paths: typeof paths }).paths
})
afterAll(() => portal?.[Symbol.asyncDispose]())

test('GET /api/openapi.json needs no token and is OpenAPI 3.1 with every operation described once', async () => {
  const { status, body } = await portal.call('GET /api/openapi.json')
  expect(status).toBe(200)
  expect(body).toMatchObject({ openapi: '3.1.0', security: [{ bearer: [] }, { basic: [] }] })
  const operations = Object.values(paths).flatMap((path) => Object.values(path))
  expect(operations.length).toBeGreaterThan(45)
  expect(operations.filter(({ summary }) => !summary)).toEqual([])
  const ids = operations.map(({ operationId }) => operationId).filter((id) => id !== undefined)
  expect(new Set(ids).size).toBe(ids.length)
})

test('each address has the parameters that are in it, and no others', () => {
  for (const [path, operations] of Object.entries(paths)) {
    for (const { parameters = [] } of Object.values(operations)) {
      const told = parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`)
      expect({ path, told: told.toSorted() }).toEqual({ path, told: (path.match(/\{\w+\}/g) ?? []).toSorted() })
    }
  }
})

test('every address of the document is there, and says by OPTIONS what the document says', async () => {
  for (const [path, operations] of Object.entries(paths)) {
    const address = path.replaceAll(/\{\w+\}/g, 'x')
    const { status, headers } = await portal.call(`OPTIONS ${address}`)
    expect({ path, status }).toEqual({ path, status: 204 })
    const allowed = (headers.get('allow') ?? '').split(', ')
    for (const method of Object.keys(operations)) expect(allowed).toContain(method.toUpperCase())
  }
})
test('what is refused looks as the document says, whoever asks', async () => {
  for (const [path, operations] of Object.entries(paths)) {
    if (isPage(path)) continue
    for (const method of Object.keys(operations)) {
      const { status, body, headers } = await portal.call(`${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, 'x')}`)
      expect({ path, status }).toEqual({ path, status: 401 })
      expect(headers.get('www-authenticate')).toBe('Basic realm="tollgate", Bearer realm="tollgate"')
      expect(headers.get('content-type')).toContain('application/problem+json')
      expect(body).toMatchObject({ status: 401, type: 'https://docs.example/blocked#no_token' })
    }
  }
  expect(people.alice).toBeDefined()
})

test('methodsAt() knows an address by its parts', () => {
  const routes = [
    { method: 'GET', path: '/api/tokens/:token' },
    { method: 'POST', path: '/api/tokens/:token/revoke' },
  ]
  expect(methodsAt('/api/tokens/t1', routes)).toEqual(['GET', 'HEAD', 'OPTIONS'])
  expect(methodsAt('/api/tokens/t1/revoke', routes)).toEqual(['OPTIONS', 'POST'])
  expect(methodsAt('/api/tokens/', routes)).toEqual([])
  expect(methodsAt('/api/tokens/t1/revoke/x', routes)).toEqual([])
})

test('answers are as the document says, by the document’s own schemas', async () => {
  const asked = Object.keys(paths).filter((path) => paths[path]?.['get'] !== undefined && !isPage(path))
  const ids: Readonly<Record<string, string>> = { account: 'bob', project: 'vision', table: 'plan', key: 'free' }
  let matched = 0
  for (const path of asked) {
    const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'none')
    const { status, body } = await portal.call(`GET ${address}`, { token: people.adam })
    const answers = paths[path]?.['get']?.responses ?? {}
    const answer = (answers[status] ?? answers['4XX'] ?? answers['4xx']) as Answer
    const [content] = Object.values(answer.content)
    const parsed = z.fromJSONSchema(content?.schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(body)
    expect({ path, status, faults: parsed.error?.issues }).toEqual({ path, status, faults: undefined })
    if (status === 200) matched += 1
  }
  expect(matched).toBeGreaterThan(18)
})

/** For people: without a token they say what to do. */
function isPage(path: string): boolean {
  return path.startsWith('/api/links/') || path.startsWith('/requests/')
}

interface Answer {
  readonly content: Readonly<Record<string, { readonly schema: object }>>
}
