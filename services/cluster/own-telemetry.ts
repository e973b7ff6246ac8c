import { processEnvironment } from '../../platform/environment.ts';
import type { Log } from '../../platform/log.ts';
import { type TelemetryConfig, withStandardVariables } from '../../platform/telemetry/config.ts';
import { measureProcess } from '../../platform/telemetry/process-metrics.ts';
import { startTelemetry, type Telemetry } from '../../platform/telemetry/telemetry.ts';
import { headwayVersion } from '../../platform/version.ts';

/** What a process says of itself, its memory and processor time among it. */
export interface OwnTelemetry {
  readonly telemetry: Telemetry;
  close(): Promise<void>;
}

export function openOwnTelemetry(config: TelemetryConfig, log: Log): OwnTelemetry {
  const own = withStandardVariables(config, processEnvironment());
  const telemetry = startTelemetry(own, { log, version: headwayVersion() });
  const measured = measureProcess(telemetry.meter, own);
  return {
    telemetry,
    async close() {
      measured.stop();
      await telemetry.shutdown();
    },
  };
}
