import { describe, expect, it } from 'vitest';
import { allDashboards } from '../../../dashboards/src/generated-files.ts';
import { jobOverview } from '../../../dashboards/src/job-overview.ts';
import type { GridPosition, Panel, QueryPanel } from '../../../dashboards/src/panel.ts';

/** Columns of Grafana's grid. */
const COLUMNS = 24;

function queryPanels(panels: readonly Panel[]): readonly QueryPanel[] {
  return panels.filter((panel): panel is QueryPanel => panel.type !== 'text');
}

function overlap(a: GridPosition, b: GridPosition): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe.each(allDashboards().map((dashboard) => [dashboard.uid, dashboard] as const))(
  'dashboard %s',
  (_, dashboard) => {
    const { panels } = dashboard;

    it('is as Grafana wants it: versioned, not editable, its data source a variable', () => {
      expect(dashboard).toMatchObject({ schemaVersion: 42, editable: false, graphTooltip: 1 });
      expect(dashboard.templating.list[0]).toMatchObject({
        name: 'datasource',
        type: 'datasource',
        query: 'prometheus',
      });
      for (const panel of queryPanels(panels)) {
        expect(panel.datasource.uid).toBe('$' + '{datasource}');
        for (const target of panel.targets) expect(target.datasource).toEqual(panel.datasource);
      }
    });

    it('reads the values of its variables again when the time range changes', () => {
      const queries = dashboard.templating.list.filter(({ type }) => type === 'query');
      expect(queries.length).toBeGreaterThan(0);
      for (const variable of queries) expect(variable['refresh']).toBe(2);
    });

    it('gives each panel an id and a place of its own on the grid', () => {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      for (const { gridPos } of panels) {
        expect(gridPos.x >= 0 && gridPos.x + gridPos.w <= COLUMNS && gridPos.h > 0).toBe(true);
      }
      const clashes = panels.flatMap((a, index) =>
        panels
          .slice(index + 1)
          .filter((b) => overlap(a.gridPos, b.gridPos))
          .map((b) => [a.title, b.title]),
      );
      expect(clashes).toEqual([]);
    });

    it('says in each panel what is shown, in which unit, and what it means that nothing is', () => {
      for (const panel of queryPanels(panels)) {
        expect(panel.title).not.toBe('');
        expect(panel.description).not.toBe('');
        expect(panel.fieldConfig.defaults.unit).not.toBe('');
        expect([panel.title, panel.fieldConfig.defaults.noValue]).not.toContain(undefined);
        expect(panel.targets.length).toBeGreaterThan(0);
      }
    });

    it('names the queries of a panel A, B, C', () => {
      for (const { targets } of queryPanels(panels)) {
        expect(targets.map(({ refId }) => refId)).toEqual([...'ABCDEFGH'].slice(0, targets.length));
      }
    });

    it('uses no variable that it does not have', () => {
      const known = new Set(dashboard.templating.list.map(({ name }) => name));
      const used = queryPanels(panels).flatMap(({ targets }) =>
        targets.flatMap(({ expr }) =>
          [...expr.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name),
        ),
      );
      expect(used.length).toBeGreaterThan(0);
      expect(used.filter((name) => !known.has(name) && !name.startsWith('__'))).toEqual([]);
    });
  },
);

describe('the waterfall of the job overview', () => {
  const panel = queryPanels(jobOverview().panels).find(({ options }) => options['cascade'] === true);

  it('goes from what was paid over every loss to what was productive', () => {
    expect(panel?.targets.map(({ legendFormat }) => legendFormat)).toEqual([
      'paid device-hours',
      'wall-clock (device count unknown)',
      '{{bucket}}',
      'productive',
    ]);
    const [paid, wall, losses, productive] = panel?.targets.map(({ expr }) => expr) ?? [];
    expect(paid).not.toContain('bucket=');
    expect(wall).not.toContain('bucket=');
    expect(losses).toContain('bucket!="productive"');
    expect(productive).toContain('bucket="productive"');
  });

  it('counts device-hours, and wall-clock hours only where no device-hours are known', () => {
    expect(panel?.fieldConfig.defaults.unit).toBe('suffix: h');
    const [paid = '', ...others] = panel?.targets.map(({ expr }) => expr) ?? [];
    expect(paid).not.toContain('wall');
    for (const expr of others) {
      expect(expr).toMatch(/headway_job_wall_seconds\{.*\} unless on \(job\) headway_job_device_seconds/);
    }
    for (const expr of [paid, ...others]) expect(expr).toContain('/ 3600');
  });
});
