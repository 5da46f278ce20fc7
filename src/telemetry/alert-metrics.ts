import type { MetricRow } from './metric-row.ts'

const channelKinds = ['webhook', 'wecom', 'dingtalk', 'feishu', 'slack', 'email', 'alertmanager']

/** The part of the metric table that tells of alerts: what is found, what is told, and what grants and refusals come to. */
export const alertMetrics: Readonly<Record<string, MetricRow>> = {
  refusals_unlogged_total: {
    kind: 'counter',
    help: 'Refusals missing from refusal_hour: no room while the database is away, an answer of the database that got lost, or a defect.',
    labels: { why: ['full', 'uncertain', 'failed'] },
  },
  refusal_log_failures_total: {
    kind: 'counter',
    help: 'Writings of refusals and of what is told of them that failed; they are tried again.',
  },
  alert_looks_failed_total: {
    kind: 'counter',
    help: 'Looks for what people are to be told in time that failed; they are taken again.',
    labels: {
      condition: [
        'requests',
        'policy_quarantined',
        'ledger_progress',
        'ledger_lag',
        'token_expiring',
        'grant_ending',
        'token_networks',
      ],
    },
  },
  alert_watch_failures_total: {
    kind: 'counter',
    help: 'Times that the levels which charges cross could not be found or written; the charges were booked all the same.',
  },
  level_pass_failures_total: {
    kind: 'counter',
    help: 'Times that levels could not be held against a changed policy; it is tried again.',
  },
  packs_settled_total: {
    kind: 'counter',
    help: 'Times that what packs of an account have paid was written anew: a window or a pack was over, or a late report changed it.',
  },
  pack_settling_failures_total: {
    kind: 'counter',
    help: 'Settlings of packs that failed; they are tried again, and until then packs count as if their last window had used nothing of them.',
  },
  alert_events_routed_total: { kind: 'counter', help: 'Alert events whose deliveries were written.' },
  alert_messages_total: {
    kind: 'counter',
    help: 'Messages handed to targets, by kind of channel and by how they took them.',
    labels: { kind: channelKinds, result: ['sent', 'again', 'slower', 'refused', 'gone'] },
  },
  alert_deliveries_total: {
    kind: 'counter',
    help: 'Tries of deliveries, by kind of channel and end: sent alone, told in a digest, to be tried again, or given up.',
    labels: { kind: channelKinds, end: ['sent', 'digested', 'again', 'failed'] },
  },
  alert_deliveries_given_up_total: {
    kind: 'counter',
    help: 'Deliveries given up because they were older than a day; those that failed at a try are in alert_deliveries_total.',
  },
  alert_lag_seconds: { kind: 'histogram', help: 'Time from an alert event to its target having taken it.' },
  alert_deliveries_waiting: { kind: 'gauge', help: 'Deliveries that wait or are under way, counted up to 100,000.' },
  alert_lanes: { kind: 'gauge', help: 'Channels that this process is serving now.' },
  alert_outbox_failures_total: {
    kind: 'counter',
    help: 'Times that events and deliveries could not be read or written; it is tried again.',
  },
}
