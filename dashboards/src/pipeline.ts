import { type Dashboard, dashboard, labelVariable } from './dashboard.ts';
import { pipelineHandedOnPanels } from './pipeline-handed-on.ts';
import { pipelineTakenInPanels } from './pipeline-taken-in.ts';

export const PIPELINE_UID = 'headway-pipeline';

/** How data gets to the tables: what is taken in, what waits where, what is handed on, what was put aside. */
export function pipeline(): Dashboard {
  return dashboard({
    uid: PIPELINE_UID,
    title: 'Pipeline',
    description:
      "How data gets to the tables, from Headway's own /metrics: taken in, waiting, handed on, put aside. Scrape them to see it.",
    variables: [labelVariable('job', 'Scrape job', 'headway_bus_spool_bytes', 'job')],
    panels: [...pipelineTakenInPanels(0), ...pipelineHandedOnPanels(20)],
  });
}
