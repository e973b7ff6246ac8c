import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Session } from 'chdb';
import { ServerException } from './exceptions.ts';
import { type OneNodeCluster, oneNodeCluster } from './one-node-cluster.ts';
import type { QueryRequest } from './request.ts';
import { isQuery, quoted, quotedName, withServerTables } from './statements.ts';

export interface EngineAnswer {
  readonly body: Uint8Array;
  readonly rows_read: number;
  readonly elapsed_s: number;
}

/**
 * The engine of this process, used as a server does: every request has a session of its own, because settings and
 * temporary tables stay in one, and because chDB 26.7.2.1 hands rows of a failed statement to the next of its session.
 */
export class Engine {
  readonly #path: string;
  readonly #staging: string;
  /** Keeps the engine open between requests. */
  readonly #first: Session;
  readonly #sessions = new Map<string, { readonly session: Session; busy: boolean }>();
  #staged = 0;

  readonly #rewrite: (sql: string) => string;

  private constructor(path: string, staging: string, cluster: OneNodeCluster | null) {
    this.#path = path;
    this.#staging = staging;
    this.#rewrite = cluster?.rewrite ?? ((sql) => sql);
    this.#first = new Session(path, { connectionArgs: cluster?.engineArguments ?? [] });
  }

  static async open(folder: string, clusterName?: string): Promise<Engine> {
    const staging = join(folder, 'staging');
    await mkdir(join(folder, 'chdb'), { recursive: true });
    const cluster = clusterName === undefined ? null : await oneNodeCluster(clusterName, folder);
    const engine = new Engine(join(folder, 'chdb'), staging, cluster);
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    return engine;
  }

  async version(): Promise<string> {
    return (await this.#first.queryAsync('SELECT version()', { format: 'TSVRaw' })).text().trim();
  }

  /** One request. Throws what the engine says. */
  async run(request: QueryRequest, queryId: string): Promise<EngineAnswer> {
    const { session, release } = this.#session(request.own);
    const staged: string[] = [];
    const stage = async (body: Buffer) => {
      const path = join(this.#staging, `${this.#staged++}`);
      staged.push(path);
      await writeFile(path, body);
      return path;
    };
    try {
      await prepare(session, request, queryId);
      let sql = this.#rewrite(await this.#withData(session, request, stage));
      for (const { name, structure, format, body } of request.tables) {
        if (body.length === 0) {
          await session.queryAsync(`CREATE TEMPORARY TABLE ${quotedName(name)} (${structure})`);
          continue;
        }
        // Read where it lies, as the embedded store does: a copy in a table of its own would cost as much as the insert.
        const file = `file(${[await stage(body), format, structure].map(quoted).join(', ')})`;
        sql = sql.replace(new RegExp(`\`${name}\`|\\b${name}\\b`, 'g'), () => file);
      }
      const format = request.own.get('default_format') ?? 'TabSeparated';
      const result = await session.queryAsync(withServerTables(sql), { format });
      return {
        body: isQuery(sql) ? result.bytes() : Buffer.alloc(0),
        rows_read: result.rowsRead,
        elapsed_s: result.elapsed,
      };
    } finally {
      release();
      for (const path of staged) await rm(path, { force: true });
    }
  }

  close(): void {
    for (const { session } of this.#sessions.values()) session.close();
    this.#first.close();
  }

  #session(own: ReadonlyMap<string, string>): { session: Session; release: () => void } {
    const id = own.get('session_id');
    if (id === undefined) {
      const session = new Session(this.#path);
      return { session, release: () => session.close() };
    }
    const known = this.#sessions.get(id);
    if (known === undefined && own.get('session_check') === '1') {
      throw new ServerException(372, 'SESSION_NOT_FOUND', `Session ${id} not found`);
    }
    if (known?.busy === true) {
      throw new ServerException(373, 'SESSION_IS_LOCKED', `Session ${id} is locked by a concurrent client`);
    }
    const one = known ?? { session: new Session(this.#path), busy: false };
    this.#sessions.set(id, one);
    one.busy = true;
    return {
      session: one.session,
      release: () => {
        one.busy = false;
        if (own.get('close_session') !== '1') return;
        this.#sessions.delete(id);
        one.session.close();
      },
    };
  }

  /** Rows that came behind the statement: binary formats are read by this engine from files only. */
  async #withData(
    session: Session,
    { sql, data }: QueryRequest,
    stage: (body: Buffer) => Promise<string>,
  ): Promise<string> {
    if (data === null) return sql;
    const statement = sql.replace(/\s*\bFORMAT\s+\w+\s*$/i, '');
    const path = await stage(data.body);
    const file = (structure: string) => `file(${[path, data.format, structure].map(quoted).join(', ')})`;
    const input = /\binput\s*\(\s*('(?:\\.|''|[^'\\])*')\s*\)/i;
    if (input.test(statement)) {
      return statement.replace(
        input,
        (_, structure: string) => `file(${quoted(path)}, ${quoted(data.format)}, ${structure})`,
      );
    }
    const target = /INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`"]+)\s*(?:\(([^)]*)\))?/i.exec(statement);
    if (target === null) throw new ServerException(62, 'SYNTAX_ERROR', 'an insert without a table');
    return `${statement} SELECT * FROM ${file(await structureOf(session, target[1] ?? '', target[2]))}`;
  }
}

async function prepare(session: Session, request: QueryRequest, queryId: string): Promise<void> {
  const database = request.own.get('database');
  if (database !== undefined) await session.queryAsync(`USE ${quotedName(database)}`);
  // The engine gives statements ids of its own: the client's is kept where the list of statements shows it.
  const settings = [...request.settings].map(([name, value]) => `${bareName(name)} = ${quoted(value)}`);
  const parameters = [...request.parameters].map(
    ([name, value]) => `param_${bareName(name)} = ${quoted(value)}`,
  );
  // In one statement: each costs as much as a small answer.
  await session.queryAsync(
    `SET ${[`log_comment = ${quoted(queryId)}`, ...settings, ...parameters].join(', ')}`,
  );
}

async function structureOf(session: Session, table: string, columns: string | undefined): Promise<string> {
  const described = await session.queryAsync(`DESCRIBE TABLE ${table}`, { format: 'JSONEachRow' });
  const lines = described
    .text()
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  const all = lines.map((line) => JSON.parse(line) as { name: string; type: string });
  const wanted = columns?.split(',').map((name) => name.trim().replace(/^[`"]|[`"]$/g, ''));
  const named =
    wanted?.map((name) => all.find((one) => one.name === name) ?? { name, type: 'String' }) ?? all;
  return named.map(({ name, type }) => `${quotedName(name)} ${type}`).join(', ');
}

function bareName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new ServerException(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
}
