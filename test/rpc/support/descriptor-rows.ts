import type { TestPlane } from './plane.ts'
import { type AskedLimits, createRateLimitClient, type ToldLimits } from './rate-limit-client.ts'

/** A row of `descriptor_limit` as a test writes it; what is left out is as the column has it by default. */
export interface LimitRow {
  readonly id?: string
  /** Entries of the path: `path=/a/*`, `user`, or an object as the column holds them. */
  readonly path: readonly (string | Readonly<Record<string, unknown>>)[]
  readonly columns?: Readonly<Record<string, unknown>>
}

/** One domain of a test: its limits in force, and how to ask about it. */
export interface TestDomain {
  readonly id: string
  /** One call of this domain. */
  ask(descriptors: AskedLimits['descriptors'], hits?: number): Promise<ToldLimits>
  /** One call of a domain without a row. */
  elsewhere(descriptors: AskedLimits['descriptors']): Promise<ToldLimits>
  /** Of a call with one descriptor: `OK 9`, `OVER_LIMIT 0`. */
  tell(of: AskedLimits['descriptors'][number]['of'], hits?: number): Promise<string>
  /** What the metric of hits came to: `{ total: 3, within: 3 }`. */
  hits(rule: string, value?: string): Readonly<Record<string, number>>
}

/** The machine may be busy with anything: then an answer is late, and not another one. */
export const patient = { TOLLGATE_CHECK_MS_MAX: '10000' }

/** A limit that no test outlives. */
export const perYear = (amount: number): Readonly<Record<string, unknown>> => ({ amount, unit: 'year' })

let domains = 0

/** Writes a domain with its limits by SQL and waits until they are in force. */
export async function createDomain(
  plane: TestPlane,
  {
    limits,
    columns = {},
  }: { readonly limits: readonly LimitRow[]; readonly columns?: Readonly<Record<string, unknown>> },
): Promise<TestDomain> {
  domains += 1
  const nth = domains
  const named = { id: `domain-${nth}`, ...columns }
  const { id } = named
  await insert(plane, 'descriptor_domain', named)
  for (const [index, row] of limits.entries()) {
    const entries = JSON.stringify(row.path.map(stepOf))
    await insert(plane, 'descriptor_limit', {
      id: row.id ?? `domain-${nth}-${index}`,
      domain: id,
      entries,
      ...row.columns,
    })
  }
  const client = createRateLimitClient(plane.address, { timeoutMs: 20_000 })
  plane.defer(() => client.close())
  const ask: TestDomain['ask'] = (descriptors, hits = 0) => client.ask({ domain: id, descriptors, hits })
  return {
    id,
    ask,
    elsewhere: (descriptors) => client.ask({ domain: `not-${id}`, descriptors }),
    async tell(of, hits = 0) {
      const { code, statuses } = await ask([{ of }], hits)
      return `${code} ${statuses[0]?.remaining}`
    },
    hits(rule, value = '') {
      const start = `descriptor_hits_total[${id},${rule},${value},`
      const found = [...plane.counts].filter(([name, count]) => name.startsWith(start) && count > 0)
      return Object.fromEntries(found.map(([name, count]) => [name.slice(start.length, -1), count]))
    },
  }
}

async function insert(plane: TestPlane, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const names = Object.keys(row)
  const columns = names.map((name) => `"${name}"`).join(', ')
  const places = names.map((_, index) => `$${index + 1}`).join(', ')
  await plane.policy(`INSERT INTO tollgate.${table} (${columns}) VALUES (${places})`, Object.values(row))
}

function stepOf(step: LimitRow['path'][number]): unknown {
  if (typeof step !== 'string') return step
  const at = step.indexOf('=')
  return at < 0 ? { key: step } : { key: step.slice(0, at), value: step.slice(at + 1) }
}
