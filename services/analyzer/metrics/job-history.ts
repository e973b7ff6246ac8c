import type { JobScopedEvent } from '../../../domain/events.ts';
import { accountHistory, segmentsUntil } from '../../../domain/ledger/account-until.ts';
import { upperBound } from '../../../domain/ledger/job-view.ts';
import type { LiveLimits } from '../../../domain/ledger/ledger-shape.ts';
import { stretchesOf } from '../../../domain/ledger/stretches.ts';
import { timelineOf } from '../../../domain/ledger/timeline.ts';
import { devicesOf } from '../../../domain/report/job-nodes.ts';
import { type ResolvedSpec, resolveSpec } from '../../../domain/report/job-spec.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import { trackOf } from '../../../domain/report/kept-track.ts';
import type { KeptStep } from '../../../domain/report/throughput.ts';

/**
 * The job at earlier moments, in hindsight: everything is read off one view of it, so that a curve of the past agrees
 * with the ledger of the same range. `events` are those the view was made of; steps may be left out.
 */
export function createJobHistory(
  view: JobView,
  events: readonly JobScopedEvent[],
  live: LiveLimits,
): (at_us: number) => JobView {
  const accountAt = accountHistory(view.account, live);
  const stretches = stretchesOf(view.account.segments);
  const places = events.filter(({ type }) => type === 'attempt_start' || type === 'placement');
  const specs = new Map<number | null, ResolvedSpec>();
  const specAt = (at_us: number): ResolvedSpec => {
    const devices = devicesOf(places, at_us, view.history.merged.device_count);
    const spec =
      specs.get(devices) ?? resolveSpec(view.history.merged, devices, view.site.hardware_overrides);
    specs.set(devices, spec);
    return spec;
  };
  return (at_us) => {
    const account = { ...accountAt(at_us), segments: segmentsUntil(stretches, at_us) };
    const [kept, measured] = [endedBy(view.kept, at_us), endedBy(view.measured, at_us)];
    return {
      ...view,
      at_us,
      account,
      timeline: timelineOf(account),
      spec: specAt(at_us),
      kept,
      measured,
      track: trackOf(kept, measured, view.history.changed_at_us),
    };
  };
}

/** Kept steps are in order of their end. */
function endedBy(steps: readonly KeptStep[], at_us: number): readonly KeptStep[] {
  return steps.slice(
    0,
    upperBound(steps.length, (index) => steps[index]?.end_us ?? 0, at_us),
  );
}
