import { ofuOf } from '../../../domain/report/ofu.ts';
import type { WindowView } from './device-window.ts';
import type { SampleList } from './metric-sample.ts';

/** What the tensor units of the job's devices did over its newest kept steps: MFU cannot truly lie above it. */
export function addOfuSamples(list: SampleList, window: WindowView | null): void {
  if (window === null) return;
  list.add('headway_job_ofu_ratio', ofuOf(window.telemetry, window.spec).ofu_ratio);
}
