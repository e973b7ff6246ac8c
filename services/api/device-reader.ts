import type { JobScopedEvent } from '../../domain/events.ts';
import type { JobView } from '../../domain/report/job-view.ts';
import { type TelemetrySummary, telemetrySummary } from '../../domain/report/telemetry.ts';
import { telemetryRequest } from '../../domain/report/telemetry-request.ts';
import type { Log } from '../../platform/log.ts';
import {
  type DeviceTelemetryConfig,
  readDeviceTelemetry,
  readSeriesMean,
} from '../../platform/store/device-telemetry.ts';
import type { Store } from '../../platform/store/store.ts';

/** Reads what the devices of a job told while they were the job's. */
export interface DeviceReader {
  /**
   * Telemetry of the view's job over its range. Null where no event says where the job ran, where its devices told
   * nothing, and where reading failed, which is logged: a report without telemetry is still a report.
   */
  telemetry(view: JobView, events: readonly JobScopedEvent[]): Promise<TelemetrySummary | null>;
}

export function createDeviceReader(store: Store, config: DeviceTelemetryConfig, log: Log): DeviceReader {
  return {
    async telemetry(view, events) {
      const request = telemetryRequest(view, events);
      if (request === null) return null;
      try {
        const { pue_series } = view.site.power;
        const [{ buckets, memory }, pue] = await Promise.all([
          readDeviceTelemetry(store, request, config),
          pue_series === null ? null : readSeriesMean(store, pue_series, request, config),
        ]);
        return telemetrySummary(request, buckets, memory, pue);
      } catch (error) {
        log.warn('device telemetry of a job could not be read', { job: view.job, error: String(error) });
        return null;
      }
    },
  };
}
