import { createHash } from 'node:crypto';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { TargetScraper } from './scrape.ts';
import type { ScrapeTarget } from './scrape-target.ts';

export interface ScrapeLoop {
  /** Ends the scrape that runs and starts no other. */
  stop(): Promise<void>;
}

/**
 * Scrapes one target again and again, at its own offset inside the interval, so that the targets of a fleet do not
 * all answer at once. A scrape that outlasts the interval makes the next one wait for the turn after: never two at
 * once.
 */
export function startScrapeLoop(
  target: ScrapeTarget,
  scraper: TargetScraper,
  clock: Clock,
  log: Log,
): ScrapeLoop {
  const stopping = new AbortController();
  const running = (async () => {
    while (await waitUntil(nextTurn_us(target, clock.now_us()), clock, stopping.signal)) {
      try {
        await scraper.scrape(stopping.signal);
      } catch (error) {
        // A defect of ours: said once a scrape, and the other targets go on.
        log.error('scrape broke', { target: target.instance, reason: String(error) });
      }
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The first time after `now_us` that is the target's offset plus a whole number of intervals, microseconds. */
export function nextTurn_us(target: ScrapeTarget, now_us: number): number {
  const interval_us = Math.round(target.interval_s * 1e6);
  const hash = createHash('sha1').update(`${target.job} ${target.url.href}`).digest().readUInt32LE(0);
  const offset_us = Math.floor((hash / 2 ** 32) * interval_us);
  return (Math.floor((now_us - offset_us) / interval_us) + 1) * interval_us + offset_us;
}

/** False when stopped before. */
function waitUntil(at_us: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (isTime: boolean) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(isTime);
    };
    const onAbort = finish(false);
    const timer = setTimeout(finish(true), Math.max(0, (at_us - clock.now_us()) / 1000));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
