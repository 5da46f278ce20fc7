import { Fault } from '../core/fault.ts'
import { type Examination, type ExamineWish, examine } from '../doctor/examine.ts'
import type { BooksExam } from '../doctor/ports.ts'
import { lookAtSpools } from '../files/look-at-spools.ts'
import { createPostgresBooksExam } from '../postgres/books-exam.ts'
import type { Settings } from '../settings.ts'
import { silentObserver } from '../telemetry/observer.ts'
import type { CommandTools } from './command-tools.ts'
import { hasDatabase } from './database.ts'

/** `tollgate doctor`: Redis is looked into, counters inside another process cannot be. */
export async function examineAll(
  wish: ExamineWish,
  { settings, tools }: { readonly settings: Settings; readonly tools: CommandTools },
): Promise<Examination> {
  const deps = {
    books: () => booksOf(settings, tools),
    store: () => tools.exam(),
    hits: () => tools.hitsExam(),
    isDatabaseEmbedded: settings.DATABASE_URL === undefined,
    spools: () => lookAtSpools(settings.TOLLGATE_DATA_FOLDER),
    nowMs: Date.now,
  }
  return examine(deps, wish)
}

async function booksOf(settings: Settings, tools: CommandTools): Promise<BooksExam> {
  if (!hasDatabase(settings)) {
    const where = `DATABASE_URL is not set, and ${settings.TOLLGATE_DATA_FOLDER} has none`
    throw new Fault(
      'not_found',
      `There is no database: ${where}. Run doctor with the settings that Tollgate serves with`,
    )
  }
  return createPostgresBooksExam({ pool: await tools.pool(), observer: silentObserver })
}
