import { MFU_CONVENTIONS } from '../../../domain/catalog/derived-metrics.ts';
import { energyOf } from '../../../domain/report/energy.ts';
import type { WindowView } from './device-window.ts';
import type { SampleList } from './metric-sample.ts';

/** Energy of the job's devices over its newest kept steps. */
export function addEnergySamples(list: SampleList, window: WindowView | null): void {
  if (window === null) return;
  const energy = energyOf(window);
  if (energy === null) return;
  list.add('headway_joules_per_token', energy.joules_per_token);
  list.add('headway_joules_per_step', energy.joules_per_step);
  list.add('headway_job_device_power_watts', energy.device_power_w);
  for (const convention of MFU_CONVENTIONS) {
    list.add('headway_flops_per_watt', energy.flops_per_watt?.[convention], { convention });
  }
}
