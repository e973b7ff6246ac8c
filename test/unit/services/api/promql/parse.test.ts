import { describe, expect, it } from 'vitest';
import type { Expr } from '../../../../../services/api/promql/ast.ts';
import { PROMQL_DEFAULTS } from '../../../../../services/api/promql/config.ts';
import { parseQuery, parseSelector } from '../../../../../services/api/promql/parse.ts';

const parse = (text: string): Expr => parseQuery(text, PROMQL_DEFAULTS);

/** The tree with every operator in parentheses. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'selector': {
      const name = expr.matchers.find((matcher) => matcher.name === '__name__')?.value ?? '';
      const offset = expr.offset_ms === 0 ? '' : ` offset ${expr.offset_ms}`;
      return `${name}${offset}${expr.pin === null ? '' : ` @ ${expr.pin}`}`;
    }
    case 'range_selector':
      return `${shape(expr.selector)}[${expr.window_ms}]`;
    case 'subquery':
      return `${shape(expr.expr)}[${expr.window_ms}:${expr.step_ms ?? ''}]`;
    case 'negation':
      return `-(${shape(expr.expr)})`;
    case 'binary':
      return `(${shape(expr.left)} ${expr.operator} ${shape(expr.right)})`;
    case 'call':
      return `${expr.name}(${expr.args.map(shape).join(', ')})`;
    case 'aggregation':
      return `${expr.name}(${shape(expr.expr)})`;
  }
}

describe('precedence, where the grammar binds otherwise than Prometheus', () => {
  it.each([
    ['-1 ^ 2', '-((1 ^ 2))'],
    ['-a ^ 2', '-((a ^ 2))'],
    ['2 ^ -1 ^ 2', '(2 ^ -((1 ^ 2)))'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['2 ^ -a * 3', '((2 ^ -(a)) * 3)'],
    ['-a * b', '(-(a) * b)'],
    ['a - b - c', '((a - b) - c)'],
    ['1 -1', '(1 - 1)'],
    ['a + b offset 5m', '(a + b offset 300000)'],
    ['a + b offset 5m * c', '(a + (b offset 300000 * c))'],
    ['a * b offset 5m ^ 2', '(a * (b offset 300000 ^ 2))'],
    ['-a offset 5m', '-(a offset 300000)'],
    ['a - a @ 10 > 0', '((a - a @ 10000) > 0)'],
    ['a / sum_over_time(b[1m]) % c', '((a / sum_over_time(b[60000])) % c)'],
    ['a unless b or c and d', '((a unless b) or (c and d))'],
    ['a == b + c', '(a == (b + c))'],
    ['(a + b) * c', '((a + b) * c)'],
  ])('%s', (text, want) => {
    expect(shape(parse(text))).toBe(want);
  });
});

it('reads modifiers in either order and before or after their range', () => {
  const pinned = { pin: 'end', offset_ms: 60_000 };
  expect(parse('a offset 1m @ end()')).toMatchObject(pinned);
  expect(parse('a @ end() offset 1m')).toMatchObject(pinned);
  expect(parse('rate(a[5m] offset -1m @ -1.5)')).toMatchObject({
    args: [{ window_ms: 300_000, selector: { offset_ms: -60_000, pin: -1500 } }],
  });
  expect(parse('max_over_time(a[1h:] offset 1m)')).toMatchObject({
    args: [{ step_ms: null, offset_ms: 60_000 }],
  });
});

it('reads matching clauses', () => {
  expect(parse('a * on (x, y) group_left (z) b')).toMatchObject({
    bool: false,
    matching: { on: true, labels: ['x', 'y'], many: 'left', include: ['z'] },
  });
  expect(parse('a == bool ignoring () b')).toMatchObject({
    bool: true,
    matching: { on: false, labels: [], many: null, include: [] },
  });
});

describe('what is refused says where and names it', () => {
  it.each([
    ['', '1:1: parse error: unexpected end of input'],
    ['sum(a', '1:6: parse error: unexpected end of input'],
    ['a b', '1:3: parse error: unexpected "b"'],
    ['a +\n  * b', '2:3: parse error: unexpected "*"'],
    ['no_such(a)', '1:1: parse error: unknown function with name "no_such"'],
    ['mad_over_time(a[5m])', '1:1: parse error: function "mad_over_time" is not supported'],
    ['1 + info(a)', '1:5: parse error: function "info" is not supported'],
    ['limitk(2, a)', '1:1: parse error: aggregation "limitk" is not supported'],
    ['a + fill(0) b', '1:5: parse error: modifier "fill" is not supported'],
    ['a </ 3', '1:3: parse error: operator "</" is not supported'],
    ['rate(a[5m + 1m])', '1:8: parse error: arithmetic on durations is not supported'],
    ['rate(a[5m] smoothed)', '1:6: parse error: modifier "smoothed" is not supported'],
    ['a{x=~"(?=b)"}', '1:3: parse error: regular expression "(?=b)" is not supported: the group "(?=b"'],
    ['a{x="\\q"}', '1:5: parse error: unknown escape sequence "\\q" in a string'],
    ['"open', '1:1: parse error: unterminated quoted string'],
    [
      'rate(a)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['1 > 2', '1:2: parse error: comparisons between scalars must use BOOL modifier'],
    ['a + bool b', '1:2: parse error: bool modifier can only be used on comparison operators'],
    ['{x=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" and a matcher of __name__'],
    ['a offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    [
      'sum(a) offset 1m',
      '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    ['a[0s]', '1:3: parse error: duration must be greater than 0'],
    ['a and on (x) group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
    [
      'a * on (x) group_left (x) b',
      '1:2: parse error: label "x" must not occur in ON and GROUP clause at once',
    ],
    ['clamp(a, 1)', '1:1: parse error: expected 3 argument(s) in call to "clamp", got 2'],
    ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ type: 'bad_data', message }));
  });

  it('a query that is too long or too deep', () => {
    const { query_length_max, nesting_max } = PROMQL_DEFAULTS;
    expect(() => parse('a'.repeat(query_length_max + 1))).toThrow(/config promql.query_length_max/);
    const deep = (levels: number): string => `${'('.repeat(levels)}a${')'.repeat(levels)}`;
    expect(shape(parse(deep(nesting_max)))).toBe('a');
    expect(() => parse(deep(nesting_max + 1))).toThrow(/config promql.nesting_max/);
    expect(() => parse(`${'-'.repeat(nesting_max + 1)}a`)).toThrow(/config promql.nesting_max/);
    // Deeper than the grammar itself goes along, and as long as a query may be.
    for (const text of [deep(16_000), `${'-'.repeat(30_000)}a`, 'a+'.repeat(16_000).concat('a')]) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ type: 'bad_data' }));
    }
  });
});

it('a long chain of operators is not a nested one', () => {
  expect(shape(parse(`a${' or a'.repeat(400)}`))).toContain('or a) or a)');
  expect(() => parse(`a${' or a'.repeat(510)}`)).toThrow(/config promql.parts_max/);
});

it('takes comments, quoted names and keywords as names', () => {
  expect(shape(parse('# first\n a # last\n + sum'))).toBe('(a + sum)');
  expect(parse('{"a.b", "c.d"="e"}')).toMatchObject({
    matchers: [
      { name: 'c.d', value: 'e' },
      { name: '__name__', value: 'a.b' },
    ],
  });
});

it('takes a selector alone for match[]', () => {
  expect(parseSelector('a{b!="c"}', PROMQL_DEFAULTS)).toHaveLength(2);
  for (const text of ['a offset 1m', 'sum(a)', 'a[5m]', '1']) {
    expect(() => parseSelector(text, PROMQL_DEFAULTS)).toThrow(/is not a series selector/);
  }
});
