/**
 * Splits a file into its statements at `;`, but not at one inside quotes or a comment. Comments are dropped, so a file
 * of comments has no statement.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = '';
  for (const piece of sql.match(PIECE) ?? []) {
    if (piece.startsWith('--') || piece.startsWith('/*')) {
      statement += ' ';
    } else if (piece === ';') {
      statements.push(statement.trim());
      statement = '';
    } else {
      statement += piece;
    }
  }
  statements.push(statement.trim());
  return statements.filter((text) => text !== '');
}

/** Comments; quoted texts and names, with backslash escapes and doubled quotes; the separator; anything else. */
const PIECE =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:\\[\s\S]|''|[^'\\])*'?|`(?:\\[\s\S]|[^`\\])*`?|"(?:\\[\s\S]|[^"\\])*"?|;|[^'`";\-/]+|[-/]/g;
