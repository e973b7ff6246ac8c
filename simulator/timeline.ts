import type { RunEvent } from '../domain/events.ts';
import type { Beat, TimedEvent } from './beat.ts';
import type { TrueStretch } from './truth.ts';

export interface Timeline {
  /** Tells the story up to `now_us`; calls back for each stretch that passed, in order and without a gap. */
  advanceTo(now_us: number): void;
  /** Takes out what has become known by the instant last advanced to. */
  takeReports(): RunEvent[];
  /** The next instant at which something is reported or changes. */
  next_us(): number;
  /** What happened so far, and the stretch under way. */
  stretches(): TrueStretch[];
}

/** Walks along an endless story as time passes, so that it is only ever told up to now. */
export function createTimeline(
  story: Iterator<Beat>,
  passed: (beat: Beat, from_us: number, to_us: number) => void,
): Timeline {
  const past: TrueStretch[] = [];
  const pending: TimedEvent[] = [];
  let beat = next(story);
  let now_us = beat.from_us;
  pending.push(...beat.events);
  return {
    advanceTo(time_us) {
      while (beat.to_us <= time_us) {
        passed(beat, now_us, beat.to_us);
        now_us = beat.to_us;
        past.push(stretchOf(beat));
        beat = next(story);
        pending.push(...beat.events);
      }
      if (time_us > now_us) {
        passed(beat, now_us, time_us);
        now_us = time_us;
      }
    },
    takeReports() {
      const later = pending.findIndex((one) => one.at_us > now_us);
      return pending.splice(0, later === -1 ? pending.length : later).map((one) => one.event);
    },
    next_us: () => Math.min(beat.to_us, pending[0]?.at_us ?? beat.to_us),
    stretches: () => [...past, stretchOf(beat)],
  };
}

function stretchOf({ from_us, to_us, account, failure, slowdown }: Beat): TrueStretch {
  return {
    from_us,
    to_us,
    account,
    ...(failure === undefined ? {} : { failure }),
    ...(slowdown === undefined ? {} : { slowdown }),
  };
}

function next(story: Iterator<Beat>): Beat {
  const { value, done } = story.next();
  if (done === true)
    throw new Error('The scenario ended: a scenario has to go on for as long as it is watched.');
  return value;
}
