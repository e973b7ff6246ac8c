import type { StaticFolder } from './static-folder.ts';

/** What the list says of a dashboard; the rest is in its own document. */
export interface DashboardSummary {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
}

/** The dashboards of a folder of Grafana JSON, by file name. */
export async function dashboardList(folder: StaticFolder): Promise<readonly DashboardSummary[]> {
  const names = await folder.names();
  const texts = await Promise.all(names.map((name) => dashboardText(folder, name)));
  return texts.flatMap((text) => (text === null ? [] : [summaryOf(text)]));
}

function summaryOf(text: string): DashboardSummary {
  // Written by `npm run generate` and held by the drift test; nobody else writes here.
  const { uid, title, description } = JSON.parse(text) as DashboardSummary;
  return { uid, title, description };
}

/** The committed document, byte for byte; null when `file` (`UID.json`) is none of the folder's. */
export async function dashboardText(folder: StaticFolder, file: string): Promise<string | null> {
  const found = await folder.read(file);
  return found === null ? null : found.body.toString('utf8');
}
