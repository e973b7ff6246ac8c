import { type ClusterPlace, LOCAL_SUFFIX, placeOf } from './cluster-tables.ts';
import type { Migration } from './migrate.ts';
import { splitStatements } from './sql-statements.ts';

/** A statement that {@link renderStatement} has no rule for, or a table that nobody has placed. */
export class RenderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RenderError';
  }
}

/** How long servers remember tokens; the number of them is the table's own. ClickHouse's default was a week, then an hour. */
const TOKENS_KEPT_S = 7 * 86_400;

export interface RenderedMigration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** The one source of the tables, `sql/migrations`, as a cluster takes it. Throws {@link RenderError}. */
export function renderMigrations(
  migrations: readonly Migration[],
  place: ClusterPlace,
): readonly RenderedMigration[] {
  return migrations.map(({ name, sql }) => ({
    name,
    statements: splitStatements(sql).flatMap((statement) => renderStatement(statement, place)),
  }));
}

/** As a file that clickhouse-client takes. */
export function renderedText({ name, statements }: RenderedMigration): string {
  return [`-- ${name}, for a cluster`, ...statements.map((statement) => `${statement};`), ''].join('\n\n');
}

/** One statement of the source; for a table that is spread there are two, its rows and the way to them. */
export function renderStatement(statement: string, place: ClusterPlace): string[] {
  for (const [pattern, render] of RULES) {
    const match = pattern.exec(statement);
    if (match !== null)
      return render(
        match.slice(1).map((part) => part ?? ''),
        place,
      );
  }
  throw new RenderError(`There is no rule for a cluster of: ${statement.slice(0, 80)}`);
}

type Rule = (parts: readonly string[], place: ClusterPlace) => string[];

const RULES: readonly (readonly [RegExp, Rule])[] = [
  [
    /^CREATE TABLE IF NOT EXISTS (\w+)\s*(\([\s\S]*\))\s*ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?([\s\S]*)$/,
    createTable,
  ],
  [/^CREATE VIEW IF NOT EXISTS (\w+)\s+AS([\s\S]*)$/, createView],
  [/^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+)\s+TO (\w+)\s+AS([\s\S]*)$/, createMaterializedView],
  [/^ALTER TABLE (\w+)\s([\s\S]*)$/, alterTable],
];

function createTable(parts: readonly string[], place: ClusterPlace): string[] {
  const [table = '', columns = '', engine = '', parameters = '', rest = ''] = parts;
  const isSpread = isSharded(table);
  const own = isSpread ? `${table}${LOCAL_SUFFIX}` : table;
  const keeper = isSpread
    ? `'/clickhouse/tables/{shard}/${place.database}/${own}', '{replica}'`
    : `'/clickhouse/tables/everywhere/${place.database}/${own}', '{shard}-{replica}'`;
  const all = parameters === '' ? keeper : `${keeper}, ${parameters}`;
  const tail = rest.replace(
    /\bnon_replicated_deduplication_window = (\d+)/,
    `replicated_deduplication_window = $1, replicated_deduplication_window_seconds = ${TOKENS_KEPT_S}`,
  );
  const local = `CREATE TABLE IF NOT EXISTS ${nameOf(own, place)} ${onCluster(place)}\n${columns}\nENGINE = Replicated${engine}(${all})${tail}`;
  if (!isSpread) return [local];
  return [
    local,
    `CREATE TABLE IF NOT EXISTS ${nameOf(table, place)} ${onCluster(place)} AS ${nameOf(own, place)}\n` +
      `ENGINE = Distributed('${place.cluster}', '${place.database}', '${own}', ${placeOf(table)})`,
  ];
}

/** Asks the tables by the names that reach all shards. */
function createView([view = '', select = '']: readonly string[], place: ClusterPlace): string[] {
  return [
    `CREATE VIEW IF NOT EXISTS ${nameOf(view, place)} ${onCluster(place)} AS${withNames(select, place, (table) => table)}`,
  ];
}

/** Fed on each node by what is inserted there, into what is stored there. */
function createMaterializedView(parts: readonly string[], place: ClusterPlace): string[] {
  const [view = '', target = '', select = ''] = parts;
  const own = (table: string) => (isSharded(table) ? `${table}${LOCAL_SUFFIX}` : table);
  return [
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${nameOf(view, place)} ${onCluster(place)} TO ${nameOf(own(target), place)} AS` +
      withNames(select, place, own),
  ];
}

/** What changes columns changes them in both tables, the rows' first; indices and settings are the rows' alone. */
function alterTable([table = '', change = '']: readonly string[], place: ClusterPlace): string[] {
  const alter = (name: string) => `ALTER TABLE ${nameOf(name, place)} ${onCluster(place)} ${change}`;
  if (!isSharded(table)) return [alter(table)];
  const isOfColumns = /^(ADD|MODIFY|COMMENT) COLUMN\b/.test(change);
  const isOfRows = /^(ADD|MATERIALIZE) (INDEX|PROJECTION)\b|^MODIFY (SETTING|TTL)\b/.test(change);
  if (!isOfColumns && !isOfRows)
    throw new RenderError(`There is no rule for a cluster of: ${change.slice(0, 80)}`);
  const local = alter(`${table}${LOCAL_SUFFIX}`);
  return isOfColumns ? [local, alter(table)] : [local];
}

function withNames(select: string, place: ClusterPlace, own: (table: string) => string): string {
  return select.replace(/\b(FROM|JOIN) (\w+)/g, (_, word: string, table: string) => {
    isSharded(table);
    return `${word} ${nameOf(own(table), place)}`;
  });
}

/** Throws {@link RenderError} for a table that nobody has placed. */
function isSharded(table: string): boolean {
  const placed = placeOf(table);
  if (placed !== undefined) return placed !== 'everywhere';
  throw new RenderError(`Table ${table} is neither spread over a cluster nor on every node of it`);
}

function nameOf(table: string, { database }: ClusterPlace): string {
  return `\`${database}\`.\`${table}\``;
}

function onCluster({ cluster }: ClusterPlace): string {
  return `ON CLUSTER \`${cluster}\``;
}
