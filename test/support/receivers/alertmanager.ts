import { type AnsweringServer, startAnswering } from './answering.ts'

interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

export interface LocalAlertmanager extends AnsweringServer {
  /** Those that have not ended at this instant, by `alertname` and `level`. */
  firing(atMs: number): readonly string[]
  readonly alerts: readonly PostedAlert[]
}

/** Alertmanager's API v2 as its openapi.yaml has it: alerts with the same labels are one alert, and the last post counts. */
export async function startAlertmanager({ secret }: { readonly secret?: string } = {}): Promise<LocalAlertmanager> {
  const byLabels = new Map<string, PostedAlert>()
  const alerts: PostedAlert[] = []
  const server = await startAnswering(({ path, text, headers }) => {
    if (secret !== undefined && headers.authorization !== secret) return { status: 401, text: 'Unauthorized' }
    if (path !== '/api/v2/alerts') return { status: 404, text: '404 page not found' }
    const posted = JSON.parse(text) as readonly PostedAlert[]
    const isFit = posted.every(({ labels, startsAt, endsAt }) => areLabels(labels) && startsAt <= endsAt)
    if (!isFit) return { status: 400, text: '"invalid label set"' }
    for (const alert of posted) {
      alerts.push(alert)
      byLabels.set(JSON.stringify(Object.entries(alert.labels).toSorted()), alert)
    }
    return { status: 200 }
  })
  return {
    ...server,
    alerts,
    firing: (atMs) =>
      [...byLabels.values()]
        .filter(({ endsAt }) => Date.parse(endsAt) > atMs)
        .map(({ labels }) => `${labels['alertname']} ${labels['level']}`)
        .toSorted(),
  }
}

function areLabels(labels: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(labels)
  return (labels['alertname'] ?? '') !== '' && names.every((name) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
}
