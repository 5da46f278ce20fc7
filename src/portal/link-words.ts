import { amountWords } from '../core/amount-words.ts'
import { wallTime } from '../core/calendar-text.ts'
import type { Outlook } from '../core/outlook.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import { shownAmount, unitWord } from '../core/shown-amount.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'

export type Language = 'en' | 'zh'

/** The page of a link in one language, as plain text: whoever makes HTML of it escapes it. */
export interface LinkWords {
  readonly asks: (askedBy: string) => string
  /** Name and value, in their order. */
  readonly facts: (request: QuotaRequest, timeZone: string, counts?: CountedQuantity) => readonly Fact[]
  /** What the decision rests on. */
  readonly outlook: (outlook: Outlook) => readonly Fact[]
  /** The last of them: in whose name it is decided. */
  readonly decidedAs: (decider: string) => Fact
  readonly amount: (asked: string, counts: CountedQuantity | undefined) => string
  readonly note: (askedBy: string) => string
  readonly approve: string
  readonly decline: string
  /** A title and a sentence. */
  readonly done: (request: QuotaRequest, timeZone: string, counts?: CountedQuantity) => readonly [string, string]
}

type Fact = readonly [string, string]

const kinds = { account: '账户', project: '项目', department: '部门' }

export const linkWords: Readonly<Record<Language, LinkWords>> = {
  en: {
    asks: (askedBy) => `${askedBy} asks for more`,
    facts: (request, timeZone, counts) => [
      ['Who asks', request.askedBy],
      ['For', `${request.for.kind} ${request.for.id}`],
      ['How much more', `${withUnit(request.amount, counts)} of the limit ${request.limitName}`],
      ['Until', wallTime(request.endsAtMs, timeZone)],
      ['What for', request.reason === '' ? 'No reason is given' : request.reason],
    ],
    outlook: ({ counts, standing, most }) => [
      ...(standing === undefined ? [] : [['The limit now', standingEn(counts, standing)] as const]),
      ...(most === undefined ? [] : [['You may approve', mostEn(counts, most)] as const]),
    ],
    decidedAs: (decider) => ['Decided as', decider],
    amount: (asked, counts) =>
      `How much to approve${counts === undefined ? '' : `, in ${counts === 'gpu_ms' ? 'GPU milliseconds' : unitWord(counts)}`}, at most ${asked}`,
    note: (askedBy) => `A word to ${askedBy}`,
    approve: 'Approve',
    decline: 'Decline',
    done: ({ askedBy, limitName, granted, ...request }, timeZone, counts) =>
      granted === undefined
        ? ['Declined', `${askedBy} is told. This link decides nothing any more.`]
        : [
            'Approved',
            `The ${request.for.kind} ${request.for.id} has ${withUnit(granted.amount, counts)} more of ${limitName} within a second, until ${wallTime(granted.endsAtMs, timeZone)}; ${askedBy} is told. This link decides nothing any more.`,
          ],
  },
  zh: {
    asks: (askedBy) => `${askedBy} 申请更多额度`,
    facts: (request, timeZone, counts) => [
      ['申请人', request.askedBy],
      ['用于', `${kinds[request.for.kind]} ${request.for.id}`],
      ['增加', `限额 ${request.limitName} 增加 ${withUnitZh(request.amount, counts)}`],
      ['有效至', wallTime(request.endsAtMs, timeZone)],
      ['用途', request.reason === '' ? '未说明' : request.reason],
    ],
    outlook: ({ counts, standing, most }) => [
      ...(standing === undefined ? [] : [['当前限额', standingZh(counts, standing)] as const]),
      ...(most === undefined ? [] : [['最多可批准', mostZh(counts, most)] as const]),
    ],
    decidedAs: (decider) => ['审批人', decider],
    amount: (asked, counts) =>
      `批准多少${counts === undefined ? '' : `（单位：${counts === 'gpu_ms' ? 'GPU 毫秒' : unitsZh[counts]}）`}，最多 ${asked}`,
    note: (askedBy) => `给 ${askedBy} 的留言`,
    approve: '批准',
    decline: '拒绝',
    done: ({ askedBy, limitName, granted, ...request }, timeZone, counts) =>
      granted === undefined
        ? ['已拒绝', `已通知 ${askedBy}。此链接已失效。`]
        : [
            '已批准',
            `${kinds[request.for.kind]} ${request.for.id} 的限额 ${limitName} 增加 ${withUnitZh(granted.amount, counts)}，一秒内生效，有效期至 ${wallTime(granted.endsAtMs, timeZone)}；已通知 ${askedBy}。此链接已失效。`,
          ],
  },
}

type Standing = NonNullable<Outlook['standing']>

function withUnit(amount: string, counts: CountedQuantity | undefined): string {
  return counts === undefined ? amount : amountWords(counts, codeOf(amount, counts))
}

function standingEn(counts: CountedQuantity, { amount, used }: Standing): string {
  const left = amountWords(counts, Math.max(0, amount - used))
  return `${shownAmount(counts, used)} of ${amountWords(counts, amount)} are used, ${left} left`
}

function mostEn(counts: CountedQuantity, most: number): string {
  return most === 0
    ? "Nothing: nothing is left of the project's budget; an administrator may"
    : `${amountWords(counts, most)} at most: so much is left of the project's budget`
}

const unitsZh: Readonly<Record<CountedQuantity, string>> = {
  requests: '次请求',
  credits: '点',
  bytes: '字节',
  gpu_ms: 'GPU 秒',
  in_flight: '个并发请求',
}

/** In code units, of what rows have. */
function codeOf(amount: string, counts: CountedQuantity): number {
  return counts === 'credits' ? Math.round(Number(amount) * 1_000) : Number(amount)
}

function withUnitZh(amount: string, counts: CountedQuantity | undefined): string {
  return counts === undefined ? amount : `${shownAmount(counts, codeOf(amount, counts))} ${unitsZh[counts]}`
}

function standingZh(counts: CountedQuantity, { amount, used }: Standing): string {
  const left = shownAmount(counts, Math.max(0, amount - used))
  const unit = unitsZh[counts]
  return `已用 ${shownAmount(counts, used)} / ${shownAmount(counts, amount)} ${unit}，剩余 ${left} ${unit}`
}

function mostZh(counts: CountedQuantity, most: number): string {
  return most === 0
    ? '无：项目预算已无剩余，须由管理员批准'
    : `${shownAmount(counts, most)} ${unitsZh[counts]}：项目预算只剩这么多`
}

/** The reader's, by what the browser prefers (RFC 9110 §12.5.4, without weights): Chinese if it comes before English. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').slice(0, 200).toLowerCase().split(',')
  const first = wanted.map((one) => one.trim().slice(0, 2)).find((one) => one === 'zh' || one === 'en')
  return first === 'zh' ? 'zh' : 'en'
}
