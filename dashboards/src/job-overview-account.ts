import { mapping, type Panel, steps } from './panel.ts';
import { barGauge, table } from './query-panels.ts';

const JOB = 'job="$job"';

/**
 * Hours of the run under some label matchers, summed by labels. Weighted with the devices held; by wall clock for a job
 * of which nobody said how many devices it holds.
 */
function hoursBy(labels: string, matchers: string): string {
  const seconds = `headway_job_device_seconds{${JOB}${matchers}} or ${wallOnly(matchers)}`;
  return `sum by (${labels}) (${seconds}) / 3600`;
}

/** Wall seconds, only where there are no device-seconds. */
function wallOnly(matchers: string): string {
  return `headway_job_wall_seconds{${JOB}${matchers}} unless on (job) headway_job_device_seconds{${JOB}}`;
}

const INCIDENT_STATES = mapping([
  { value: 'open', text: 'open', color: '#d64545' },
  { value: 'recovered', text: 'recovered', color: '#2f9e6b' },
  // The job ended with it: nobody came back.
  { value: 'ended', text: 'ended', color: '#8a93a3' },
]);

/** Where the money went and because of what. 11 rows high. */
export function accountPanels(y: number): readonly Panel[] {
  return [waterfall(y), incidents(y), byCause(y + 6)];
}

function waterfall(y: number): Panel {
  return barGauge(
    {
      id: 10,
      title: 'Hours of the run: from paid to productive',
      description:
        'Every device-second since the first start is in exactly one bucket. Paid = the sum of all of them; each loss hangs below it; what is left is productive. The largest losses come first. While nobody says how many devices the job holds, all of it is wall-clock hours.',
      at: { x: 0, y, w: 10, h: 11 },
    },
    {
      unit: 'suffix: h',
      min: 0,
      noValue: 'nothing accounted yet',
      cascade: true,
      thresholds: steps('#d9822b'),
      queries: [
        {
          expr: `sum by (job) (headway_job_device_seconds{${JOB}}) / 3600`,
          legend: 'paid device-hours',
        },
        { expr: `sum by (job) (${wallOnly('')}) / 3600`, legend: 'wall-clock (device count unknown)' },
        { expr: `sort_desc(${hoursBy('bucket', ',bucket!="productive"')} > 0)`, legend: '{{bucket}}' },
        { expr: hoursBy('bucket', ',bucket="productive"'), legend: 'productive' },
      ],
    },
  );
}

function incidents(y: number): Panel {
  return table(
    {
      id: 11,
      title: 'Incidents: who and how long',
      description:
        'One row an incident. An empty cell is not known, which is not the same as none. Where no cause is known, its kind is told: interruption, hang or silence. Repair is from the failure to the next step.',
      at: { x: 10, y, w: 14, h: 6 },
    },
    {
      unit: 'none',
      noValue: 'no incident',
      sortBy: { title: 'Began', desc: true },
      queries: [
        {
          expr: `label_replace(headway_incident_info{${JOB},cause=""}, "cause", "not known ($1)", "kind", "(.+)") or headway_incident_info{${JOB},cause!=""}`,
          legend: '',
        },
        {
          // Grafana's dates are milliseconds.
          expr: `max by (incident) (headway_incident_start_timestamp_seconds{${JOB}}) * 1000`,
          legend: '',
        },
        {
          expr: `max by (incident) (headway_incident_phase_seconds{${JOB},phase="detect"})`,
          legend: '',
        },
        {
          expr: `max by (incident) (headway_incident_phase_seconds{${JOB},phase="to_first_step"})`,
          legend: '',
        },
      ],
      columns: [
        { field: 'Value #B', title: 'Began', unit: 'dateTimeAsIso' },
        { field: 'state', title: 'State', mappings: [INCIDENT_STATES] },
        { field: 'cause', title: 'Cause' },
        { field: 'node', title: 'Node' },
        { field: 'device', title: 'Device' },
        { field: 'Value #C', title: 'Detected in', unit: 's' },
        { field: 'Value #D', title: 'Repaired in', unit: 's' },
      ],
    },
  );
}

function byCause(y: number): Panel {
  return barGauge(
    {
      id: 12,
      title: 'Hours lost, by cause',
      description:
        'Lost hours of the run that have a cause, ranked by cost and not by count: device-hours, or wall-clock hours while nobody says how many devices the job holds. What has no known cause is in the waterfall only.',
      at: { x: 10, y, w: 14, h: 5 },
    },
    {
      unit: 'suffix: h',
      min: 0,
      noValue: 'no loss has a known cause',
      thresholds: steps('#d9822b'),
      queries: [
        {
          expr: `sort_desc(topk(8, ${hoursBy('cause', ',bucket!="productive",cause!=""')} > 0))`,
          legend: '{{cause}}',
        },
      ],
    },
  );
}
