/**
 * The trial store as a process: `tsx main.ts --data DIR [--port 0] [--user NAME] [--password TEXT] [--writes 1]
 * [--cluster NAME] [--cert FILE --key FILE
 * [--clients FILE]]`.
 * Prints `listening on URL` when it answers, and ends on SIGTERM or SIGINT when what runs is done.
 */
import { parseArgs } from 'node:util';

// libuv reads it at its first use of the pool: a statement holds a thread of it while it runs.
process.env['UV_THREADPOOL_SIZE'] ??= '32';
const { startClickHouseServer } = await import('./server.ts');

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    user: { type: 'string' },
    password: { type: 'string' },
    writes: { type: 'string', default: '1' },
    cluster: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    clients: { type: 'string' },
  },
});
if (values.data === undefined) throw new Error('--data DIR is needed');
const server = await startClickHouseServer({
  data: values.data,
  port: Number(values.port),
  writes: Number(values.writes),
  ...(values.cluster === undefined ? {} : { cluster: values.cluster }),
  ...(values.cert === undefined ? {} : { cert: values.cert }),
  ...(values.key === undefined ? {} : { key: values.key }),
  ...(values.clients === undefined ? {} : { clients: values.clients }),
  ...(values.user === undefined ? {} : { user: values.user }),
  ...(values.password === undefined ? {} : { password: values.password }),
});
process.stdout.write(`listening on ${server.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close().then(() => process.exit(0));
  });
}
