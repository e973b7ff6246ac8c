/** What this server has to know of a statement, and what it has to put differently for the engine in a process. */

/** Statements that give rows; of the others the engine's text is none of a server's answer. */
export function isQuery(sql: string): boolean {
  return /^(\s|\()*(SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS|CHECK|KILL|VALUES)\b/i.test(
    uncommented(sql),
  );
}

/** Statements that change tables: they go one after another. */
export function isWrite(sql: string): boolean {
  return /^\s*(INSERT|CREATE|DROP|ALTER|RENAME|TRUNCATE|OPTIMIZE|EXCHANGE|DELETE|UPDATE|ATTACH|DETACH|UNDROP)\b/i.test(
    uncommented(sql),
  );
}

function uncommented(sql: string): string {
  return sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)*/, '');
}

/** Rows of `system.processes` with the client's query ids. */
const PROCESSES = `(SELECT * REPLACE (Settings['log_comment'] AS query_id, Settings['log_comment'] AS initial_query_id)
  FROM system.processes)`;

/**
 * A client's query id is the `log_comment` of its statement here, because the engine cannot be given one. KILL ... SYNC
 * never comes back in chDB 26.7.2.1: there it is ASYNC, and whoever needs the end of a statement asks for it.
 */
export function withServerTables(sql: string): string {
  if (/^\s*KILL\s+QUERY\b/i.test(uncommented(sql))) {
    return sql.replace(/\bquery_id\b/g, "Settings['log_comment']").replace(/\bSYNC\b/i, 'ASYNC');
  }
  return sql.replace(/\bsystem\.processes\b/g, PROCESSES);
}

export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function quotedName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
