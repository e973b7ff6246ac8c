import type { Matcher, MatchOperator } from './ast.ts';
import { badData } from './errors.ts';
import { compileRegex } from './regex.ts';

const OPERATORS: readonly MatchOperator[] = ['=', '!=', '=~', '!~'];

/** A matcher from its parts; throws `bad_data` for a pattern that is none. */
export function matcherOf(name: string, operator: string, value: string, regex_length_max: number): Matcher {
  const known = OPERATORS.find((candidate) => candidate === operator);
  if (known === undefined) throw badData(`unexpected ${JSON.stringify(operator)} in label matching`);
  const regex = known === '=~' || known === '!~' ? compileRegex(value, regex_length_max) : null;
  return { name, operator: known, value, regex };
}

export function nameMatcher(name: string): Matcher {
  return { name: '__name__', operator: '=', value: name, regex: null };
}

/** Whether a label value passes; a label that is not there has the empty value. */
export function passes({ operator, value, regex }: Matcher, text: string): boolean {
  switch (operator) {
    case '=':
      return text === value;
    case '!=':
      return text !== value;
    case '=~':
      return regex?.test(text) === true;
    case '!~':
      return regex?.test(text) === false;
  }
}
