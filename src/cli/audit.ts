import { Command } from 'commander'
import type { AuditedChange } from '../manage/admin-ports.ts'
import { readAudit } from '../manage/read-audit.ts'
import { parseDuration } from './duration.ts'
import { isoTime, outputOption, print, shownTime } from './output.ts'
import type { CliContext } from './ports.ts'
import { textTable } from './table.ts'
import { wholeNumber } from './whole-number.ts'

interface Options {
  readonly table?: string
  readonly key?: string
  readonly by?: string
  readonly since?: number
  readonly after?: string
  readonly count: number
}

const actor = { kind: 'operator' } as const

export function auditCommand(context: CliContext): Command {
  return new Command('audit')
    .description('who changed which row of policy, newest first')
    .option('--table <name>', 'only of this table')
    .option('--key <id>', 'only of the row with this id')
    .option('--by <name>', 'only by this account or database user')
    .option('--since <time>', 'only the last 90s, 15m, 12h or 7d', parseDuration)
    .option('--after <id>', 'go on before this change')
    .option('--count <number>', 'at most so many', wholeNumber(1, 1_000), 50)
    .addOption(outputOption())
    .action(async ({ since, count: countMax, ...page }: Options, command: Command) => {
      const sinceMs = since === undefined ? undefined : Date.now() - since
      const wish = { actor, ...page, countMax, ...(sinceMs !== undefined && { sinceMs }) }
      const { changes, next } = await readAudit(await context.admin(), wish)
      const more = next === undefined ? '' : `There are more: --after ${next}\n`
      print(context, command, {
        text: textTable(changes.map(rowOf), 'Nothing was changed') + more,
        json: { changes: changes.map(({ atMs, ...change }) => ({ at: isoTime(atMs), ...change })), next },
      })
    })
}

function rowOf({ atMs, version, by, table, key, old, new: now }: AuditedChange) {
  return { at: shownTime(atMs), version, by, table, key, what: whatOf(old, now) }
}

/** Of a change only the columns that differ. */
function whatOf(old: AuditedChange['old'], now: AuditedChange['new']): string {
  if (now === undefined) return `removed ${written(old ?? {})}`
  if (old === undefined) return `added ${written(now)}`
  const names = Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(old[name]))
  return names.map((name) => `${name} ${shown(old[name])} → ${shown(now[name])}`).join(', ')
}

function written(row: Readonly<Record<string, unknown>>): string {
  const set = Object.entries(row).filter(([, value]) => value !== null && value !== '')
  return set.map(([name, value]) => `${name}=${shown(value)}`).join(' ')
}

function shown(value: unknown): string {
  if (value === null || value === '') return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
