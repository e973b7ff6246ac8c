import { type Dashboard, dashboard, labelVariable } from './dashboard.ts';
import { computePanels, moneyPanels } from './job-why-money.ts';
import { reliabilityPanels } from './job-why-reliability.ts';
import { stepPanels } from './job-why-steps.ts';

export const JOB_WHY_UID = 'headway-job-why';

/** One job to its last second and cent: for who has seen on the overview that something is off, or has to report it. */
export function jobWhy(): Dashboard {
  return dashboard({
    uid: JOB_WHY_UID,
    title: 'Job: cost and why',
    description:
      'What one training job cost and why: from paid to useful, money, energy, parts of a step, repairs, targets, checkpoints.',
    from: 'now-6h',
    variables: [labelVariable('job', 'Job', 'headway_job_info', 'job')],
    panels: [...computePanels(0), ...moneyPanels(8), ...stepPanels(14), ...reliabilityPanels(30)],
  });
}
