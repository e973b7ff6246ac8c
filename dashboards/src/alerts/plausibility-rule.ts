import { MFU_OVER_OFU_MAX } from '../../../domain/report/mfu-implausible.ts';
import type { AlertRule } from './alert-rule.ts';
import { DEVICES } from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

/** Fires for no fault of the job: the figures that everybody looks at are wrong. */
export function plausibilityRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayMfuImplausible',
    severity: 'ticket',
    measure:
      'max by (job) (headway_job_mfu_ratio{convention="mm_causal"} - on (job) group_left headway_job_ofu_ratio)',
    comparison: { operator: 'gt', threshold: MFU_OVER_OFU_MAX, recovery: MFU_OVER_OFU_MAX * 0.8 },
    except: 'unless on (job) headway_job_state{state="ended"}',
    for_s: thresholds.implausible_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary:
      '{{ $labels.job }} shows an MFU {{ $value | humanizePercentage }} above what its tensor units did',
    cause: 'the FLOPs formula, the tokens of a step, the device count or the peak is wrong',
    cost: `no device-hours: the figures of ${DEVICES} devices mislead`,
    grafanaSummary:
      '{{ $labels.job }} shows an MFU {{ humanizePercentage $values.A.Value }} above what its tensor units did',
    impact: 'MFU, FLOP/s per watt and totals of the job are too high; comparisons with it are void.',
    action:
      'Check tokens per step and device count of the job event, then its dtype: products in FP8 have twice the peak.',
    page: {
      headline: 'shows an MFU above what its tensor units did',
      unit: 'percentunit',
      cost: { expr: 'headway_job_devices{job="$job"}', text: 'the figures of {} devices mislead' },
      blame: null,
      action_by_state: {},
    },
    panelId: null,
    runbook: {
      meaning:
        'MFU (mm_causal, which counts least) is more than 0.05 above OFU: tensor activity x SM clock over the clock of the peak, from device telemetry. A tensor cycle does at most its full rate of work, so this cannot be.',
      impact: 'Nothing is lost but trust: MFU and what is made of it are too high.',
      diagnosis: [
        {
          look: 'Both, side by side.',
          query: 'headway_job_mfu_ratio{job="JOB"} or headway_job_ofu_ratio{job="JOB"}',
        },
        {
          look: 'A whole factor between them points to tokens or devices counted that often.',
          query: 'headway_job_tokens_per_second{job="JOB"} / on (job) headway_job_devices',
        },
        {
          look: 'Which model, device and dtype the job is said to be.',
          query: 'headway_job_info{job="JOB"}',
        },
      ],
      mitigation: [
        '`headway report JOB` prints the verdict with what would explain the gap.',
        'Send a `job` event with the right dtype, tokens_per_step, device_count or model: figures are revised.',
      ],
      falseAlarms: [
        'Exporters that sample rarely over a job that starts and stops: OFU is of other moments than the steps.',
        'Placement events that name other devices than those the job runs on.',
      ],
    },
  };
}
