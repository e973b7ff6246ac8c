import type { ToUtc } from '../log-format.ts';
import { numberFrom } from '../log-text.ts';
import { timeIn } from '../log-time.ts';

/** `2025-06-25 12:55:24,823 - root - INFO - message`, after whatever tags the launcher and the logger put before it. */
const RECORD = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - \S+ - [A-Z]+ - (.*)$/;
const STEP = /^step:\s*(\d+)\s+loss:/;
const VALIDATION = /^validate step:\s*(\d+)\s+loss:/;
const FIELD = /\b(tps|wps|tflops|mfu):\s*(\S+)/g;

export interface TorchtitanRecord {
  readonly time_us: number;
  readonly message: string;
}

export interface TorchtitanStep {
  readonly step: number;
  readonly tokens_per_s_per_device: number | undefined;
  readonly tflops: number | undefined;
  readonly mfu_ratio: number | undefined;
}

export function recordIn(text: string, toUtc: ToUtc): TorchtitanRecord | undefined {
  const match = RECORD.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const time_us = timeIn(match[1], toUtc);
  return time_us === undefined ? undefined : { time_us, message: match[2] };
}

/**
 * A metrics line. `wps` (2024) and `tps` are both tokens per second per device; `tflops` came in 2025; `mfu` is in
 * percent, or `N/A` under quantisation. A line that was cut keeps the fields it still has.
 */
export function stepIn(message: string): TorchtitanStep | undefined {
  const match = STEP.exec(message);
  if (match === null) return undefined;
  const fields = new Map<string, number | undefined>();
  for (const [, name, value] of message.matchAll(FIELD)) fields.set(name ?? '', numberFrom(value));
  const mfu = fields.get('mfu');
  return {
    step: Number(match[1]),
    tokens_per_s_per_device: fields.get('tps') ?? fields.get('wps'),
    tflops: fields.get('tflops'),
    // Printed with two decimals: the division must not add digits of its own.
    mfu_ratio: mfu === undefined ? undefined : Number((mfu / 100).toFixed(6)),
  };
}

export function validationIn(message: string): number | undefined {
  const match = VALIDATION.exec(message);
  return match === null ? undefined : Number(match[1]);
}

/** A step line that lost its time: it cannot be placed. */
export function isStepWithoutTime(text: string): boolean {
  return /\bstep:\s*\d+\s+loss:\s*\S+.*\b(?:tps|wps|memory):/.test(text) && !/validate step:/.test(text);
}
