import type { StepPhases } from '../../../../domain/events.ts';
import type { StepTimers } from './step-line-decoder.ts';

/** `Timer 'train_batch_iter' (cuda): 5120.40ms total, 512.04ms avg, 10 calls`, sums since the process started. */
const TIMER = /\bTimer '([\w-]+)' \((?:cpu|cuda)\): ([\d.]+)ms total, [\d.]+ms avg, (\d+) calls\s*$/;
const FRAME = /-{4} Timing Information -{4}\s*$|:\s*-{28}\s*$|^-{28}\s*$/;
/** Runs once a step, around forward and backward of all micro batches and what they wait for. */
const STEP_TIMER = 'train_batch_iter';
/** Runs once a micro batch, inside of it. */
const DATA_TIMER = 'dataloader_fetch';
const SYNC_TIMER = 'sync_gradients';

interface Sum {
  readonly ms: number;
  readonly calls: number;
}

/**
 * Timers of nanotron (`logging/timers.py`, `log` and `log_all`, 2025-2026, with `ENABLE_TIMERS=1`). They are sums, so a
 * print tells of the steps since the one before it: as many as `train_batch_iter` was called. Forward and backward less
 * the wait for data are computing, with the sends and the bubble of a pipeline in them, as nothing tells them apart;
 * `sync_gradients` is communication; clipping and optimizer are in the rest.
 */
export class NanotronTimers implements StepTimers {
  private readonly sums = new Map<string, Sum>();
  private before: ReadonlyMap<string, Sum> = new Map();
  private stream: string | undefined;

  take(text: string, stream: string): boolean {
    const match = TIMER.exec(text);
    if (match?.[1] === undefined) return FRAME.test(text);
    // with `rank=None` every rank prints its own: one of them stands for all
    this.stream ??= stream;
    if (this.stream === stream) this.sums.set(match[1], { ms: Number(match[2]), calls: Number(match[3]) });
    return true;
  }

  phases(steps: number | undefined): StepPhases | undefined {
    const calls = this.sinceBefore(STEP_TIMER)?.calls;
    if (calls === undefined) return undefined;
    const known = calls === (steps ?? 1) ? this.phasesOf(calls) : undefined;
    this.before = new Map(this.sums);
    return known;
  }

  private phasesOf(steps: number): StepPhases {
    const [batches, data, sync] = [STEP_TIMER, DATA_TIMER, SYNC_TIMER].map((name) => {
      const since = this.sinceBefore(name);
      return since === undefined ? undefined : since.ms / 1000 / steps;
    });
    return {
      ...(batches === undefined ? {} : { compute: batches - (data ?? 0) }),
      ...(sync === undefined ? {} : { comm: sync }),
      ...(data === undefined ? {} : { io: data }),
    };
  }

  /** What was added since the print before; undefined where nothing was, or a new process began to count. */
  private sinceBefore(name: string): Sum | undefined {
    const now = this.sums.get(name);
    const then = this.before.get(name) ?? { ms: 0, calls: 0 };
    if (now === undefined || now.calls < then.calls || now.ms < then.ms) return now;
    return now.calls === then.calls ? undefined : { ms: now.ms - then.ms, calls: now.calls - then.calls };
  }
}

/**
 * The same as fields of the progress line, `timers/train_batch_iter: 0.51`: seconds of the last call, with two decimals.
 * nanotron adds them to what it logs elsewhere, behind the fields of the console; who prints all has them here. The wait
 * for data is that of one micro batch only, and is not told.
 */
export function phasesOfFields(fields: ReadonlyMap<string, number | undefined>): StepPhases | undefined {
  const compute = fields.get(`timers/${STEP_TIMER}`);
  const comm = fields.get(`timers/${SYNC_TIMER}`);
  if (compute === undefined && comm === undefined) return undefined;
  return { ...(compute === undefined ? {} : { compute }), ...(comm === undefined ? {} : { comm }) };
}
