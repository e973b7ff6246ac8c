import { COLLECTOR_DEFAULTS } from '../../services/collector/config.ts';
import { createPageDecoder } from '../../services/collector/decoders/prometheus-text.ts';
import { SIMULATOR_DEFAULTS } from '../../simulator/config.ts';
import { renderDcgmPage } from '../../simulator/dcgm-page.ts';
import { createDeviceModel } from '../../simulator/device-model.ts';
import { createFleet } from '../../simulator/fleet.ts';
import { type Comparison, compare } from './measure.ts';

const PAGES = 200;

/** A node's page again and again, as a scraper sees it: with the layout of the last page, and without. */
export function compareDecoders(): Promise<Comparison> {
  const pages = nodePages();
  const limits = COLLECTOR_DEFAULTS.scrape_limits;
  const samples = pages.reduce((sum, page) => sum + createPageDecoder(limits).decode(page).values.length, 0);
  const kept = createPageDecoder(limits);
  return compare('Decoding dcgm-exporter pages of 8 devices', 'samples', [
    {
      name: 'each page on its own',
      items: samples,
      run: () => {
        for (const page of pages) createPageDecoder(limits).decode(page);
      },
    },
    {
      name: 'by the layout of the last page',
      items: samples,
      run: () => {
        for (const page of pages) kept.decode(page);
      },
    },
  ]);
}

/** Pages of one node of 8 devices, a second apart. */
export function nodePages(): Buffer[] {
  const config = { ...SIMULATOR_DEFAULTS, nodes: 1 };
  const models = createFleet(config, 1).devices.map(createDeviceModel);
  return Array.from({ length: PAGES }, (_, second) => {
    const from_us = second * 1e6;
    const to_us = from_us + 1e6;
    const account = { kind: 'bucket', bucket: 'productive' } as const;
    for (const model of models) {
      model.pass({ from_us, to_us, activity: 'training', account, events: [] }, from_us, to_us);
    }
    return Buffer.from(renderDcgmPage(models, config));
  });
}
