import type { AlertEvent, AlertedLimit } from '../core/alert-event.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import { shownAmount } from '../core/shown-amount.ts'
import { askedAmount, numberIn, phrase, said, usedPercent } from './event-facts.ts'
import { numberOr, tokenOf } from './event-words.ts'
import { limitNameOf } from './limit-name.ts'
import { askedIn, canBeAsked, type Figures, isRefusedBelow, type Scene, type Words } from './words.ts'

/** Every alert in Chinese; see `Words`. The facts are those of `words-en.ts`, which a test holds against it. */
export const wordsZh: Words = {
  events: {
    level: (event, scene) => ({
      title: levelTitle(event),
      paragraphs: [
        ...standing(event),
        ...resets(event.limit, scene),
        event.level === 'exhausted'
          ? `在此之前，计入该限额的请求可能会被拒绝。如果等不及，请向${whom(scene)}申请增加额度。`
          : `如果预计不够用，请尽早向${whom(scene)}申请增加额度。`,
        ...howToAsk(event, scene),
      ],
    }),
    recovered: (event, scene) => ({
      title: `${who(event)}可以继续使用了：${ofLimit(event)}又有余量`,
      paragraphs: [...standing(event), ...resets(event.limit, scene), '无需任何操作。'],
    }),
    forecast: (event, scene) => {
      const at = numberIn(event, 'runsOutAtMs') ?? event.aboutMs
      return {
        title: `按目前的速度，${who(event)}的${ofLimit(event)}将${at === undefined ? '在重置之前' : `于 ${scene.time(at)} `}用完`,
        paragraphs: [
          ...standing(event),
          ...resets(event.limit, scene),
          `不急的任务可以先缓一缓，或者尽早向${whom(scene)}申请增加额度。`,
          ...howToAsk(event, scene),
        ],
      }
    },
    token_expiring: (event, scene) => ({
      title: `${who(event)}的一个令牌将${until(event, scene)}到期`,
      paragraphs: [
        `到期的是令牌 ${tokenOf(event)}。到期后仍在使用它的请求会得到 401。`,
        '请提前轮换：新令牌立即可用，旧令牌在您选择的重叠期内继续有效。',
      ],
    }),
    token_networks: (event) => ({
      title: `${who(event)}的一个令牌正在 ${numberOr(event, 'networks', '多')} 个网络中使用`,
      paragraphs: [
        `涉及的是令牌 ${tokenOf(event)}${within(event)}。同一个令牌出现在许多网络中，可能已被转给他人或泄露。`,
        '如果其中有您不认识的地方，请立即轮换或吊销这个令牌。',
      ],
    }),
    request_asked: (event, scene) => ({
      title: `${said(event, 'askedBy') || who(event)} 申请：${requested(event)}`,
      paragraphs: [
        `使用者：${beneficiary(event)}；有效期至 ${instant(event, scene)}。`,
        ...quoted('理由', said(event, 'reason')),
        '由项目负责人或管理员审批；任何人都不能审批自己的申请。',
      ],
    }),
    request_decided: decided,
    grant_ending: (event, scene) => ({
      title: `${who(event)}的${said(event, 'kind') === 'pack' ? '额度包' : '临时额度'}将${until(event, scene)}结束`,
      paragraphs: [
        `内容：${requested(event)}（${said(event, 'grant')}）。结束后限额恢复原样。`,
        `如果还需要更久，请再次向${whom(scene)}申请。`,
      ],
    }),
    policy_quarantined: (event) => ({
      title: `${said(event, 'table') || '策略'} 中有内容无效，已被隔离`,
      paragraphs: [
        `${said(event, 'key') === '*' ? '涉及整张表' : `涉及的行是 ${said(event, 'key')}`}：${phrase(event, 'why')}。`,
        inForce[said(event, 'inForce')] ?? '目前由什么代替，可用 tollgate policy check 查看。',
        '请用 SQL 改正；是否已全部有效，可用 tollgate policy check 查看。',
      ],
    }),
    ledger_lag: (event) => ({
      title: `账本落后了 ${numberOr(event, 'seconds', '许多')} 秒`,
      paragraphs: [
        '限额照常执行；报表、提醒和用量数字会迟到，直到账本追上为止。',
        '请确认 PostgreSQL 正常，并且有承担 ledger 角色的进程在运行；详情见 tollgate doctor。',
      ],
    }),
    channel_stopped: (event) => ({
      title: `提醒渠道 ${said(event, 'channel')} 已停用`,
      paragraphs: [
        `对方表示该地址已经失效：${phrase(event, 'why')}。`,
        `不会再向它发送任何内容。请先修好目标，然后执行：tollgate channel resume ${said(event, 'channel')}。`,
      ],
    }),
    test: (event) => ({
      title: '这是一条 Tollgate 提醒的测试消息',
      paragraphs: [
        `由${said(event, 'by') === '' ? '某人' : ` ${said(event, 'by')} `}发起。看到这条消息，说明渠道可用。`,
        '无需任何操作。',
      ],
    }),
  },
  digestTitle: (titles) => `${titles.length} 条提醒：${titles[0] ?? ''}等`,
  andMore: (count) => `……另有 ${count} 条。`,
  outlook: ({ counts, standing, most }) => [
    ...(standing === undefined ? [] : [`目前${standingOf({ counts, ...standing })}`]),
    ...(most === undefined ? [] : [ceiling(counts, most)]),
  ],
  decide: (url, until) => `在此审批（仅限一次，有效期至 ${until}；链接只供您本人使用）：${url}`,
}

const inForce: Readonly<Record<string, string>> = {
  'last good version': '它上一个有效的版本继续生效。',
  'stricter of old and new': '新旧版本中较严格的一个生效。',
  denies: '它没有任何有效的版本，会拒绝它所适用的全部请求。',
  nothing: '它没有任何有效的版本，因此不起作用。',
  'rows before it was emptied': '表中原有的行继续生效，直到有人确认它们确实应当删除。',
}

function decided(event: AlertEvent, scene: Scene) {
  const state = said(event, 'state')
  const note = quoted('附言', said(event, 'note'))
  const by = said(event, 'decidedBy') === '' ? '' : `（${said(event, 'decidedBy')}）`
  const what = `${requested(event)}，使用者：${beneficiary(event)}`
  if (state === 'approved') {
    return { title: `已批准${by}：${what}`, paragraphs: [`现已生效，有效期至 ${instant(event, scene)}。`, ...note] }
  }
  if (state === 'expired') {
    return {
      title: `无人审批：${what}`,
      paragraphs: [`申请的时段已过。如果仍有需要，请重新向${whom(scene)}申请。`, ...note],
    }
  }
  return {
    title: `${state === 'withdrawn' ? '已撤回' : '未获批准'}${by}：${what}`,
    paragraphs: ['限额保持不变。', ...note],
  }
}

function levelTitle(event: AlertEvent): string {
  const { limit, percent = 100 } = event
  const figures = limit === undefined ? '' : `：${ofAmount(limit)}`
  if (isRefusedBelow(event)) return `${who(event)}的${ofLimit(event)}余量不足，已有请求被拒绝${figures}`
  if (percent === 100) return `${who(event)}的${ofLimit(event)}已用完${figures}`
  return `${who(event)}的${ofLimit(event)}已用到 ${percent} %${figures}`
}

const units: Readonly<Record<CountedQuantity, string>> = {
  requests: '次请求',
  credits: '点',
  bytes: '字节',
  gpu_ms: 'GPU 秒',
  in_flight: '个并发请求',
}

function amountWords(counts: CountedQuantity, amount: number): string {
  return `${shownAmount(counts, amount)} ${units[counts]}`
}

/** Used of how much. */
function ofAmount({ counts, used, amount }: Figures): string {
  return `${shownAmount(counts, used)} / ${amountWords(counts, amount)}`
}

function standingOf(limit: Figures): string {
  const left = amountWords(limit.counts, Math.max(0, limit.amount - limit.used))
  return `已用 ${ofAmount(limit)}（${usedPercent(limit)} %），剩余 ${left}。`
}

function ceiling(counts: CountedQuantity, most: number): string {
  return most === 0
    ? '项目预算已无剩余：须由管理员批准。'
    : `您最多可批准 ${amountWords(counts, most)}：项目预算只剩这么多。`
}

function standing({ limit, level }: AlertEvent): readonly string[] {
  if (limit === undefined) return []
  const sentence = standingOf(limit)
  return level === 'exhausted' && limit.used < limit.amount
    ? [sentence, '剩余部分不够一个请求使用，该请求已被拒绝。']
    : [sentence]
}

function resets(limit: AlertedLimit | undefined, scene: Scene): readonly string[] {
  return limit === undefined ? [] : [`限额将于 ${scene.time(limit.endMs)} 重置。`]
}

function howToAsk(event: AlertEvent, { publicUrl = '' }: Scene): readonly string[] {
  if (!canBeAsked(event)) return []
  return [
    `您也可以自己提交申请：POST ${publicUrl}/api/requests，写明 limit "${event.limit?.name ?? ''}"、amount、until 和 reason；在命令行则是 tollgate request ask。`,
  ]
}

const kinds: Readonly<Record<string, string>> = {
  account: '账户',
  project: '项目',
  department: '部门',
  token: '令牌',
  address: '地址',
}

function who({ limit, account, project, department }: AlertEvent): string {
  const kind = limit?.subject.kind
  if (kind === 'everyone') return '所有人合计'
  if (limit !== undefined && kind !== undefined && kind !== 'account')
    return `${kinds[kind] ?? kind} ${limit.subject.id} `
  if (limit !== undefined || account !== undefined) return `${limit?.subject.id ?? account ?? ''} `
  if (project !== undefined) return `项目 ${project} `
  return department === undefined ? '整个系统' : `部门 ${department} `
}

function ofLimit(event: AlertEvent): string {
  const name = limitNameOf(event)
  return name === undefined ? '限额' : `限额 ${name} `
}

function requested(event: AlertEvent): string {
  const { amount, counts } = askedAmount(event)
  return `${ofLimit(event)}增加 ${amount}${counts === undefined ? '' : ` ${units[counts]}`}`.trim()
}

function beneficiary(event: AlertEvent): string {
  const id = said(event, 'forId')
  if (id === '') return who(event).trim()
  const kind = said(event, 'forKind')
  return kind === 'account' ? id : `${kinds[kind] ?? kind} ${id}`
}

function within(event: AlertEvent): string {
  const hours = numberIn(event, 'hours')
  return hours === undefined ? '' : `（${hours} 小时之内）`
}

function until(event: AlertEvent, scene: Scene): string {
  return event.aboutMs === undefined ? '很快' : `于 ${scene.time(event.aboutMs)} `
}

function instant(event: AlertEvent, scene: Scene): string {
  return event.aboutMs === undefined ? '结束时' : scene.time(event.aboutMs)
}

function quoted(lead: string, text: string): readonly string[] {
  return text === '' ? [] : [`${lead}：${text}`]
}

/** As it is set, it is in the installation's language; the space keeps Latin words apart. */
function whom(scene: Scene): string {
  const askAt = askedIn(scene)
  return askAt === undefined ? '项目负责人或管理员' : ` ${askAt} `
}
