import type { RunEvent } from '../../../../../../domain/events.ts';
import {
  type DecodedLog,
  type DecodeOptions,
  decodeLog,
} from '../../../../../../services/collector/decoders/logs/decode-log.ts';

type Fields = Readonly<Record<string, unknown>>;

export function decoded(lines: readonly string[], options: Partial<DecodeOptions> = {}): DecodedLog {
  return decodeLog(lines.join('\n'), { job: 'j', ...options });
}

export function ofType<T extends RunEvent['type']>(
  log: DecodedLog,
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return log.events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

/** Type, attempt and step or kind of every event, in order: the story of a log at a glance. */
export function story(log: DecodedLog): string[] {
  return log.events.map((event) => {
    const { type, attempt, step, kind, clean, cause } = event as unknown as Fields;
    return [type, attempt, step ?? kind ?? cause ?? clean].filter((part) => part !== undefined).join(' ');
  });
}

/** Seconds of the day of a time in microseconds. */
export function clock(us: number | undefined): string {
  return us === undefined ? 'never' : new Date(us / 1000).toISOString().slice(11, 23);
}

export function seconds(event: { readonly start_us: number; readonly end_us?: number }): number {
  return ((event.end_us ?? Number.NaN) - event.start_us) / 1e6;
}
