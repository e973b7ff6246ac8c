import type { Hono } from 'hono';
import type { CauseRow } from '../../../domain/catalog/causes.ts';
import { NAMED_CAUSES } from '../../../domain/catalog/causes-named.ts';
import { XID_CAUSES } from '../../../domain/catalog/causes-xid.ts';
import { DERIVED_METRICS, type DerivedMetric } from '../../../domain/catalog/derived-metrics.ts';
import { type DeviceField, deviceFields, type Vendor } from '../../../domain/catalog/device-fields.ts';
import { findHardware, type HardwareSpec, hardwareCatalog } from '../../../domain/catalog/hardware.ts';
import { findPreset, type ModelPreset, presetNames } from '../../../domain/catalog/model-presets.ts';
import { readArchitecture, supportedModelTypes } from '../../../domain/model-config.ts';
import { type ModelFlops, modelFlops } from '../../../domain/model-flops.ts';
import { indexPage, pageFromQuery } from '../paging.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/** Sequence length of the FLOPs that `/v1/catalog/models/{name}` shows; `headway flops` takes any. */
export const CATALOG_SEQUENCE_LENGTH = 4096;

export interface FieldRow extends DeviceField {
  readonly vendor: Vendor;
}

export interface ModelAnswer extends ModelPreset {
  /** At the `sequence_length` that it names. */
  readonly flops: ModelFlops;
}

const VENDORS: readonly Vendor[] = ['nvidia', 'amd', 'ascend'];

/** `/v1/catalog/...`: what figures are looked up in, with its sources. */
export function addCatalogRoutes(app: Hono, deps: V1Dependencies): void {
  addHardware(app, deps);
  addModels(app, deps);
  addRead(app, deps, 'listMetrics', (c) => {
    const metrics: readonly DerivedMetric[] = DERIVED_METRICS;
    return c.json(indexPage('metrics', metrics, pageFromQuery(c.req.query(), 'metrics', deps.config)));
  });
  addRead(app, deps, 'listCauses', (c) => {
    const named = NAMED_CAUSES.map(({ pattern: _, ...row }) => row);
    const causes: readonly CauseRow[] = [...XID_CAUSES, ...named];
    return c.json(indexPage('causes', causes, pageFromQuery(c.req.query(), 'causes', deps.config)));
  });
  addRead(app, deps, 'listBaselines', async (c) => {
    const learned = (await deps.baselines?.()) ?? [];
    return c.json(indexPage('baselines', learned, pageFromQuery(c.req.query(), 'baselines', deps.config)));
  });
  addRead(app, deps, 'listFields', (c) => {
    const vendor = c.req.query('vendor');
    const wanted = vendor === undefined ? VENDORS : VENDORS.filter((name) => name === vendor);
    if (wanted.length === 0) {
      throw new Problem(400, 'Bad vendor', `vendor=${vendor} is not one of ${VENDORS.join(', ')}.`);
    }
    const fields = wanted.flatMap((name): FieldRow[] =>
      deviceFields(name).map((field) => ({ vendor: name, ...field })),
    );
    return c.json(indexPage('fields', fields, pageFromQuery(c.req.query(), 'fields', deps.config)));
  });
}

function addHardware(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'listHardware', (c) => {
    const rows: readonly HardwareSpec[] = hardwareCatalog(deps.site?.hardware_overrides);
    return c.json(indexPage('hardware', rows, pageFromQuery(c.req.query(), 'hardware', deps.config)));
  });
  addRead(app, deps, 'getHardware', (c) => {
    const found = findHardware(c.req.param('key') ?? '', deps.site?.hardware_overrides);
    if (found.spec === null) throw new Problem(404, 'Unknown hardware', found.reason);
    return c.json(found.spec satisfies HardwareSpec);
  });
}

function addModels(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'listModels', (c) => {
    const page = pageFromQuery(c.req.query(), 'models', deps.config);
    const models = presetNames().map((name) => ({ name, source: findPreset(name)?.source ?? null }));
    return c.json({ ...indexPage('models', models, page), model_types: supportedModelTypes() });
  });
  addRead(app, deps, 'getModel', (c) => {
    const name = c.req.param('name') ?? '';
    const preset = findPreset(name);
    if (preset === null) {
      throw new Problem(
        404,
        'Unknown model',
        `No preset is called ${JSON.stringify(name)}. Known: ${presetNames().join(', ')}.`,
      );
    }
    const flops = modelFlops(readArchitecture(preset.config), CATALOG_SEQUENCE_LENGTH);
    return c.json({ ...preset, flops } satisfies ModelAnswer);
  });
}
