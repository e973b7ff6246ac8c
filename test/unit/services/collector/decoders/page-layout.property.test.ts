import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPageDecoder } from '../../../../../services/collector/decoders/prometheus-text.ts';
import { decodeOnce, LIMITS, samplesOf } from '../page-limits.ts';

/** Few names and values, so that lines of successive pages are nearly equal and prefixes of one another. */
const name = fc.constantFrom('a', 'ab', 'a_b', 'DCGM_FI_DEV_GPU_UTIL', 'b:c');
const labelValue = fc.constantFrom('0', '1', '', 'x y', 'q\\"q', 'back\\\\', 'é', '}', '{', '# ', 'a="b"');
const labels = fc.oneof(
  fc.constant(''),
  fc.constant('{}'),
  fc
    .array(fc.tuple(fc.constantFrom('gpu', 'uuid', 'z'), labelValue), { maxLength: 3 })
    .map((pairs) => `{${pairs.map(([key, value]) => `${key}="${value}"`).join(',')}}`),
);
const value = fc.oneof(
  fc.constantFrom('0', '1', '-0', '+5', '1.50', '.5', '5.', 'NaN', '+Inf', '-inf', '1e3', '1e400', 'x', ''),
  fc.integer().map(String),
  fc.double({ noNaN: true }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
);
const end = fc.constantFrom('', '', '', ' ', '\r', ' 1723621883587', ' 1.5', ' # {} 1', ' 1 2');
const blank = fc.constantFrom(' ', ' ', '\t ', '');
const sample = fc.tuple(name, labels, blank, value, end).map((parts) => parts.join(''));
const line = fc.oneof(
  { weight: 8, arbitrary: sample },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '# HELP a b', '# EOF', ' # x', '<html>', '{"a"} 1', 'a{x="', '\\'),
  },
);
const pageLines = fc.array(line, { maxLength: 12 });

/** A page that is the last one with some lines changed, dropped, doubled or moved: what targets print. */
const successor = (lines: readonly string[]): fc.Arbitrary<string[]> =>
  fc
    .array(fc.tuple(fc.nat({ max: Math.max(lines.length, 1) - 1 }), fc.nat({ max: 4 }), line), {
      maxLength: 4,
    })
    .map((edits) => {
      const next = [...lines];
      for (const [at, kind, other] of edits) {
        const own = next[at] ?? '';
        if (kind === 0) next.splice(at, 1);
        else if (kind === 1) next.splice(at, 0, other);
        else if (kind === 2) next.push(...next.splice(at, 1));
        else if (kind === 3) next[at] = own.replace(/ \S*$/, ` ${own.length}`);
        else next[at] = own.slice(0, Math.max(own.length - 1, 0));
      }
      return next;
    });

const pages = pageLines.chain((first) =>
  successor(first).chain((second) => successor(second).map((third) => [first, second, third])),
);

describe('the layout of the last page changes nothing', () => {
  it.each(['prometheus', 'openmetrics'] as const)('but the speed, in %s', (format) => {
    fc.assert(
      fc.property(pages, fc.boolean(), (sequence, feed) => {
        const decoder = createPageDecoder({ ...LIMITS, line_bytes_max: 60, series_max: 8 });
        for (const lines of sequence) {
          const text = lines.join('\n') + (feed ? '\n' : '');
          const own = decoder.decode(Buffer.from(text), { format });
          const alone = decodeOnce(text, format, { ...LIMITS, line_bytes_max: 60, series_max: 8 });
          expect(samplesOf(own)).toEqual(samplesOf(alone));
          expect(own.bad_lines).toEqual(alone.bad_lines);
          expect(own.bad_line_count).toBe(alone.bad_line_count);
          expect(own.not_metrics).toBe(alone.not_metrics);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('survives any bytes, and takes no more than it names', () => {
    const decoder = createPageDecoder(LIMITS);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const page = decoder.decode(bytes);
        expect(page.values.length).toBe(page.series.length);
        expect(page.timestamps_ms.length).toBe(page.series.length);
      }),
      { numRuns: 2000 },
    );
  });
});
