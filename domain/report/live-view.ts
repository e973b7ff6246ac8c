import type { AccountFigures } from '../ledger/timeline.ts';
import type { Ideals } from './ideal-step.ts';
import type { JobView } from './job-view.ts';
import type { SlowEvidence } from './slow-evidence.ts';
import type { WorkTable } from './work-table.ts';

/** The kept work of a job against its ideal, as far as live figures read it. */
export interface LiveWork {
  readonly ideals: Pick<Ideals, 'list'>;
  readonly table: WorkTable;
  readonly evidence: Pick<SlowEvidence, 'straggles'>;
}

/**
 * What live figures are read off: a view of a job that need not have all its segments and steps in hand. The view that is
 * made from all events of a job is one, and so is one of a job that is kept up to date.
 */
export interface LiveView
  extends Pick<
    JobView,
    | 'job'
    | 'at_us'
    | 'range'
    | 'history'
    | 'spec'
    | 'timeline'
    | 'clock_is_made_up'
    | 'track'
    | 'evidence'
    | 'step_phases'
    | 'stragglers'
    | 'baseline_tokens_per_s_per_device'
    | 'site'
  > {
  readonly account: AccountFigures;
  readonly work: () => LiveWork;
}
