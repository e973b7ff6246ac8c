import { describe, expect, it } from 'vitest';

/** The page is plain JavaScript for browsers; what is pure in it runs here as well. */
async function pageModule<Exports>(name: string): Promise<Exports> {
  return await import(new URL(`../../../../../services/api/web/page/${name}`, import.meta.url).href);
}

type Points = readonly (readonly [number, number | null])[];
interface View {
  start_s: number;
  end_s: number;
  step_s: number;
  live: boolean;
}

const VIEW: View = { start_s: 0, end_s: 100, step_s: 10, live: true };

describe('units', async () => {
  const { formatValue } = await pageModule<{
    formatValue: (value: number, unit: string, decimals?: number) => string;
  }>('units.js');
  const shown = (...parameters: Parameters<typeof formatValue>) =>
    formatValue(...parameters).replaceAll('\u202f', ' ');

  it.each([
    [0.358, 'percentunit', undefined, '35.8 %'],
    [1, 'percentunit', 1, '100.0 %'],
    [100, 'percent', undefined, '100 %'],
    [0, 's', undefined, '0 s'],
    [0.0000042, 's', undefined, '4.20 µs'],
    [0.2, 's', undefined, '200 ms'],
    [1.608, 's', undefined, '1.61 s'],
    [11.045, 's', 3, '11.045 s'],
    [59.6, 's', undefined, '59.6 s'],
    [60, 's', undefined, '1 min'],
    [353, 's', undefined, '5 min 53 s'],
    [3599.7, 's', undefined, '1 h'],
    [9000, 's', undefined, '2 h 30 min'],
    [86_400 * 3 + 3600, 's', undefined, '3 d 1 h'],
    [640, 'watt', undefined, '640 W'],
    [12_345, 'watt', undefined, '12.3 kW'],
    [131_072, 'suffix: tok/s', undefined, '131 072 tok/s'],
    [16.023, 'suffix: device-h', 2, '16.02 device-h'],
    [1_500_000, 'short', undefined, '1.50 M'],
    [-0.05, 'percentunit', undefined, '−5.0 %'],
    [0.29, 'none', undefined, '0.29'],
    [0.0000003, 'suffix: h', undefined, '< 0.0001 h'],
    [0.0004, 'percentunit', 1, '< 0.1 %'],
    [0, 'percentunit', 1, '0.0 %'],
    [Number.NaN, 's', undefined, 'not a number'],
    [Number.POSITIVE_INFINITY, 's', undefined, '∞'],
  ])('%s %s (%s decimals) is %s', (value, unit, decimals, expected) => {
    expect(shown(value, unit, decimals)).toBe(expected);
  });
});

describe('time ranges', async () => {
  const { timeOf, viewOf, stepFor } = await pageModule<{
    timeOf: (text: string, now_s: number) => number | null;
    stepFor: (length_s: number) => number;
    viewOf: (
      choice: { from: string; to: string },
      now_s: number,
      span: { first_s: number; newest_s: number; open: boolean } | null,
    ) => View;
  }>('time-range.js');

  it('reads relative, epoch and ISO times, and nothing else', () => {
    expect(timeOf('now', 1000)).toBe(1000);
    expect(timeOf('now-15m', 1000)).toBe(100);
    expect(timeOf('1700000000000', 0)).toBe(1_700_000_000);
    expect(timeOf('2023-11-14T22:13:20Z', 0)).toBe(1_700_000_000);
    expect(timeOf('yesterday', 0)).toBeNull();
  });

  it('draws no more points than a panel can show', () => {
    for (const length_s of [10, 300, 900, 86_400, 604_800, 86_400 * 900]) {
      expect(length_s / stepFor(length_s)).toBeLessThanOrEqual(240);
    }
  });

  it('keeps the points in place while time goes on', () => {
    const [one, other] = [1_700_000_001.3, 1_700_000_002.9].map((now) =>
      viewOf({ from: 'now-15m', to: 'now' }, now, null),
    );
    expect(one?.start_s).toBe(other?.start_s);
    expect(one?.step_s).toBe(5);
  });

  it('shows the whole run: of a past job to its end, of a running one up to now', () => {
    const run = { from: 'run', to: 'now' };
    const past = viewOf(run, 1_700_000_000, { first_s: 1_600_000_007, newest_s: 1_600_003_601, open: false });
    expect(past.live).toBe(false);
    expect(past.start_s).toBeLessThanOrEqual(1_600_000_007);
    // The last point of a run lies at or after its last event.
    expect(past.end_s).toBeGreaterThanOrEqual(1_600_003_601);
    expect(past.end_s).toBeLessThan(1_600_003_601 + 60);
    // Hanging for an hour: its run goes up to now, or the page would show it as it was when all was well.
    const open = viewOf(run, 1_700_000_000, { first_s: 1_699_990_000, newest_s: 1_699_996_400, open: true });
    expect([open.live, open.end_s]).toEqual([true, 1_700_000_000]);
  });
});

describe('variables', async () => {
  const { substituted, lacksVariable } = await pageModule<{
    substituted: (expr: string, values: Record<string, string>, view: View) => string;
    lacksVariable: (expr: string, values: Record<string, string>) => boolean;
  }>('variables.js');

  it('puts values in and lets none end its string', () => {
    expect(substituted('up{job="$job"}', { job: 'a' }, VIEW)).toBe('up{job="a"}');
    expect(substituted('up{job="$job"}', { job: '"} or vector(1) # \\' }, VIEW)).toBe(
      'up{job="\\"} or vector(1) # \\\\"}',
    );
    expect(substituted('rate(x[$__rate_interval])', {}, VIEW)).toBe('rate(x[60s])');
    expect(substituted('x{a="$unknown"}', {}, VIEW)).toBe('x{a="$unknown"}');
    expect(substituted('label_replace(x, "a", "$1 $2", "b", "(.)(.)")', { 1: 'no' }, VIEW)).toContain(
      '"$1 $2"',
    );
  });

  it('knows which expressions lack a value', () => {
    expect(lacksVariable('up{job="$job"}', {})).toBe(true);
    expect(lacksVariable('up{job="$job"}', { job: '' })).toBe(false);
    expect(lacksVariable('rate(x[$__rate_interval])', {})).toBe(false);
    expect(lacksVariable('label_replace(x, "a", "$1", "b", "(.+)")', {})).toBe(false);
  });
});

describe('the address', async () => {
  interface Address {
    dashboard: string | null;
    range: { from: string; to: string } | null;
    variables: Record<string, string>;
  }
  const { readAddress, writeAddress } = await pageModule<{
    readAddress: (search: string) => Address;
    writeAddress: (address: Address) => string;
  }>('address.js');

  it('says the same view when it is read again', () => {
    const address: Address = {
      dashboard: 'headway-job-overview',
      range: { from: 'now-6h', to: 'now' },
      variables: { job: 'a & b?' },
    };
    expect(readAddress(writeAddress(address))).toEqual(address);
  });

  it('reads the spelling of Grafana too, and is short when nothing was chosen', () => {
    expect(readAddress('?var-job=x&from=1&to=2')).toEqual({
      dashboard: null,
      range: { from: '1', to: '2' },
      variables: { job: 'x' },
    });
    expect(writeAddress({ dashboard: null, range: null, variables: {} })).toBe('.');
  });
});

describe('the waterfall', async () => {
  interface Bar {
    name: string;
    begin: number;
    end: number;
    role: string;
  }
  const { cascadeOf, remainderOf } = await pageModule<{
    cascadeOf: (values: { name: string; value: number }[]) => Bar[];
    remainderOf: (values: { name: string; value: number }[]) => number;
  }>('bar-gauge.js');

  it('knows what the parts leave of the whole', () => {
    const values = (...of: number[]) => of.map((value, index) => ({ name: `${index}`, value }));
    expect(remainderOf(values(100, 15, 5, 80))).toBe(0);
    expect(remainderOf(values(100, 15, 5, 80.05))).toBe(0);
    expect(remainderOf(values(100, 15, 75))).toBe(10);
    expect(remainderOf(values(100))).toBe(0);
  });

  it('hangs each loss at the end of the one above, down to what is left', () => {
    const bars = cascadeOf([
      { name: 'paid', value: 100 },
      { name: 'lost_work', value: 15 },
      { name: 'down', value: 5 },
      { name: 'productive', value: 80 },
    ]);
    expect(bars.map(({ role }) => role)).toEqual(['whole', 'loss', 'loss', 'rest']);
    expect(bars.map(({ begin, end }) => [begin, end])).toEqual([
      [0, 1],
      [0.85, 1],
      [0.8, 0.85],
      [0, 0.8],
    ]);
  });
});

describe('the state timeline', async () => {
  const { stretchesOf } = await pageModule<{
    stretchesOf: (points: Points, view: View) => { from_s: number; to_s: number; value: number }[];
  }>('state-timeline.js');

  it('joins equal neighbours and leaves a gap where nothing is known', () => {
    const points: Points = [
      [0, 2],
      [10, 2],
      [20, 5],
      [50, 5],
      [60, null],
      [100, 2],
    ];
    expect(stretchesOf(points, VIEW)).toEqual([
      { from_s: 0, to_s: 20, value: 2 },
      { from_s: 20, to_s: 30, value: 5 },
      { from_s: 50, to_s: 60, value: 5 },
      { from_s: 100, to_s: 100, value: 2 },
    ]);
  });
});

describe('tables', async () => {
  interface Answer {
    series: { labels: Record<string, string>; points: Points }[];
  }
  const { rowsOf } = await pageModule<{
    rowsOf: (panel: { targets: { refId: string }[] }, answers: Answer[]) => Map<string, unknown>[];
  }>('table.js');

  it('joins the rows of several queries by the labels they share', () => {
    const rows = rowsOf({ targets: [{ refId: 'A' }, { refId: 'B' }] }, [
      {
        series: [
          { labels: { __name__: 'info', incident: 'i/1', node: 'n1' }, points: [[0, 1]] },
          { labels: { __name__: 'info', incident: 'i/2', node: '' }, points: [[0, 1]] },
        ],
      },
      { series: [{ labels: { incident: 'i/2' }, points: [[0, 12]] }] },
    ]);
    expect(rows.map((row) => [row.get('incident'), row.get('node'), row.get('Value #B')])).toEqual([
      ['i/1', 'n1', undefined],
      ['i/2', '', 12],
    ]);
  });
});

describe('the banner', async () => {
  interface Firing {
    job: string;
    pending: boolean;
  }
  const { arranged } = await pageModule<{
    arranged: (
      firing: readonly Firing[],
      shown: string | undefined,
    ) => Record<'full' | 'brief', readonly (readonly Firing[])[]>;
  }>('alerts.js');
  const [dead, slow, young] = [
    { job: 'dead', pending: false },
    { job: 'slow', pending: false },
    { job: 'young', pending: true },
  ];
  const names = (shown: string | undefined, firing: readonly Firing[]) => {
    const { full, brief } = arranged(firing, shown);
    return [full, brief].map((jobs) => jobs.map(([first]) => first?.job));
  };

  it('shows the job on the screen first and in full, the others in a line', () => {
    expect(names('slow', [dead, slow, young])).toEqual([['slow'], ['dead', 'young']]);
    expect(names('dead', [dead, slow, young])).toEqual([['dead'], ['slow', 'young']]);
  });

  it('shows the most urgent of the others in full while nothing of the job on the screen fires', () => {
    expect(names('well', [dead, slow, young])).toEqual([['dead'], ['slow', 'young']]);
    expect(names(undefined, [dead, slow])).toEqual([['dead'], ['slow']]);
    expect(names('young', [dead, slow, young])).toEqual([['young', 'dead'], ['slow']]);
    expect(names('well', [young])).toEqual([[], ['young']]);
  });

  it('keeps the alerts of one job together', () => {
    expect(arranged([dead, slow, dead], 'dead').full).toEqual([[dead, dead]]);
  });
});
