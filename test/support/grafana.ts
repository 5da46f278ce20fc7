import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../../scripts/state-folder.ts'

const folder = join(rootFolder, 'deploy/grafana/dashboards')

/** As much of Grafana's dashboard model as these dashboards use. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: Place
  readonly datasource?: Datasource
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string }
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string }
      readonly properties: readonly { readonly id: string; readonly value: unknown }[]
    }[]
  }
}

export interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

interface Datasource {
  readonly type: string
  readonly uid: string
}

export interface Target {
  readonly refId: string
  readonly datasource: Datasource
  readonly format?: 'table' | 'time_series'
  readonly rawSql?: string
  readonly expr?: string
}

interface Variable {
  readonly name: string
  readonly type: string
  readonly query: string
  readonly datasource?: Datasource
}

export const dashboards: readonly (readonly [string, Dashboard])[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard])

/** A query as Grafana's PostgreSQL plugin sends it: its time macros and the variables in it written out. */
export function expanded(
  sql: string,
  given: { readonly from: Date; readonly to: Date; readonly values: Readonly<Record<string, string>> },
): string {
  const [from, to] = [given.from, given.to].map((date) => `'${date.toISOString()}'`)
  return sql
    .replace(/\$__timeFilter\(([^)]+)\)/g, (_, column: string) => `${column} BETWEEN ${from} AND ${to}`)
    .replace(/\$__timeFrom\(\)/g, from ?? '')
    .replace(/\$__timeTo\(\)/g, to ?? '')
    .replace(/\$\{(\w+):sqlstring\}/g, (whole, name: string) => {
      const value = given.values[name]
      return value === undefined ? whole : `'${value.replaceAll("'", "''")}'`
    })
}
