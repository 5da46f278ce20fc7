import type { Channel, Message, Sender } from '../alerts/ports.ts'
import type { AlertEvent } from '../core/alert-event.ts'
import { levelWord } from '../core/alert-levels.ts'
import { cutToLength, oneLine } from './cut-text.ts'
import { httpResult } from './http-result.ts'
import { openChannel, type SendTools } from './send-tools.ts'

const path = '/api/v2/alerts'
const labelLengthMax = 200
const annotationLengthMax = 4_000
const hourMs = 3_600_000
const soonestEndMs = 300_000

/**
 * Alertmanager's API v2: each event is an alert that ends by itself, with its window or with the instant it is about; one that recovered ends at
 * once each level that it names. Labels are bounded: type, severity, level, percent, limit, whose, project, department. The channel's secret,
 * where there is one, is `user:password` or a bearer token. The target is Alertmanager's address, with or without `/api/v2/alerts`.
 * Source: https://prometheus.io/docs/alerting/latest/alerts_api and alertmanager's api/v2/openapi.yaml.
 */
export function createAlertmanagerSender(tools: SendTools): Sender {
  return {
    kind: 'alertmanager',
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const nowMs = tools.nowMs()
      const alerts = message.events.flatMap((event, index) => alertsOf(event, { text: textOf(message, index), nowMs }))
      const url = opened.target.endsWith(path) ? opened.target : opened.target.replace(/\/+$/, '') + path
      const headers = authorization(opened.signingSecrets[0])
      const body = JSON.stringify(
        alerts.map((alert) => ({ ...alert, ...(message.url && { generatorURL: message.url }) })),
      )
      const { isPrivateTarget } = channel
      const answer = await tools.post({ url, body, headers, isPrivateTarget, isStatusEnough: true })
      const result = httpResult(answer, tools.nowMs())
      // What it cannot read now it cannot read tomorrow.
      return answer.kind === 'answered' && answer.status === 400 && result.kind === 'again'
        ? { kind: 'refused', why: result.why }
        : result
    },
  }
}

interface Text {
  readonly summary: string
  readonly description: string
}

/** In a digest each event has a line of its own, but for those that its last line only counts. */
function textOf({ events, title, paragraphs }: Message, index: number): Text {
  if (events.length === 1) return { summary: title, description: paragraphs.join('\n') }
  const lines = events.length === paragraphs.length ? paragraphs : paragraphs.slice(0, -1)
  return { summary: lines[index] ?? title, description: title }
}

function alertsOf(event: AlertEvent, { text, nowMs }: { readonly text: Text; readonly nowMs: number }) {
  const annotations = {
    summary: cutToLength(oneLine(text.summary), annotationLengthMax),
    description: cutToLength(text.description, annotationLengthMax),
    event: event.id,
  }
  if (event.type === 'recovered') {
    const startsAt = timeOf(event.limit?.startMs ?? event.atMs)
    return endedLevels(event).map((labels) => ({ labels, annotations, startsAt, endsAt: timeOf(event.atMs) }))
  }
  const endMs = event.limit?.endMs ?? event.aboutMs ?? event.atMs + hourMs
  const endsAt = timeOf(Math.max(endMs, nowMs + soonestEndMs))
  return [{ labels: labelsOf(event), annotations, startsAt: timeOf(event.atMs), endsAt }]
}

/** The labels of the level alerts that a recovery ends: an alert ends when the same labels come with its end. */
function endedLevels(event: AlertEvent) {
  const percents = String(event.data?.['percents'] ?? event.percent ?? '').match(/\d{1,4}/g) ?? []
  return percents.slice(0, 10).map((text) => {
    const percent = Number(text)
    return labelsOf({ ...event, type: 'level', level: levelWord(percent), percent })
  })
}

function labelsOf(event: AlertEvent): Readonly<Record<string, string>> {
  const { type, level, limit, percent, account, project, department } = event
  const labels = {
    alertname: `Tollgate${type.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`,
    severity: level === 'exhausted' ? 'critical' : level,
    level,
    percent: percent === undefined ? '' : String(percent),
    limit: limit?.name ?? '',
    subject_kind: limit?.subject.kind ?? '',
    subject: limit?.subject.id ?? '',
    account: account ?? '',
    project: project ?? '',
    department: department ?? '',
  }
  const filled = Object.entries(labels).filter(([, value]) => value !== '')
  return Object.fromEntries(filled.map(([name, value]) => [name, cutToLength(oneLine(value), labelLengthMax)]))
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString()
}

function authorization(secret: Channel['secret']): Readonly<Record<string, string>> {
  if (secret === undefined) return {}
  const isPair = /^[^:\s]+:\S+$/.test(secret)
  return { authorization: isPair ? `Basic ${Buffer.from(secret).toString('base64')}` : `Bearer ${secret}` }
}
