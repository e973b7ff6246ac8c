import { BURN_ALERTS } from '../../../domain/report/slo.ts';
import type { AlertRule, RunbookText } from './alert-rule.ts';
import { DEVICES, LARGEST_LOSS } from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

const RUNBOOK: RunbookText = {
  meaning:
    'The job loses its error budget faster than it may: burn is the share of a window that was lost, over the share that the goodput target allows. Two windows agree, so that it neither fires on one bad minute nor goes on when the trouble is over.',
  impact: 'At a burn of 6 a budget of 30 days is gone in 5 days; at 3 in 10; at 1 it lasts exactly.',
  diagnosis: [
    {
      look: 'By window: where the long ones are low, it has just begun.',
      query: 'headway_job_slo_burn_ratio{job="JOB"}',
    },
    { look: 'How much is left.', query: '1 - headway_job_slo_budget_spent_ratio{job="JOB"}' },
    { look: 'What it was lost to.', query: 'sort_desc(headway_job_badput_seconds{job="JOB"})' },
    { look: 'Whether it fails more often than it did.', query: 'headway_job_mtbf_seconds{job="JOB"}' },
  ],
  mitigation: [
    '`headway report JOB` names the phase whose shortening gains most (reliability, ETTR by phase).',
    'Failures: replace the node that is named most often; lost work: save more often; restarts: keep spares warm.',
    'A target that nothing can meet is changed, not silenced: `goodput_target_ratio` of the `job` event.',
  ],
  falseAlarms: [
    'A planned stop that nobody declared: send `exclude` or `planned: true`.',
    'A job just longer than the window, when start-up is most of what there is.',
  ],
};

const PERCENT = '{{ $value | printf "%.1f" }}';

/** One rule for each pair of windows; one that a target is too low for never fires, and the report says so. */
export function sloRules(thresholds: AlertThresholds): readonly AlertRule[] {
  return BURN_ALERTS.map(({ severity, burn, long, short }): AlertRule => {
    return {
      name: 'HeadwaySloBurn',
      severity,
      measure: `max by (job) (headway_job_slo_burn_ratio{window="${long}"})`,
      comparison: { operator: 'gt', threshold: burn },
      except: `and on (job) headway_job_slo_burn_ratio{window="${short}"} > ${burn} unless on (job) headway_job_state{state="ended"}`,
      for_s: thresholds.slo_for_s,
      keep_firing_s: thresholds.keep_firing_s,
      summary: `{{ $labels.job }} burns its error budget ${PERCENT} times too fast`,
      cause: `largest loss of the run: ${LARGEST_LOSS}`,
      cost: `error budget of ${DEVICES} devices`,
      grafanaSummary: `{{ $labels.job }} burns its error budget {{ printf "%.1f" $values.A.Value }} times too fast`,
      impact: 'The goodput that was promised for this job will be missed.',
      action: 'Read the waterfall of the last hour from the top, and stop what is burning before asking why.',
      page: {
        headline: 'burns its error budget too fast',
        unit: 'none',
        cost: {
          expr: 'headway_job_slo_budget_spent_ratio{job="$job"} * 100',
          text: '{} % of its error budget spent',
        },
        blame: {
          expr: 'topk(1, headway_job_badput_seconds{job="$job"})',
          unit: 's',
          text: 'largest loss of the run: {bucket}, {}',
        },
        action_by_state: {},
      },
      panelId: null,
      runbook: RUNBOOK,
    };
  });
}
