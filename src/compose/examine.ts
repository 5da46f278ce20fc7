import { type Examination, type ExamineWish, examine } from '../doctor/examine.ts'
import { lookAtSpools } from '../files/look-at-spools.ts'
import { createPostgresBooksExam } from '../postgres/books-exam.ts'
import type { Settings } from '../settings.ts'
import { silentObserver } from '../telemetry/observer.ts'
import type { CommandTools } from './command-tools.ts'

/** `tollgate doctor`: Redis is looked into, counters inside another process cannot be. */
export async function examineAll(
  wish: ExamineWish,
  { settings, tools }: { readonly settings: Settings; readonly tools: CommandTools },
): Promise<Examination> {
  const deps = {
    books: createPostgresBooksExam({ pool: await tools.pool(), observer: silentObserver }),
    store: () => tools.exam(),
    isDatabaseEmbedded: settings.DATABASE_URL === undefined,
    spools: () => lookAtSpools(settings.TOLLGATE_DATA_FOLDER),
    nowMs: Date.now,
  }
  return examine(deps, wish)
}
