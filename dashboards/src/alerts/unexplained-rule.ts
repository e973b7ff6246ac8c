import type { AlertRule } from './alert-rule.ts';
import { DEVICES } from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

/** Time that no bucket has a name for is loss that nobody can attack. */
export function unexplainedRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayTimeUnexplained',
    severity: 'ticket',
    measure: 'max by (job) (headway_job_other_ratio{window="1d"})',
    comparison: {
      operator: 'gt',
      threshold: thresholds.other_ticket_ratio,
      recovery: thresholds.other_recovery_ratio,
    },
    except: 'unless on (job) headway_job_state{state="ended"}',
    for_s: thresholds.other_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary: '{{ $labels.job }} lost {{ $value | humanizePercentage }} of a day to nothing that has a name',
    cause: 'work between steps that no span names: evaluation, logging, garbage collection, data',
    cost: `that share of a day of ${DEVICES} devices`,
    grafanaSummary:
      '{{ $labels.job }} lost {{ humanizePercentage $values.A.Value }} of a day to nothing that has a name',
    impact: 'Devices stand between steps, and the account cannot say for what.',
    action:
      'Find what runs between the steps of the job and record it as spans (data_wait, ckpt_save, custom).',
    page: {
      headline: 'loses time that has no name',
      unit: 'percentunit',
      cost: {
        expr: 'headway_job_other_ratio{job="$job",window="1d"} * on (job) headway_job_devices * 24',
        text: '{} device-hours of the last day',
      },
      blame: null,
      action_by_state: {},
    },
    panelId: null,
    runbook: {
      meaning:
        'More than 2 % of a day went to the bucket `other`: time inside an attempt, after its first step, that neither a step nor a span covers.',
      impact: 'The loss is real, and its cause is not known to anybody who reads the account.',
      diagnosis: [
        {
          look: 'How much it is, and beside what.',
          query: 'sort_desc(headway_job_badput_seconds{job="JOB"})',
        },
        {
          look: 'Whether it comes with every step, or now and then.',
          query: 'headway_job_step_seconds{job="JOB"}',
        },
      ],
      mitigation: [
        'Send spans for what runs between steps: evaluation and validation (custom), loading (data_wait), saving (ckpt_save).',
        'Steps that carry `end_us` leave gaps where others do not: without an end a step lasts until the next one starts.',
      ],
      falseAlarms: ['A job that was left idle on purpose: declare it with an `exclude` event.'],
    },
  };
}
