import { LOGGED_TOLERANCE } from '../../../domain/mfu.ts';
import type { AlertRule } from './alert-rule.ts';
import { DEVICES } from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

/** The trainer's own figures and ours contradict each other, and not by definition: one of the two misleads. */
export function mismatchRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwaySpecMismatch',
    severity: 'ticket',
    measure: 'max by (job) (headway_job_spec_mismatch_ratio{severity="warning"})',
    comparison: { operator: 'gt', threshold: LOGGED_TOLERANCE, recovery: LOGGED_TOLERANCE * 0.9 },
    except: 'unless on (job) headway_job_state{state="ended"}',
    for_s: thresholds.implausible_for_s,
    keep_firing_s: thresholds.keep_firing_s,
    summary:
      '{{ $labels.job }} prints a figure {{ $value | humanizePercentage }} off the computed one, by no definition',
    cause: 'the model, batch or device count of the job event, or a mistake in what the framework prints',
    cost: `no device-hours: the figures of ${DEVICES} devices mislead`,
    grafanaSummary:
      '{{ $labels.job }} prints a figure {{ humanizePercentage $values.A.Value }} off the computed one, by no definition',
    impact: 'Either the MFU of here or the one in the log is wrong; comparisons with it are void.',
    action: 'Read the verdict in `headway report`: it names what would explain the gap.',
    page: {
      headline: 'prints figures that contradict the computed ones',
      unit: 'percentunit',
      cost: { expr: 'headway_job_devices{job="$job"}', text: 'the figures of {} devices mislead' },
      blame: null,
      action_by_state: {},
    },
    panelId: null,
    runbook: {
      meaning:
        'TFLOP/s, MFU, tokens per second, parameters or peak that the framework printed lie more than 2 % from what is computed from tokens, model and catalog, and no convention explains it.',
      impact: 'Nothing is lost but trust: of two figures for the same thing one is wrong.',
      diagnosis: [
        {
          look: 'Which figure, by how much, and what would explain it.',
          query: 'headway_job_spec_mismatch_ratio{job="JOB"}',
        },
        {
          look: 'Which model, device and dtype the job is said to be.',
          query: 'headway_job_info{job="JOB"}',
        },
      ],
      mitigation: [
        '`explained_by="with_sparsity_peak"`: the framework divides by twice the dense peak; its MFU is half the truth.',
        '`explained_by="world_size_factor"` or `"gradient_accumulation_factor"`: tokens or devices are counted that often.',
        '`explained_by="nothing"`: send a `job` event with the right model, tokens_per_step, device_count and sequence_length.',
      ],
      falseAlarms: [
        'A framework that averages over other steps than the line belongs to, while the speed changes.',
      ],
    },
  };
}
