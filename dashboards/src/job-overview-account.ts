import { mapping, type Panel, steps } from './panel.ts';
import { barGauge, table } from './query-panels.ts';

const JOB = 'job="$job"';
const DEVICE_HOURS = 'headway_job_device_seconds';

const INCIDENT_STATES = mapping([
  { value: 'open', text: 'open', color: '#d64545' },
  { value: 'recovered', text: 'recovered', color: '#2f9e6b' },
]);

/** Where the money went and because of what. 11 rows high. */
export function accountPanels(y: number): readonly Panel[] {
  return [waterfall(y), incidents(y), byCause(y + 6)];
}

function waterfall(y: number): Panel {
  return barGauge(
    {
      id: 10,
      title: 'Device-hours of the run: from paid to productive',
      description:
        'Every device-second since the first start is in exactly one bucket. Paid = the sum of all of them; each loss hangs below it; what is left is productive. The largest losses come first.',
      at: { x: 0, y, w: 12, h: 11 },
    },
    {
      unit: 'suffix: device-h',
      decimals: 2,
      min: 0,
      noValue: 'nothing accounted yet',
      cascade: true,
      thresholds: steps('#d9822b'),
      queries: [
        { expr: `sum by (job) (${DEVICE_HOURS}{${JOB}}) / 3600`, legend: 'paid' },
        {
          expr: `sort_desc(sum by (bucket) (${DEVICE_HOURS}{${JOB},bucket!="productive"}) / 3600 > 0)`,
          legend: '{{bucket}}',
        },
        {
          expr: `sum by (bucket) (${DEVICE_HOURS}{${JOB},bucket="productive"}) / 3600`,
          legend: 'productive',
        },
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
        'One row an incident. An empty cell is not known, which is not the same as none. Repair is from the failure to the next step.',
      at: { x: 12, y, w: 12, h: 6 },
    },
    {
      unit: 'none',
      noValue: 'no incident',
      sortBy: { title: 'Began', desc: true },
      queries: [
        { expr: `headway_incident_info{${JOB}}`, legend: '' },
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
        { field: 'kind', title: 'Kind' },
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
      title: 'Device-hours lost, by cause',
      description:
        'Lost device-hours of the run that have a cause, ranked by cost and not by count. What has no known cause is in the waterfall only.',
      at: { x: 12, y, w: 12, h: 5 },
    },
    {
      unit: 'suffix: device-h',
      decimals: 2,
      min: 0,
      noValue: 'no loss has a known cause',
      thresholds: steps('#d9822b'),
      queries: [
        {
          expr: `sort_desc(topk(8, sum by (cause) (${DEVICE_HOURS}{${JOB},bucket!="productive",cause!=""}) / 3600 > 0))`,
          legend: '{{cause}}',
        },
      ],
    },
  );
}
