import type { FormTable } from './server-form.ts';
import type { QueryParameters } from './store.ts';

/**
 * Servers refuse a parameter that is longer than `http_max_field_value_size`, 128 KiB unless it is configured, and it is
 * not theirs to be configured by a request in all versions. So longer lists go as tables.
 */
const LIST_BYTES_MAX = 96 * 1024;

export interface SpreadParameters {
  readonly sql: string;
  readonly parameters: QueryParameters;
  /** Empty: nothing is that long. */
  readonly tables: readonly FormTable[];
}

/** The question with its longest lists as tables of one row each, read where the list was named. */
export function spreadParameters(sql: string, parameters: QueryParameters): SpreadParameters {
  const short: Record<string, QueryParameters[string]> = {};
  const tables: FormTable[] = [];
  let text = sql;
  for (const [name, value] of Object.entries(parameters)) {
    const line = Array.isArray(value) ? JSON.stringify({ list: value }) : '';
    const type = new RegExp(`\\{${name}:(Array\\(\\w+\\))\\}`).exec(sql)?.[1];
    if (line.length <= LIST_BYTES_MAX || type === undefined) {
      short[name] = value;
      continue;
    }
    const table = `headway_list_${name}`;
    tables.push({ name: table, structure: `list ${type}`, format: 'JSONEachRow', body: [Buffer.from(line)] });
    text = text
      .replaceAll(new RegExp(`\\bIN \\{${name}:[^}]*\\}`, 'g'), `IN (SELECT arrayJoin(list) FROM ${table})`)
      .replaceAll(new RegExp(`\\{${name}:[^}]*\\}`, 'g'), `(SELECT list FROM ${table})`);
  }
  return { sql: text, parameters: short, tables };
}

/** A parameter as a form has it: texts are escaped as in a tab-separated file, lists as literals. */
export function parameterText(value: QueryParameters[string]): string {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return String(value);
  const items = value.map((item) =>
    typeof item === 'string' ? `'${escaped(item).replaceAll("'", "\\'")}'` : String(item),
  );
  return `[${items.join(',')}]`;
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
}
