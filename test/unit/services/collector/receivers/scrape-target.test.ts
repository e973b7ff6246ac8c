import { describe, expect, it } from 'vitest';
import { nextTurn_us } from '../../../../../services/collector/receivers/scrape-loop.ts';
import { scrapeTargets } from '../../../../../services/collector/receivers/scrape-target.ts';
import { LIMITS } from '../page-limits.ts';

describe('scrape jobs of a configuration', () => {
  it('become targets with their defaults', () => {
    const [first, second] = scrapeTargets(
      [{ name: 'dcgm', targets: ['n1:9400', '[::1]:9401'], labels: { rack: 'r1' }, bearer_token: 't' }],
      LIMITS,
    );
    expect(first).toMatchObject({
      job: 'dcgm',
      instance: 'n1:9400',
      interval_s: 15,
      timeout_s: 10,
      labels: { job: 'dcgm', instance: 'n1:9400', rack: 'r1' },
      authorization: 'Bearer t',
    });
    expect(first?.url.href).toBe('http://n1:9400/metrics');
    expect(second?.url.hostname).toBe('[::1]');
  });

  it('shorten the default timeout to a short interval', () => {
    const [target] = scrapeTargets([{ name: 'a', targets: ['n:1'], interval_s: 2 }], LIMITS);
    expect(target?.timeout_s).toBe(2);
  });

  it.each([
    ['dcgm', 'collector.scrape[0]: a scrape job must be a mapping'],
    [{ targets: ['n:1'] }, 'collector.scrape[0].name: is missing'],
    [{ name: 'a' }, 'collector.scrape[0].targets: must be a list'],
    [{ name: 'a', targets: ['n:1', 7] }, 'collector.scrape[0].targets[1]: must be host:port'],
    [{ name: 'a', targets: ['http://n:1/x'] }, 'collector.scrape[0].targets[0]'],
    [{ name: 'a', targets: ['n:99999'] }, 'collector.scrape[0].targets[0]'],
    [{ name: 'a', targets: ['n:1'], interval: 5 }, 'collector.scrape[0].interval: unknown setting'],
    [{ name: 'a', targets: ['n:1'], interval_s: '5' }, 'collector.scrape[0].interval_s: must be a number'],
    [{ name: 'a', targets: ['n:1'], interval_s: 5, timeout_s: 6 }, 'collector.scrape[0].timeout_s'],
    [{ name: 'a', targets: ['n:1'], scheme: 'ftp' }, 'collector.scrape[0].scheme'],
    [{ name: 'a', targets: ['n:1'], labels: { job: 'x' } }, 'collector.scrape[0].labels.job'],
    [{ name: 'a', targets: ['n:1'], bearer_token: 'x', username: 'u' }, 'exclude each other'],
    [{ name: 'a', targets: ['n:1', 'n:1'] }, 'twice'],
  ])('are refused by place: %j', (job, message) => {
    expect(() => scrapeTargets([job], LIMITS)).toThrow(message);
  });

  it('are no more than targets_max', () => {
    const jobs = [{ name: 'a', targets: ['n:1', 'n:2'] }];
    expect(() => scrapeTargets(jobs, { ...LIMITS, targets_max: 1 })).toThrow('targets_max');
  });
});

describe('the turns of a target', () => {
  const target = (instance: string) => {
    const [one] = scrapeTargets([{ name: 'a', targets: [instance], interval_s: 10 }], LIMITS);
    if (one === undefined) throw new Error('no target');
    return one;
  };

  it('come an interval apart and after now', () => {
    const now_us = 1_700_000_000_000_000;
    const first = nextTurn_us(target('n:1'), now_us);
    expect(first).toBeGreaterThan(now_us);
    expect(first - now_us).toBeLessThanOrEqual(10_000_000);
    expect(nextTurn_us(target('n:1'), first)).toBe(first + 10_000_000);
  });

  it('are spread over the interval', () => {
    const offsets = Array.from({ length: 200 }, (_, n) => nextTurn_us(target(`n${n}:1`), 0) % 10_000_000);
    const tenths = new Set(offsets.map((offset) => Math.floor(offset / 1_000_000)));
    expect(tenths.size).toBe(10);
  });
});
