import type { DescriptorDomain } from '../../src/core/match-descriptor.ts'
import { matchDescriptor } from '../../src/core/match-descriptor.ts'
import { draftPolicy, emptyPolicy } from '../../src/policy/policy-state.ts'
import type { RawRow } from '../../src/policy/ports.ts'
import { createSnapshot, type PolicySnapshot } from '../../src/policy/snapshot.ts'

export type DescriptorTable = 'descriptor_domain' | 'descriptor_limit'

/** Rows to write, and ids of rows that go. */
export interface DescriptorChanges {
  readonly table: DescriptorTable
  readonly rows?: readonly RawRow[]
  readonly gone?: readonly string[]
  /** If the table comes out empty, nobody confirmed it. */
  readonly isAccident?: true
}

/** A row of `descriptor_limit` as PostgreSQL gives it. */
export function limitRow(id: string, entries: unknown, changed: RawRow = {}): RawRow {
  return {
    ...{
      id,
      domain: 'envoy',
      entries,
      position: 0,
      name: null,
      kind: 'window',
      amount: 1,
      unit: 'second',
      units: null,
    },
    ...{ time_zone: null, burst: null, held_seconds: null, replaces: [], shadow: false, quota_mode: false },
    ...{ detailed_metric: false, charges_refused: null, posture: null },
    ...changed,
  }
}

/** A row of `descriptor_domain` as PostgreSQL gives it. */
export function domainRow(id: string, changed: RawRow = {}): RawRow {
  return {
    ...{ id, counting: 'all_or_nothing', charges_refused: false, posture: 'allow', shadow: false, quota_mode: false },
    ...{ headers: 'ratelimit', headers_show: 'tightest', metadata: false, trusts_descriptors: false, surface: null },
    ...changed,
  }
}

/** The policy after changes, on the road of every change; without `previous` the whole policy. */
export function changedPolicy(changes: readonly DescriptorChanges[], previous?: PolicySnapshot): PolicySnapshot {
  const before = previous?.state ?? emptyPolicy
  const draft = draftPolicy({ start: before, before })
  for (const { table, rows = [], gone = [] } of changes) {
    draft.remove({ table, ids: gone })
    draft.take({ table, rows })
  }
  const accidents = changes.flatMap(({ table, isAccident }) => (isAccident ? [table] : []))
  const emptied = ['descriptor_domain', 'descriptor_limit'].filter((name) => !accidents.some((table) => table === name))
  const state = draft.finish({ history: 'h', version: before.version + 1, emptied })
  return createSnapshot(state, previous && { previous, touchedTokens: [] })
}

/** One domain `envoy` with limits of these paths, by id. */
export function domainWith(paths: Readonly<Record<string, unknown>>): DescriptorDomain {
  const rows = Object.entries(paths).map(([id, entries]) => limitRow(id, entries))
  return domainOf([
    { table: 'descriptor_domain', rows: [domainRow('envoy')] },
    { table: 'descriptor_limit', rows },
  ])
}

export function domainOf(changes: readonly DescriptorChanges[]): DescriptorDomain {
  const domain = changedPolicy(changes).descriptorDomain('envoy')
  if (domain === undefined) throw new Error('There is no domain envoy')
  return domain
}

/** Ids of the rules of a descriptor that is written as `key=value key=value`; empty: nothing matches. */
export function matchedIds(domain: DescriptorDomain | undefined, descriptor: string): string {
  const entries = descriptor === '' ? [] : descriptor.split(' ').map(entryOf)
  const rules = domain && matchDescriptor(domain, entries)
  return (rules ?? []).map(({ id }) => id).join(' ')
}

function entryOf(text: string): { readonly key: string; readonly value: string } {
  const place = text.indexOf('=')
  return { key: text.slice(0, place), value: text.slice(place + 1) }
}
