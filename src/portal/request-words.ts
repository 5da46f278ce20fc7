import { wallTime } from '../core/calendar-text.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'
import { type Language, linkWords } from './link-words.ts'

/** The page of a request in one language, as plain text: whoever makes HTML of it escapes it. */
export interface RequestWords {
  readonly title: (id: string) => string
  /** What somebody without a token is told. */
  readonly about: string
  readonly show: string
  readonly password: string
  readonly ways: (id: string, askAt: string) => readonly string[]
  /** Name and value, in their order. */
  readonly facts: (request: QuotaRequest, timeZone: string) => readonly (readonly [string, string])[]
  /** How an open one is decided. */
  readonly deciding: (id: string) => readonly string[]
}

type Fact = readonly [string, string]

const states: Readonly<Record<Language, Readonly<Record<QuotaRequest['state'], string>>>> = {
  en: { open: 'Open', approved: 'Approved', declined: 'Declined', withdrawn: 'Withdrawn', expired: 'Its time is over' },
  zh: { open: '待审批', approved: '已批准', declined: '已拒绝', withdrawn: '已撤回', expired: '已过期' },
}

const decidingEn = (id: string) => [
  `A lead of the project or an administrator decides: by the link in their own mail, or with their token by POST /api/requests/${id}/approve or /api/requests/${id}/decline.`,
]
const decidingZh = (id: string) => [
  `由项目负责人或管理员审批：打开本人邮件中的审批链接，或用令牌调用 POST /api/requests/${id}/approve 或 /api/requests/${id}/decline。`,
]

export const requestWords: Readonly<Record<Language, RequestWords>> = {
  en: {
    title: (id) => `Request ${id}`,
    about:
      'Somebody asked for more of a limit. What for is shown to who asked and to those who may decide; this address decides nothing.',
    show: 'Show it.',
    password: 'The browser asks for a name and a password: any name, and a token as the password.',
    ways: (id, askAt) => [
      `Without a browser: GET /api/requests/${id} with the token as Bearer.`,
      ...decidingEn(id),
      `No token, or one that has expired? Ask ${askAt}.`,
    ],
    facts: (request, timeZone) => [
      ...linkWords.en.facts(request, timeZone),
      ['State', states.en[request.state]],
      ...outcome(request, { granted: 'Granted', by: 'Decided by', note: 'What the decider says' }, timeZone),
    ],
    deciding: decidingEn,
  },
  zh: {
    title: (id) => `申请 ${id}`,
    about: '有人申请更多额度。申请内容只对申请人和有权审批的人显示；此地址不作任何审批。',
    show: '查看申请。',
    password: '浏览器会要求用户名和密码：用户名任意，密码填令牌。',
    ways: (id, askAt) => [
      `不用浏览器时：以 Bearer 令牌调用 GET /api/requests/${id}。`,
      ...decidingZh(id),
      `没有令牌或令牌已过期？请联系 ${askAt}。`,
    ],
    facts: (request, timeZone) => [
      ...linkWords.zh.facts(request, timeZone),
      ['状态', states.zh[request.state]],
      ...outcome(request, { granted: '批准额度', by: '审批人', note: '审批留言' }, timeZone),
    ],
    deciding: decidingZh,
  },
}

interface OutcomeWords {
  readonly granted: string
  readonly by: string
  readonly note: string
}

function outcome(
  { granted, decidedBy, decisionNote }: QuotaRequest,
  words: OutcomeWords,
  timeZone: string,
): readonly Fact[] {
  return [
    ...(granted === undefined
      ? []
      : [[words.granted, `${granted.amount} · ${wallTime(granted.endsAtMs, timeZone)}`] as const]),
    ...(decidedBy === undefined ? [] : [[words.by, decidedBy] as const]),
    ...(decisionNote === '' ? [] : [[words.note, decisionNote] as const]),
  ]
}
