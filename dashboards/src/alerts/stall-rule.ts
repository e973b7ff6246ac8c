import type { AlertRule } from './alert-rule.ts';
import {
  CURRENT_STATE,
  DEVICES,
  LAST_STEP_AT,
  OPEN_INCIDENTS,
  STALL_DEVICE_HOURS,
} from './annotation-templates.ts';
import type { AlertThresholds } from './thresholds.ts';

/** The one page everybody wants: training stands still and the devices are being paid for. */
export function stallRule(thresholds: AlertThresholds): AlertRule {
  return {
    name: 'HeadwayJobHung',
    severity: 'page',
    measure: 'max by (job) (headway_job_stalled_seconds)',
    comparison: { operator: 'gt', threshold: 0 },
    except: null,
    for_s: thresholds.stalled_for_s,
    keep_firing_s: 0,
    summary: `{{ $labels.job }} makes no progress ({{ humanizeDuration $value }}, state ${CURRENT_STATE}): last step at ${LAST_STEP_AT}`,
    cause: OPEN_INCIDENTS,
    cost: `${STALL_DEVICE_HOURS} device-hours so far, ${DEVICES} devices held`,
    grafanaSummary:
      '{{ $labels.job }} has made no progress for {{ humanizeDuration $values.A.Value }}; the incidents panel names cause, node and device',
    impact: 'No step completes while every device of the job stays held.',
    action:
      'Take the node named in the incident out of the job and restart from the last checkpoint; with none named, save the Flight Recorder dumps and the stacks of all ranks before you restart, or the evidence is gone.',
    page: {
      headline: 'makes no progress',
      unit: 's',
      cost: {
        expr: 'headway_job_stalled_seconds{job="$job"} * on (job) headway_job_devices / 3600',
        text: '{} device-hours so far, and growing',
      },
      blame: null,
      action_by_state: {
        silent:
          'Look at the sender and the network first: the job may be well and unheard. If its processes are gone, restart from the last checkpoint.',
        down: 'Replace the node named in the incident and restart from the last checkpoint; with none named, read the end of the log of the rank that failed first.',
      },
    },
    panelId: 2,
    runbook: {
      meaning:
        'The job has made no progress: it hangs (a step is open for longer than 10 median steps or 300 s, 1800 s before the first step), is silent (nothing is heard from any of its sources) or is down (it failed and has not started again).',
      impact: 'Stalled seconds x devices are lost, and the loss grows until somebody acts.',
      diagnosis: [
        { look: 'Which of the three it is.', query: 'headway_job_state{job="JOB"}' },
        {
          look: 'Cause, node and device, where evidence names them.',
          query: 'headway_incident_info{job="JOB",state="open"}',
        },
        {
          look: 'In a hang all devices look busy: utilisation stays at 100 and power falls to a plateau. A device that differs from the others is the suspect.',
          query: 'DCGM_FI_DEV_POWER_USAGE',
        },
      ],
      mitigation: [
        'Collect what dies with the processes: Flight Recorder dumps, stacks, the kernel log. The rank that did not enter the collective which all others wait in is the suspect.',
        'Cordon the named node, replace it, restart from the last checkpoint.',
        'Silent only: look at the sender and the network first. The job may be well and unheard.',
      ],
      falseAlarms: [
        'A save or an evaluation that blocks for longer than the limit and is not recorded as a span.',
        'A first step that compiles for longer than the grace time.',
      ],
    },
  };
}
