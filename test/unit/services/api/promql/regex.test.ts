import { describe, expect, it } from 'vitest';
import { compileRegex, mayBacktrackForever } from '../../../../../services/api/promql/regex.ts';

const matches = (pattern: string, text: string): boolean => compileRegex(pattern, 1000).test(text);

describe('RE2 syntax matches whole values', () => {
  it.each([
    ['a|b', 'b', true],
    ['a|b', 'ab', false],
    ['a', 'ba', false],
    ['.*', 'a\nb', false],
    ['(?s).*', 'a\nb', true],
    ['.', '\u2028', true],
    ['.', '😀', true],
    ['(?i)ab', 'AB', true],
    ['a{,2}', 'a{,2}', true],
    ['a{2}', 'aa', true],
    ['a}]', 'a}]', true],
    ['[]a]+', 'a]', true],
    ['[^]a]', ']', false],
    ['[[:alpha:]_-]+', 'ab_-', true],
    ['[\\w.]+', 'a.b_9', true],
    ['[\\S]+', 'a b', false],
    ['\\s', '\v', false],
    ['\\s', '\t', true],
    ['\\d+', '٣', false],
    ['\\pL+', 'zwölf', true],
    ['\\p{Greek}+', 'αβγ', true],
    ['\\P{Greek}+', 'αβγ', false],
    ['\\x41\\x{1F600}', 'A😀', true],
    ['\\Qa.b\\E.', 'a.bx', true],
    ['\\Qa.b\\E.', 'axbx', false],
    ['a\\-b\\/c\\_', 'a-b/c_', true],
    ['\\Aa\\z', 'a', true],
    ['(?P<x>a)(?:b)', 'ab', true],
    ['node-[0-9]+:9400', 'node-12:9400', true],
    ['[a^]', '^', true],
    ['[[]', '[', true],
  ])('%s on %j', (pattern, text, want) => {
    expect(matches(pattern, text)).toBe(want);
  });
});

describe('what JavaScript cannot say the same way is refused by name', () => {
  it.each([
    ['(?=a)', 'the group "(?=a"'],
    ['(?<!a)b', 'the group "(?<!"'],
    ['a(?i)b', 'the group "(?i)"'],
    ['(?m)a', 'the flag (?m)'],
    ['(a)\\1', '\\1: back-references and octal escapes'],
    ['\\y', 'the escape \\y'],
    ['[a', 'a [ without its ]'],
    ['[[:nothing:]]', 'the class [:nothing:]'],
    ['(', 'Unterminated group'],
    ['a**', 'Nothing to repeat'],
    ['a{1001}', 'the repetition {1001}, above 1000'],
  ])('%s', (pattern, what) => {
    expect(() => compileRegex(pattern, 1000)).toThrow(
      expect.objectContaining({
        type: 'bad_data',
        message: `regular expression ${JSON.stringify(pattern)} is not supported: ${what}`,
      }),
    );
  });

  it('a pattern above the limit', () => {
    expect(() => compileRegex('aaaa', 3)).toThrow(/config promql.regex_length_max/);
  });
});

it('knows patterns that a backtracking engine may not finish', () => {
  for (const pattern of ['(a+)+', '(a|a)*b', '((a*)b)*', '(?:.*x){2,}', '(a|ab){30}c']) {
    expect(mayBacktrackForever(pattern), pattern).toBe(true);
  }
  for (const pattern of ['(.*)-(.*)', '(a|b)c+', 'node-([0-9]+):.*', '[(+|]*(a)+', '\\(a+\\)+', '(ab)*']) {
    expect(mayBacktrackForever(pattern), pattern).toBe(false);
  }
});
