import type { TelemetrySummary } from './telemetry.ts';

/** By what right devices are taken for the job's, for `quality.reasons`; nothing to say of named devices. */
export function telemetryNotes(telemetry: TelemetrySummary | null): Record<string, string> {
  if (telemetry === null || telemetry.placed_by === 'placement') return {};
  const sometimes = telemetry.placed_by === 'both' ? 'in some attempts ' : '';
  if (telemetry.is_ambiguous) {
    return {
      telemetry: `${sometimes}no placement events: the nodes' devices are more than the job holds, and which are its own is not known`,
    };
  }
  return {
    telemetry: `${sometimes}no placement events: all ${telemetry.devices} devices of the job's nodes are taken for its own`,
  };
}
