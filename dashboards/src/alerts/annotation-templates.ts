/**
 * Pieces of annotations in the template language that Prometheus and vmalert share. Cause, node and device come from
 * queries at the time of sending, not from labels: labels are an alert's identity, and a cause that becomes known
 * later must not turn one alert into two.
 */

/** A query with `%q` for the alert's job, quoted by the template so that no job name can break out of it. */
function jobQuery(promql: string): string {
  return `printf ${JSON.stringify(promql)} $labels.job | query`;
}

/** One number of another metric, or a dash where there is none. */
export function queried(promql: string, format: string): string {
  return `{{ with ${jobQuery(promql)} }}{{ ${format} }}{{ else }}-{{ end }}`;
}

/** The open incidents in words: `nccl_timeout on node n3 device 5 (hang)`. */
export const OPEN_INCIDENTS =
  `{{ with ${jobQuery('headway_incident_info{job=%q,state="open"}')} }}` +
  '{{ range $i, $s := . }}{{ if $i }}; {{ end }}' +
  '{{ with $s | label "cause" }}{{ . }}{{ else }}cause not known yet{{ end }}' +
  '{{ with $s | label "node" }} on node {{ . }}{{ end }}' +
  '{{ with $s | label "device" }} device {{ . }}{{ end }}' +
  '{{ with $s | label "kind" }} ({{ . }}){{ end }}' +
  '{{ end }}{{ else }}cause not known yet{{ end }}';

/** `hang`, `silent` or `down`. */
export const CURRENT_STATE =
  `{{ with ${jobQuery('headway_job_state{job=%q}')} }}` +
  '{{ . | first | label "state" }}{{ else }}stalled{{ end }}';

/** The moment of the last step, in UTC. */
export const LAST_STEP_AT = queried(
  'headway_job_last_step_timestamp_seconds{job=%q}',
  '. | first | value | humanizeTimestamp',
);

export const DEVICES = queried('headway_job_devices{job=%q}', '. | first | value | printf "%.0f"');

/** Device-hours of a stall so far: seconds x devices / 3600. */
export const STALL_DEVICE_HOURS = queried(
  'headway_job_stalled_seconds{job=%q} * on (job) headway_job_devices / 3600',
  '. | first | value | printf "%.1f"',
);

/** The bucket that has cost most since the run began: `lost_work, 12m 3s`. */
export const LARGEST_LOSS = queried(
  'topk(1, headway_job_badput_seconds{job=%q})',
  '. | first | label "bucket" }}, {{ . | first | value | humanizeDuration',
);
