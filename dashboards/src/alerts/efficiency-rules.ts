import type { AlertRule, RunbookText, Severity } from './alert-rule.ts';
import { DEVICES, LARGEST_LOSS, OPEN_INCIDENTS, queried } from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

/** A job that has ended keeps its last figures; nobody can act on them. */
const NOT_ENDED = 'unless on (job) headway_job_state{state="ended"}';

const PERCENT = '{{ $value | humanizePercentage }}';

const MFU_RUNBOOK: RunbookText = {
  meaning:
    'MFU, measured on the time of kept steps, is below its learned normal for this job specification. Stalls are not in it: each step has become slower.',
  impact: 'The job needs proportionally more device-hours for the same tokens.',
  diagnosis: [
    {
      look: 'Since when: a jump points to a fault or a change, a slope to heat or data.',
      query: 'headway_job_mfu_vs_baseline_ratio{job="JOB"}',
    },
    {
      look: 'All steps slower, or a few very slow ones: p99 far above the median means sporadic stalls.',
      query: 'headway_job_step_seconds{job="JOB"}',
    },
    {
      look: 'One node with lower clocks or power than the rest slows all of them.',
      query: 'bottomk(5, avg by (Hostname, hostname) (DCGM_FI_DEV_SM_CLOCK))',
    },
  ],
  mitigation: [
    'A single slow node: cordon it and restart without it.',
    'All nodes slower: look at what changed (code, data mix, driver, cooling, fabric).',
    'Data waiting in the ledger grows: give the loader more workers or nearer storage.',
  ],
  falseAlarms: [
    'The sequence length or the data mix was changed on purpose and the specification was not.',
    'The normal was learned from too few steps.',
  ],
};

export function mfuRules(thresholds: AlertThresholds): readonly AlertRule[] {
  return [
    mfuRule('ticket', thresholds.mfu_ticket_ratio, thresholds),
    mfuRule('page', thresholds.mfu_page_ratio, thresholds),
  ];
}

function mfuRule(severity: Severity, threshold: number, thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayMfuLow',
    severity,
    measure: 'max by (job) (headway_job_mfu_vs_baseline_ratio)',
    comparison: { operator: 'lt', threshold, recovery: thresholds.mfu_recovery_ratio },
    except: NOT_ENDED,
    for_s: thresholds.mfu_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary: `{{ $labels.job }} trains at ${PERCENT} of its normal MFU`,
    cause: OPEN_INCIDENTS,
    cost: `${queried(
      '(1 - headway_job_mfu_vs_baseline_ratio{job=%q}) * on (job) headway_job_devices',
      '. | first | value | printf "%.1f"',
    )} device-hours every hour, of ${DEVICES} devices`,
    grafanaSummary:
      '{{ $labels.job }} trains at {{ humanizePercentage $values.A.Value }} of its normal MFU; the incidents panel names what is known',
    impact: 'Every step is slower than this job normally is.',
    action:
      'Find out whether one node is slow or all are: compare clocks and power of the nodes, then the step phases.',
    page: {
      headline: 'trains below its normal MFU',
      unit: 'percentunit',
      cost: {
        expr: '(1 - headway_job_mfu_vs_baseline_ratio{job="$job"}) * on (job) headway_job_devices',
        text: '{} device-hours every hour',
      },
      blame: null,
      action_by_state: {},
    },
    panelId: 25,
    runbook: MFU_RUNBOOK,
  };
}

export function linearityRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayLinearityLow',
    severity: 'ticket',
    measure: 'min by (job) (headway_job_linearity_vs_baseline_ratio)',
    comparison: {
      operator: 'lt',
      threshold: thresholds.linearity_ticket_ratio,
      recovery: thresholds.linearity_recovery_ratio,
    },
    except: NOT_ENDED,
    for_s: thresholds.linearity_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary: `{{ $labels.job }} scales at ${PERCENT} of its normal linearity`,
    cause: OPEN_INCIDENTS,
    cost: `${queried(
      '(1 - headway_job_linearity_vs_baseline_ratio{job=%q}) * on (job) group_left headway_job_devices',
      '. | first | value | printf "%.1f"',
    )} device-hours every hour, of ${DEVICES} devices`,
    grafanaSummary:
      '{{ $labels.job }} scales at {{ humanizePercentage $values.A.Value }} of its normal linearity',
    impact: 'Each device does less than it did at this size: the added devices pay less.',
    action: 'Look at exposed communication: new or moved nodes, a degraded link, a changed parallel layout.',
    page: {
      headline: 'scales below its normal linearity',
      unit: 'percentunit',
      cost: {
        expr: 'max by (job) (1 - headway_job_linearity_vs_baseline_ratio{job="$job"}) * on (job) headway_job_devices',
        text: '{} device-hours every hour',
      },
      blame: null,
      action_by_state: {},
    },
    panelId: 24,
    runbook: {
      meaning:
        'Tokens per second per device over that of the baseline job has fallen below its learned normal for this job.',
      impact: 'The job scales worse than it did: devices wait for each other or for the fabric.',
      diagnosis: [
        {
          look: 'Since when, by definition.',
          query: 'headway_job_linearity_vs_baseline_ratio{job="JOB"}',
        },
        {
          look: 'Whether MFU fell with it: then it is the steps themselves.',
          query: 'headway_job_mfu_vs_baseline_ratio{job="JOB"}',
        },
        { look: 'What differs from the baseline job.', query: 'headway_job_info' },
      ],
      mitigation: [
        '`headway linearity JOB...` prints the points and what differs between them.',
        'Move the job off nodes behind a degraded switch or rail; restart with the former node set if one is suspect.',
      ],
      falseAlarms: [
        'The baseline job ran another model, sequence length or number format: the comparison is void.',
      ],
    },
  };
}

export function goodputRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayGoodputLow',
    severity: 'ticket',
    measure: 'max by (job) (headway_job_goodput_ratio{ratio="goodput_runtime",window="1h"})',
    comparison: {
      operator: 'lt',
      threshold: thresholds.goodput_ticket_ratio,
      recovery: thresholds.goodput_recovery_ratio,
    },
    except: NOT_ENDED,
    for_s: thresholds.goodput_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary: `{{ $labels.job }} had a goodput of ${PERCENT} in the last hour`,
    cause: `largest loss of the run: ${LARGEST_LOSS}`,
    cost: `${queried(
      '(1 - max by (job) (headway_job_goodput_ratio{job=%q,ratio="goodput_runtime",window="1h"})) * on (job) headway_job_devices',
      '. | first | value | printf "%.1f"',
    )} device-hours in the last hour, of ${DEVICES} devices`,
    grafanaSummary:
      '{{ $labels.job }} had a goodput of {{ humanizePercentage $values.A.Value }} in the last hour; the waterfall shows where the rest went',
    impact: 'More than a tenth of the paid hour did not train.',
    action:
      'Read the waterfall from the top: the largest bucket says whether to attack failures, saves, data or start-up.',
    page: {
      headline: 'had a low goodput in the last hour',
      unit: 'percentunit',
      cost: {
        expr: '(1 - max by (job) (headway_job_goodput_ratio{job="$job",ratio="goodput_runtime",window="1h"})) * on (job) headway_job_devices',
        text: '{} device-hours in the last hour',
      },
      blame: {
        expr: 'topk(1, headway_job_badput_seconds{job="$job"})',
        unit: 's',
        text: 'largest loss of the run: {bucket}, {}',
      },
      action_by_state: {},
    },
    panelId: 10,
    runbook: {
      meaning:
        'Productive seconds over held seconds of the last hour (excluded seconds taken out) are below the target.',
      impact: 'Device-hours are paid and not turned into kept steps.',
      diagnosis: [
        { look: 'The largest bucket.', query: 'sort_desc(headway_job_badput_seconds{job="JOB"})' },
        {
          look: 'The dearest cause, in device-hours.',
          query:
            'sort_desc(sum by (cause) (headway_job_device_seconds{job="JOB",bucket!="productive"}) / 3600)',
        },
        {
          look: 'How long repair takes, and which part of it.',
          query: 'headway_incident_phase_seconds{job="JOB"}',
        },
      ],
      mitigation: [
        'lost_work: save more often. down: detect sooner, keep spares warm. ckpt_save: save asynchronously. data_wait: feed faster.',
        '`headway report JOB` prints the account with its causes.',
      ],
      falseAlarms: ['A job in its first hour, when start-up is most of what there is.'],
    },
  };
}
