import { type Dashboard, dashboard, labelVariable } from './dashboard.ts';
import { accountPanels } from './job-overview-account.ts';
import { devicePanels } from './job-overview-devices.ts';
import { headlinePanels } from './job-overview-headline.ts';
import { trendPanels } from './job-overview-trends.ts';

export const JOB_OVERVIEW_UID = 'headway-job-overview';

/** One job on one screen: is it healthy, who is to blame, since when, what has it cost. */
export function jobOverview(): Dashboard {
  return dashboard({
    uid: JOB_OVERVIEW_UID,
    title: 'Job overview',
    description:
      'Where the accelerator-hours of one training job went: state, goodput, MFU, linearity, incidents.',
    variables: [labelVariable('job', 'Job', 'headway_job_info', 'job')],
    panels: [...headlinePanels(0), ...accountPanels(8), ...trendPanels(19), ...devicePanels(35)],
  });
}
