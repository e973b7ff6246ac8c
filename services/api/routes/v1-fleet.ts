import type { Hono } from 'hono';
import { fleetOf } from '../../../domain/report/fleet.ts';
import { timeText } from '../../../domain/report/time-text.ts';
import { addRead } from '../read-routes.ts';
import { resultsOf } from '../result-reader.ts';
import { rangeFromQuery } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/** Unless told otherwise, the last day. */
const DEFAULT_RANGE_US = 86_400e6;

/** `/v1/fleet`: the published ledgers of all jobs over a range as one. */
export function addFleetRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getFleet', async (c) => {
    const now_us = deps.clock.now_us();
    const asked = rangeFromQuery(c.req.query(), now_us);
    const to_us = Math.floor(asked.to_us ?? now_us);
    const from_us = Math.floor(asked.from_us ?? to_us - DEFAULT_RANGE_US);
    const fleet = fleetOf(await resultsOf(deps).fleet(from_us, to_us));
    return c.json({ ...fleet, range: { from: timeText(from_us), to: timeText(to_us) } });
  });
}
