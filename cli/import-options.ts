import type { JobEvent } from '../domain/events.ts';
import type { LogOptions } from '../services/collector/decoders/logs/log-format.ts';
import { createZone } from '../services/collector/decoders/logs/log-time.ts';
import { architectureFromArgument, modelFromArgument } from './model-argument.ts';
import { usageFailure } from './outcome.ts';

export interface ImportOptions {
  readonly job?: string;
  readonly format: string;
  readonly devices?: string;
  readonly hardware?: string;
  readonly model?: string;
  readonly sequenceLength?: string;
  readonly dtype?: string;
  readonly timezone?: string;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** What the flags say about the job, checked before anything is read or stored; an unknown model is a usage failure. */
export async function knownOfJob(options: ImportOptions): Promise<Omit<LogOptions, 'job'>> {
  const { devices, hardware, model, sequenceLength, dtype, timezone } = options;
  if (model !== undefined) await architectureFromArgument(model);
  if (timezone !== undefined) checkZone(timezone);
  return {
    ...(devices === undefined ? {} : { devices: positiveInteger('--devices', devices) }),
    ...(hardware === undefined ? {} : { hardware }),
    ...(model === undefined ? {} : { model: await modelFromArgument(model) }),
    ...(sequenceLength === undefined
      ? {}
      : { sequence_length: positiveInteger('--sequence-length', sequenceLength) }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}

/** The same as a revision of the spec, for a file of run events; undefined when the flags say nothing. */
export function specRevision(job: string, known: Omit<LogOptions, 'job'>): JobEvent | undefined {
  const { devices, hardware, model, sequence_length, dtype } = known;
  const fields = {
    ...(devices === undefined ? {} : { device_count: devices }),
    ...(hardware === undefined ? {} : { hardware }),
    ...(model === undefined ? {} : { model }),
    ...(sequence_length === undefined ? {} : { sequence_length }),
    ...(dtype === undefined ? {} : { dtype }),
  };
  return Object.keys(fields).length === 0 ? undefined : { type: 'job', job, ...fields };
}

function positiveInteger(flag: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw usageFailure(`${flag} ${text} is not a whole number above 0.`);
}

function checkZone(zone: string): void {
  try {
    createZone(zone);
  } catch (error) {
    const mend = 'UTC, an offset such as +08:00, or a name such as Europe/Paris';
    throw usageFailure(`--timezone ${zone} is no time zone. Give ${mend}.`, error);
  }
}
