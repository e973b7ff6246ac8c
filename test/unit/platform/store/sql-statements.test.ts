import { describe, expect, it } from 'vitest';
import { splitStatements } from '../../../../platform/store/sql-statements.ts';

describe('splitting a file into statements', () => {
  it.each<[string, string[]]>([
    ['SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['SELECT 1', ['SELECT 1']],
    ['-- only; a comment\n/* and; another */ ; ;', []],
    [
      `SELECT ';', '\\';', 'it''s;'; SELECT \`a;b\`, "c;d"`,
      [`SELECT ';', '\\';', 'it''s;'`, 'SELECT `a;b`, "c;d"'],
    ],
    [`SELECT '--', '/*'; SELECT 4 / 2 - 1`, [`SELECT '--', '/*'`, 'SELECT 4 / 2 - 1']],
    ['SELECT 1 -- one; two\n, 2', ['SELECT 1  \n, 2']],
  ])('%j', (sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements);
  });
});
