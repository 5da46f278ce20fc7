import { alertMetrics } from './alert-metrics.ts'
import { apiMetrics } from './api-metrics.ts'
import { descriptorMetrics } from './descriptor-metrics.ts'
import type { MetricRow } from './metric-row.ts'
import { wireMetrics } from './wire-metrics.ts'

const verdicts = ['allow', 'throttle', 'challenge', 'deny', 'answer']
const reasons = [
  'none',
  'landing',
  'status',
  'no_token',
  'wrong_token',
  'expired_token',
  'rate',
  'concurrency',
  'quota',
  'too_large',
  'denied',
  'bad_request',
  'unknown_upstream',
  'unavailable',
  'overloaded',
]

/**
 * Every metric, by its name without the prefix `tollgate_`. Names follow Prometheus: base units, `_total` for what only grows.
 * A name or label value that is not here is counted by `telemetry_faults_total` and never makes a series.
 */
export const metricTable: Readonly<Record<string, MetricRow>> = {
  checks_total: {
    kind: 'counter',
    help: 'Checks answered, by verdict and by the reason of a refusal.',
    labels: { verdict: verdicts, reason: reasons },
  },
  check_duration_seconds: {
    kind: 'histogram',
    help: 'Time from a Check received to its answer ready, without the time it was held.',
  },
  checks_in_flight: { kind: 'gauge', help: 'Checks being decided now; held ones are not among them.' },
  checks_shed_total: {
    kind: 'counter',
    help: 'Checks refused unread: as many as may be are decided already, or the event loop is behind.',
    labels: { why: ['in_flight', 'behind'] },
  },
  checks_held: { kind: 'gauge', help: 'Checks whose callers are kept waiting now, for a rate or for a slot.' },
  check_held_seconds: {
    kind: 'histogram',
    help: 'How long a Check was held, by what ended it: its time, a slot that came free, a caller that left, or the end of this process.',
    labels: { end: ['over', 'sooner', 'left', 'released'] },
  },
  holds_refused_total: {
    kind: 'counter',
    help: 'Checks that could not be held because of too many held ones; their rates refuse at once.',
    labels: { bound: ['account', 'process'] },
  },
  checks_undelivered_total: {
    kind: 'counter',
    help: 'Decisions that reached nobody, because the caller left or the time was over; what they took is given back.',
    labels: { verdict: verdicts },
  },
  checks_abandoned_total: {
    kind: 'counter',
    help: 'Checks refused as unavailable because no decision came in time.',
    labels: { why: ['late', 'caller_left', 'failed'] },
  },
  bad_checks_total: {
    kind: 'counter',
    help: 'Checks whose bytes could not be judged.',
    labels: { why: ['malformed', 'too_large', 'missing_attributes', 'not_utf8'] },
  },
  response_headers_dropped_total: {
    kind: 'counter',
    help: 'Headers left out of an answer because their name or value must not be sent.',
    labels: { why: ['unknown_name', 'bad_value'] },
  },
  ...wireMetrics,
  access_log_streams_total: {
    kind: 'counter',
    help: 'Access log streams of Envoys: opened, closed by a drain with everything taken, or broken.',
    labels: { event: ['opened', 'closed', 'broken'] },
  },
  access_log_entries_total: {
    kind: 'counter',
    help: 'Access log entries, by type or by why they settle nothing; absurd: figures beyond belief, booked as estimated.',
    labels: { entry: ['start', 'periodic', 'end', 'absent', 'forged', 'old', 'absurd'] },
  },
  access_log_unreadable_total: { kind: 'counter', help: 'Access log entries or messages that could not be read.' },
  access_log_unchecked_total: {
    kind: 'counter',
    help: 'Requests in the access log that no Check has seen: without a route, refused by Envoy, or let through in an outage.',
  },
  access_log_reports_failed_total: { kind: 'counter', help: 'Access log entries whose report failed.' },
  reports_total: {
    kind: 'counter',
    help: 'Reports taken by the store.',
    labels: { state: ['open', 'final'], answer: ['booked', 'unrecorded', 'early'] },
  },
  reports_waiting: { kind: 'gauge', help: 'Reports waiting to be sent to the store again.' },
  reports_dropped_total: {
    kind: 'counter',
    help: 'Reports given up; their reservations are booked at their estimate, those of `interim` only until their end is reported.',
    labels: { reason: ['full', 'interim', 'old', 'unreadable', 'refused'] },
  },
  spends_unavailable_total: {
    kind: 'counter',
    help: 'Spends refused because the store gave no usable answer.',
    labels: { reason: ['late', 'cold', 'unsettled_answer', 'store', 'spool', 'local_full'] },
  },
  limit_overruns_total: {
    kind: 'counter',
    help: 'Limits that would have refused a request if they were enforced on it: in shadow, or artifact-only on an index page.',
    labels: {
      kind: ['rate', 'quota', 'concurrency'],
      per: ['account', 'project', 'department', 'token', 'address', 'everyone'],
    },
  },
  journal_bytes: {
    kind: 'gauge',
    help: 'Bytes that the journals of this process have on disk.',
    labels: { journal: ['spool', 'charges'] },
  },
  journal_cuts_total: {
    kind: 'counter',
    help: 'Journal files cut at a record that was torn or damaged; the log names file and offset.',
    labels: { journal: ['spool', 'charges'] },
  },
  journal_records_cut_total: {
    kind: 'counter',
    help: 'Whole records after a damaged one, cut off with it and kept in set-aside/ of the data folder.',
    labels: { journal: ['spool', 'charges'] },
  },
  journal_write_failures_total: {
    kind: 'counter',
    help: 'Writes that the disk did not take; they are tried again, and nothing more is accepted meanwhile.',
    labels: { journal: ['spool', 'charges'] },
  },
  journal_refused_total: {
    kind: 'counter',
    help: 'Records not taken because the disk or the bound of a journal is full.',
    labels: { journal: ['spool', 'charges'] },
  },
  spool_adopted_total: {
    kind: 'counter',
    help: 'Reports taken over from the spools of processes that had ended.',
  },
  away_passes_total: {
    kind: 'counter',
    help: 'Requests let through while the store was away and booked to the spool, by the strictest posture of their enforced limits.',
    labels: { posture: ['allow', 'local'] },
  },
  unbooked_total: {
    kind: 'counter',
    help: 'Requests let through unbooked: neither store nor spool took them, and no limit was enforced on them.',
  },
  cold_passes_total: { kind: 'counter', help: 'Spends that passed limits whose counters could not be seeded in time.' },
  reservations_expired_total: {
    kind: 'counter',
    help: 'Reservations booked at their estimate before a report: overdue, or above 4,000 pending in a partition.',
  },
  sweeper_failures_total: { kind: 'counter', help: 'Sweeps that failed.' },
  seeds_total: {
    kind: 'counter',
    help: 'Recomputations of a subject’s counters from the ledger.',
    labels: { reason: ['cold', 'stale'], result: ['seeded', 'behind', 'failed', 'late', 'shed'] },
  },
  index_fetches_total: {
    kind: 'counter',
    help: 'Index pages asked for in the background to learn the sizes of files.',
    labels: { result: ['learnt', 'no_json', 'failed', 'shed'] },
  },
  hint_exchanges_failed_total: {
    kind: 'counter',
    help: 'Times that sizes and broken downloads could not be told to the other processes.',
  },
  stale_subjects: { kind: 'gauge', help: 'Subjects whose counters wait to be recomputed.' },
  ledger_lag_seconds: { kind: 'gauge', help: 'Time since the ledger had read everything.' },
  ledger_failures_total: { kind: 'counter', help: 'Ledger rounds that failed.' },
  ledger_entries_total: { kind: 'counter', help: 'Charges merged into the ledger.' },
  ledger_unbookable_total: {
    kind: 'counter',
    help: 'Charges left out of the ledger because no row could hold them; each is a defect.',
  },
  ledger_pending_entries: {
    kind: 'gauge',
    help: 'Charges in the streams of all partitions that the ledger has not read, counted up to 5,000.',
  },
  ledger_kept_entries: {
    kind: 'gauge',
    help: 'Charges that the streams of all partitions hold, booked ones among them; see TOLLGATE_STREAM_ENTRIES_MAX.',
  },
  ledger_corrections_total: {
    kind: 'counter',
    help: 'Charges whose booked amounts changed after they were first booked: a late report or refund.',
    labels: { by: ['up', 'down'] },
  },
  ledger_unsettled_total: {
    kind: 'counter',
    help: 'Charges first booked at their estimate because nobody had reported them; a later report still corrects them.',
  },
  ledger_upkeep_failures_total: {
    kind: 'counter',
    help: 'Runs of the hourly upkeep of the books that failed; they are tried again.',
  },
  ledger_days_dropped_total: {
    kind: 'counter',
    help: 'Days of usage_entry dropped because they are older than TOLLGATE_ENTRY_DAYS.',
  },
  ledger_coarsened_total: {
    kind: 'counter',
    help: 'Ledger entries whose address and file were coarsened because they are old.',
  },
  heat_refresh_failures_total: {
    kind: 'counter',
    help: 'Readings of resource_heat that failed; the last one stays in force.',
  },
  ledger_trimmed_total: { kind: 'counter', help: 'Charges forgotten by the store because the ledger has them.' },
  store_clock_set_back_total: { kind: 'counter', help: 'Times the clock of the store jumped back.' },
  store_negative_clamps_total: {
    kind: 'counter',
    help: 'Counters that would have gone below zero; each is a defect.',
    labels: { by: ['seed', 'report'] },
  },
  store_full_total: {
    kind: 'counter',
    help: 'Spends, seeds and hits that failed because the in-process store was full.',
    labels: { of: ['reservations', 'subjects', 'charges', 'descriptors'] },
  },
  hits_not_given_back_total: {
    kind: 'counter',
    help: 'Parts of calls about descriptors, on a Redis Cluster, that stayed counted although another part was refused.',
  },
  charges_lost_total: { kind: 'counter', help: 'Charges dropped because a stream was full.' },
  store_connected: {
    kind: 'gauge',
    help: '1 while the store answers this process, 0 while limits act by their posture.',
  },
  hits_store_connected: {
    kind: 'gauge',
    help: '1 while the Redis of TOLLGATE_HITS_REDIS_URL answers this process, 0 while limits of descriptors act by their posture; only where it is set.',
  },
  redis_may_evict: {
    kind: 'gauge',
    help: '1 while a Redis in use, but for that of TOLLGATE_HITS_REDIS_URL, is not set to noeviction and may drop counters.',
  },
  serving_processes: { kind: 'gauge', help: 'Processes that serve on this store, as last known here.' },
  process_beats_failed_total: {
    kind: 'counter',
    help: 'Beats that did not reach the store: others may take this process for dead.',
  },
  process_restarts_total: { kind: 'counter', help: 'Serving processes that ended and were started again.' },
  policy_version: { kind: 'gauge', help: 'Version of the policy in force.' },
  policy_faults: {
    kind: 'gauge',
    help: 'Rows and emptied tables that are not in force as they stand in the database.',
  },
  policy_listening: {
    kind: 'gauge',
    help: '1 while changes of policy ring at once, 0 while only the poll finds them.',
  },
  policy_apply_seconds: { kind: 'histogram', help: 'Time to read and apply a change of policy.' },
  policy_full_reads_total: { kind: 'counter', help: 'Times the whole policy was read.' },
  policy_copy_failures_total: {
    kind: 'counter',
    help: 'Times the policy could not be copied to disk, where a start without the database would find it.',
  },
  policy_restores_total: {
    kind: 'counter',
    help: 'Times the policy turned out to be of another history, or its version to have gone back.',
  },
  policy_read_failures_total: {
    kind: 'counter',
    help: 'Readings of the policy that failed; the last one stays in force.',
  },
  telemetry_faults_total: {
    kind: 'counter',
    help: 'Uses of a metric or label value that is not declared; each is a defect.',
    labels: { fault: ['unknown_metric', 'wrong_kind', 'unknown_label', 'unknown_value', 'bad_number'] },
  },
  telemetry_labels_full_total: {
    kind: 'counter',
    help: 'Labels of metrics that have as many values as they may; told once, and further values are told as `other`.',
    labels: { label: ['domain', 'rule', 'value'] },
  },
  ...descriptorMetrics,
  ...alertMetrics,
  ...apiMetrics,
}
