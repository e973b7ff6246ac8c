import { BusRefused, type BusWriter } from '../../../platform/bus/bus.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { createSeriesEncoder } from '../../../platform/series/series-encoder.ts';
import type { CollectorCounters } from '../collector-counters.ts';
import type { ScrapeLimits } from '../config.ts';
import { createPageDecoder, type DecodedPage } from '../decoders/prometheus-text.ts';
import { createPageNormalizer, type DropReason, type NormalizedPage } from '../normalize/page-normalizer.ts';
import { encodeScrape } from '../normalize/scrape-batches.ts';
import { getPage, PageFailed } from './http-page.ts';
import type { ScrapeTarget } from './scrape-target.ts';

export interface ScrapeDependencies {
  readonly bus: BusWriter;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ScrapeLimits;
  readonly counters: CollectorCounters;
}

/** How one scrape went. Whatever it was, the health of the target is on the bus unless `refused` says otherwise. */
export interface ScrapeOutcome {
  readonly is_up: boolean;
  /** What was wrong with the page or the way to it; null when nothing was. */
  readonly problem: string | null;
  /** Why the bus did not take it; null when it did. */
  readonly refused: string | null;
  readonly samples: number;
  readonly devices: number;
  readonly bad_lines: number;
  readonly dropped: ReadonlyMap<DropReason, number>;
}

export interface TargetScraper {
  /** One scrape, to be called again only when the last has ended. Never throws: every failure is an outcome. */
  scrape(signal: AbortSignal): Promise<ScrapeOutcome>;
}

/** Scrapes one target: fetch, decode, normalize, publish. Keeps the layout of its last page and what it has. */
export function createTargetScraper(target: ScrapeTarget, deps: ScrapeDependencies): TargetScraper {
  const { limits, clock } = deps;
  const decoder = createPageDecoder(limits);
  const normalizer = createPageNormalizer(target.labels, target.url.hostname, limits);
  const points = createSeriesEncoder();
  const report = createStateLog(target, deps.log);

  return {
    async scrape(signal) {
      const started_us = clock.now_us();
      const ts_ms = Math.round(started_us / 1000);
      const read = await readTarget(target, decoder.decode, limits, signal);
      const duration_s = (clock.now_us() - started_us) / 1e6;
      const page = read.page === undefined ? normalizer.down(ts_ms) : normalizer.page(read.page, ts_ms);
      const refused = signal.aborted
        ? 'the collector stops'
        : await publish(page, read.page !== undefined, duration_s, ts_ms);
      const outcome = outcomeOf(read, page, refused);
      if (!signal.aborted) {
        deps.counters.scraped(target, outcome, duration_s);
        report(outcome, read.page);
      }
      return outcome;
    },
  };

  async function publish(page: NormalizedPage, is_up: boolean, duration_s: number, ts_ms: number) {
    const dropped = [...page.dropped.values()].reduce((sum, count) => sum + count, 0);
    const { samples, series_added } = page;
    const health = { is_up, duration_s, samples, samples_kept: samples - dropped, series_added };
    return publishScrape(deps.bus, encodeScrape(page, health, target.labels, ts_ms, points));
  }
}

interface TargetRead {
  readonly page: DecodedPage | undefined;
  readonly problem: string | null;
}

async function readTarget(
  target: ScrapeTarget,
  decode: ReturnType<typeof createPageDecoder>['decode'],
  limits: ScrapeLimits,
  signal: AbortSignal,
): Promise<TargetRead> {
  try {
    const { bytes, format, is_whole } = await getPage(target, limits.page_bytes_max, signal);
    const page = decode(bytes, { format, cut: !is_whole });
    if (page.not_metrics !== null) return { page: undefined, problem: `not metrics: ${page.not_metrics}` };
    return { page, problem: problemOf(page) };
  } catch (error) {
    if (!(error instanceof PageFailed)) throw error;
    return { page: undefined, problem: `${error.code}: ${error.message}` };
  }
}

function problemOf(page: DecodedPage): string | null {
  const first = page.bad_lines[0];
  if (first === undefined) return null;
  return `${page.bad_line_count} bad line(s), the first is line ${first.line}: ${first.message}`;
}

/** Null when the batches are durable; why not, otherwise. A refused scrape is a gap: the next one is newer anyway. */
async function publishScrape(
  bus: BusWriter,
  encoded: ReturnType<typeof encodeScrape>,
): Promise<string | null> {
  try {
    await bus.publish(encoded.batches);
  } catch (error) {
    if (error instanceof BusRefused) return `${error.code}: ${error.message}`;
    throw error;
  }
  encoded.confirm();
  return null;
}

function outcomeOf(
  { page, problem }: TargetRead,
  normalized: NormalizedPage,
  refused: string | null,
): ScrapeOutcome {
  const devices = new Set(
    page === undefined ? [] : normalized.rows.map(({ group }) => group.identity.device_uid),
  );
  return {
    is_up: page !== undefined,
    problem,
    refused,
    samples: normalized.samples,
    devices: devices.size,
    bad_lines: page?.bad_line_count ?? 0,
    dropped: normalized.dropped,
  };
}

/** One line when a target's state changes, none while it stays. */
function createStateLog(target: ScrapeTarget, log: Log) {
  let last: string | undefined;
  return (outcome: ScrapeOutcome, page: DecodedPage | undefined): void => {
    const state =
      outcome.refused !== null ? 'refused' : !outcome.is_up ? 'down' : page?.bad_line_count ? 'bad' : 'up';
    if (state === last) return;
    const first = last === undefined;
    last = state;
    const fields = { job: target.job, target: target.instance, url: target.url.href };
    if (state === 'refused') log.error('scrape was not stored', { ...fields, reason: outcome.refused });
    else if (state === 'down') log.warn('scrape failed', { ...fields, reason: outcome.problem });
    else if (state === 'bad') log.warn('page has bad lines', { ...fields, reason: outcome.problem });
    else if (!first) log.info('target is back', { ...fields, samples: outcome.samples });
  };
}
