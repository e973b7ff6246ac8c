import type { Command } from 'commander';
import { processEnvironment } from '../../platform/environment.ts';
import { waitForStopSignal } from '../../platform/stop-signal.ts';
import type { IncidentFrame, JobFrame, LedgerFrame } from '../../services/api/stream.ts';
import { serverSentEvents } from '../event-stream.ts';
import { withExamples } from '../examples.ts';
import { DEFAULT_URL } from '../job-source.ts';
import { createServerClient } from '../server-client.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';
import { type TopData, topFrame } from '../top-frame.ts';

interface TopOptions {
  readonly job?: string;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

export function addTop(program: Command, terminal: Terminal): void {
  const command = program
    .command('top')
    .description('jobs as they are now: state, step, goodput, MFU, linearity, last incident')
    .option('--job <job>', 'only this job')
    .option('--once', 'one frame, then end')
    .option('--json', 'one frame as a JSON document')
    .option('--url <url>', `a running Headway (default ${DEFAULT_URL})`)
    .option('--token <token>', 'its read token')
    .action(async (options: TopOptions) => runTop(options, terminal));
  withExamples(command, 'top', 'top --once');
}

/** Width of a line where nobody looks. */
const PLAIN_COLUMNS = 200;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
/** How often the ages of a frame are drawn anew while nothing changes. */
const REDRAW_MS = 1000;

async function runTop(options: TopOptions, terminal: Terminal): Promise<void> {
  const isOnce = options.once === true || options.json === true;
  const abort = new AbortController();
  const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
  const body = await client.openStream('/v1/stream', { job: options.job }, abort.signal);
  const jobs = new Map<string, JobFrame>();
  const ledgers = new Map<string, LedgerFrame>();
  const incidents = new Map<string, IncidentFrame>();
  const data = (): TopData => ({
    jobs: [...jobs.values()],
    ledgers: [...ledgers.values()],
    incidents: [...incidents.values()],
  });
  const screen = isOnce ? undefined : liveScreen(terminal, data);
  if (!isOnce) void waitForStopSignal().then(() => abort.abort());
  try {
    for await (const event of serverSentEvents(body)) {
      take(event, jobs, ledgers, incidents);
      if (isOnce) {
        if (options.json === true) printJson(terminal, data());
        else printText(terminal, topFrame(data(), styleOf(terminal)));
        return;
      }
      screen?.draw();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    abort.abort();
    screen?.end();
  }
}

function take(
  { event, data }: { readonly event: string; readonly data: string },
  jobs: Map<string, JobFrame>,
  ledgers: Map<string, LedgerFrame>,
  incidents: Map<string, IncidentFrame>,
): void {
  // written by this program's own server, whose shapes these are
  const told: unknown = JSON.parse(data);
  if (event === 'snapshot') {
    const snapshot = told as TopData;
    jobs.clear();
    ledgers.clear();
    incidents.clear();
    for (const job of snapshot.jobs) jobs.set(job.job, job);
    for (const ledger of snapshot.ledgers) ledgers.set(ledger.job, ledger);
    for (const incident of snapshot.incidents) incidents.set(incident.incident, incident);
  }
  if (event === 'job') jobs.set((told as JobFrame).job, told as JobFrame);
  if (event === 'ledger') ledgers.set((told as LedgerFrame).job, told as LedgerFrame);
  if (event === 'incident') incidents.set((told as IncidentFrame).incident, told as IncidentFrame);
}

function styleOf({ out }: Terminal) {
  const isTerminal = 'isTTY' in out && out.isTTY === true;
  const columns = 'columns' in out && typeof out.columns === 'number' ? out.columns : PLAIN_COLUMNS;
  const color = isTerminal && (processEnvironment()['NO_COLOR'] ?? '') === '';
  return { isTerminal, columns: isTerminal ? columns : PLAIN_COLUMNS, color, now_ms: Date.now() };
}

interface Screen {
  draw(): void;
  end(): void;
}

/** A terminal is drawn over; anything else gets a frame a change, one below the other. */
function liveScreen(terminal: Terminal, data: () => TopData): Screen {
  const { out } = terminal;
  if (!styleOf(terminal).isTerminal) {
    return { draw: () => printText(terminal, `${topFrame(data(), styleOf(terminal))}\n`), end: () => {} };
  }
  const draw = () =>
    void out.write(`${HOME_AND_CLEAR}${topFrame(data(), styleOf(terminal))}\n\nCtrl-C ends.\n`);
  out.write(HIDE_CURSOR);
  const timer = setInterval(draw, REDRAW_MS);
  return {
    draw,
    end() {
      clearInterval(timer);
      out.write(SHOW_CURSOR);
    },
  };
}
