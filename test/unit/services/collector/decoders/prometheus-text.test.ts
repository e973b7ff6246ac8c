import { describe, expect, it } from 'vitest';
import { createPageDecoder } from '../../../../../services/collector/decoders/prometheus-text.ts';
import { decodeOnce, LIMITS, samplesOf } from '../page-limits.ts';

describe('a page in Prometheus text', () => {
  it('gives name, labels in name order, value and timestamp', () => {
    const page = decodeOnce(
      '# HELP a the help\n# TYPE a gauge\na{z="1",b="x y"} 1.5 1723621883587\nbare 2\n\n  spaced { q = "1" , } 3 \r\n',
    );
    expect(samplesOf(page)).toEqual([
      { series: 'a[["b","x y"],["z","1"]]', value: 1.5, timestamp_ms: 1723621883587 },
      { series: 'bare[]', value: 2, timestamp_ms: Number.NaN },
      { series: 'spaced[["q","1"]]', value: 3, timestamp_ms: Number.NaN },
    ]);
    expect(page.bad_line_count).toBe(0);
  });

  it('reads escapes, keeps other backslashes, and drops labels without a value', () => {
    const page = decodeOnce('a{path="C:\\\\x\\"y\\nz",raw="a\\d",empty=""} 1\n');
    expect(page.series[0]?.labels).toEqual([
      ['path', 'C:\\x"y\nz'],
      ['raw', 'a\\d'],
    ]);
  });

  it('reads quoted names and UTF-8', () => {
    const page = decodeOnce('{"metric.name",pod="größe","a/b"="1"} 1\n');
    expect(samplesOf(page)[0]?.series).toBe('metric.name[["a/b","1"],["pod","größe"]]');
  });

  it('counts bad lines with number and reason and keeps the others', () => {
    const page = decodeOnce(
      [
        'good 1',
        'cut{a="x',
        'unescaped{msg="said "hello""} 1',
        'no_value{a="1"}',
        'text_value hello',
        'huge 1e400',
        'hex 0x10',
        'twice{a="1",a="2"} 1',
        '9starts_with_digit 1',
        'two_numbers 1 2 3',
        'also_good 2',
      ].join('\n'),
    );
    expect(page.series.map(({ name }) => name)).toEqual(['good', 'also_good']);
    expect(page.bad_line_count).toBe(9);
    expect(page.bad_lines.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(page.bad_lines[0]?.message).toContain('does not end');
    expect(page.bad_lines[2]?.message).toContain('without a value');
    expect(page.not_metrics).toBeNull();
  });

  it('keeps the first of a series that stands twice, and both where their own times differ', () => {
    const page = decodeOnce('a{x="1",y="2"} 1\na{y="2",x="1"} 2\nb 1 1000\nb 2 2000\n');
    expect([...page.values]).toEqual([1, 1, 2]);
    expect(page.bad_lines[0]).toMatchObject({ line: 2, message: expect.stringContaining('twice') });
  });

  it.each([
    ['<!doctype html><html><body>Not here</body></html>\n', 'HTML'],
    ['{"status":"error","items":[1,2]}\n', 'JSON'],
    ['[\n  1\n]\n', 'JSON'],
    ['502 Bad Gateway\n', 'no line is a sample'],
  ])('says what a page is that is not metrics: %j', (text, what) => {
    expect(decodeOnce(text).not_metrics).toContain(what);
  });

  it('takes an empty page for metrics of nothing', () => {
    expect(decodeOnce('')).toMatchObject({ series: [], bad_line_count: 0, not_metrics: null });
    expect(decodeOnce('# only a comment\n').not_metrics).toBeNull();
  });

  it('takes a last line without its line feed, unless the page is known to be cut', () => {
    const bytes = Buffer.from('a 1\nb 12');
    expect([...createPageDecoder(LIMITS).decode(bytes).values]).toEqual([1, 12]);
    const cut = createPageDecoder(LIMITS).decode(bytes, { cut: true });
    expect([...cut.values]).toEqual([1]);
    expect(cut.bad_lines).toEqual([{ line: 2, message: 'the page ends inside this line' }]);
  });

  it('holds every limit by its name', () => {
    const limits = {
      ...LIMITS,
      line_bytes_max: 60,
      series_max: 3,
      labels_max: 2,
      name_bytes_max: 8,
      label_value_bytes_max: 5,
    };
    const lines = [
      `a{x="${'y'.repeat(80)}"} 1`,
      'b{x="1",y="2",z="3"} 1',
      'a_very_long_name 1',
      'c{x="123456"} 1',
      'ok{n="1"} 1',
      'ok{n="2"} 1',
      'ok{n="3"} 1',
      'ok{n="4"} 1',
    ];
    const page = decodeOnce(lines.join('\n'), 'prometheus', limits);
    expect(page.series.length).toBe(3);
    const named = ['line_bytes_max', 'labels_max', 'name_bytes_max', 'label_value_bytes_max', 'series_max'];
    expect(page.bad_lines.map(({ message }) => /\((\w+)\)$/.exec(message)?.[1])).toEqual(named);
  });

  it('names at most bad_lines_named_max lines and counts all', () => {
    const page = decodeOnce('!\n'.repeat(50), 'prometheus', { ...LIMITS, bad_lines_named_max: 2 });
    expect(page.bad_lines.length).toBe(2);
    expect(page.bad_line_count).toBe(50);
  });
});

describe('a page in OpenMetrics', () => {
  it('has timestamps in seconds, exemplars that are not read, and an end', () => {
    const page = decodeOnce(
      '# TYPE a counter\na_total{x="1"} 5 1723621883.587 # {trace="q"} 0.1\nb 1 # {} 2 3\n# EOF\nlate 1\n',
      'openmetrics',
    );
    expect(samplesOf(page)).toEqual([
      { series: 'a_total[["x","1"]]', value: 5, timestamp_ms: 1723621883587 },
      { series: 'b[]', value: 1, timestamp_ms: Number.NaN },
    ]);
    expect(page.bad_lines).toEqual([{ line: 5, message: 'stands behind `# EOF`' }]);
  });

  it('is refused an exemplar in the other format', () => {
    expect(decodeOnce('a 1 # {x="1"} 2\n').bad_line_count).toBe(1);
  });
});

describe('the layout of the last page', () => {
  it('gives the same series the same object, page after page', () => {
    const decoder = createPageDecoder(LIMITS);
    const [first] = decoder.decode(Buffer.from('a{x="1"} 1\n')).series;
    const [second] = decoder.decode(Buffer.from('b 1\na{x="1"} 2\n')).series.slice(1);
    expect(second).toBe(first);
  });

  it('forgets series that no page names any more', () => {
    const decoder = createPageDecoder(LIMITS);
    for (let page = 0; page < 40; page++) {
      const lines = Array.from({ length: 100 }, (_, line) => `a{page="${page}",line="${line}"} 1`);
      decoder.decode(Buffer.from(lines.join('\n')));
    }
    const again = decoder.decode(Buffer.from('a{page="0",line="0"} 7\n'));
    expect(samplesOf(again)).toEqual([
      { series: 'a[["line","0"],["page","0"]]', value: 7, timestamp_ms: Number.NaN },
    ]);
  });
});
