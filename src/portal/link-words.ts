import { wallTime } from '../core/calendar-text.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'

export type Language = 'en' | 'zh'

/** The page of a link in one language, as plain text: whoever makes HTML of it escapes it. */
export interface LinkWords {
  readonly asks: (askedBy: string) => string
  /** Name and value, in their order. */
  readonly facts: (request: QuotaRequest, timeZone: string) => readonly (readonly [string, string])[]
  /** The last of them: in whose name it is decided. */
  readonly decidedAs: (decider: string) => readonly [string, string]
  readonly note: (askedBy: string) => string
  readonly approve: string
  readonly decline: string
  /** A title and a sentence. */
  readonly done: (request: QuotaRequest) => readonly [string, string]
}

const kinds = { account: '帐号', project: '项目', department: '部门' }

export const linkWords: Readonly<Record<Language, LinkWords>> = {
  en: {
    asks: (askedBy) => `${askedBy} asks for more`,
    facts: (request, timeZone) => [
      ['Who asks', request.askedBy],
      ['For', `${request.for.kind} ${request.for.id}`],
      ['How much more', `${request.amount} of the limit ${request.limitName}`],
      ['Until', wallTime(request.endsAtMs, timeZone)],
      ['What for', request.reason === '' ? 'No reason is given' : request.reason],
    ],
    decidedAs: (decider) => ['Decided as', decider],
    note: (askedBy) => `A word to ${askedBy}`,
    approve: 'Approve',
    decline: 'Decline',
    done: ({ state, askedBy, limitName }) =>
      state === 'approved'
        ? [
            'Approved',
            `${askedBy} has more of ${limitName} within a second, and is told. This link decides nothing any more.`,
          ]
        : ['Declined', `${askedBy} is told. This link decides nothing any more.`],
  },
  zh: {
    asks: (askedBy) => `${askedBy} 申请更多额度`,
    facts: (request, timeZone) => [
      ['申请人', request.askedBy],
      ['用于', `${kinds[request.for.kind]} ${request.for.id}`],
      ['增加', `限额 ${request.limitName} 增加 ${request.amount}`],
      ['有效至', wallTime(request.endsAtMs, timeZone)],
      ['用途', request.reason === '' ? '未说明' : request.reason],
    ],
    decidedAs: (decider) => ['审批人', decider],
    note: (askedBy) => `给 ${askedBy} 的留言`,
    approve: '批准',
    decline: '拒绝',
    done: ({ state, askedBy, limitName }) =>
      state === 'approved'
        ? ['已批准', `${askedBy} 的 ${limitName} 一秒内生效，并已通知本人。此链接已失效。`]
        : ['已拒绝', `已通知 ${askedBy}。此链接已失效。`],
  },
}

/** The reader's, by what the browser prefers (RFC 9110 §12.5.4, without weights): Chinese if it comes before English. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').slice(0, 200).toLowerCase().split(',')
  const first = wanted.map((one) => one.trim().slice(0, 2)).find((one) => one === 'zh' || one === 'en')
  return first === 'zh' ? 'zh' : 'en'
}
