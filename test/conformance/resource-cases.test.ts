import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { facilityOf, itPowerW } from '../../domain/power.ts';
import { casePath, describeWithFixtures } from '../support/fixtures.ts';

interface PowerCase {
  readonly id: string;
  readonly inputs: { readonly gpus: number; readonly watts_per_gpu: number; readonly pue: number };
  readonly published: { readonly it_mw: number; readonly total_mw: number };
}

describeWithFixtures('published power of a cluster', () => {
  it('the slides of a course: IT power, and times PUE', () => {
    const { cases } = JSON.parse(readFileSync(casePath('efficiency.json'), 'utf8')) as {
      cases: readonly PowerCase[];
    };
    const found = cases.find(({ id }) => id === 'seed-06Power');
    if (found === undefined) throw new Error('the case file has no seed-06Power');
    const { gpus, watts_per_gpu, pue } = found.inputs;
    const it_w = itPowerW(gpus, watts_per_gpu);
    expect(it_w / 1e6).toBe(found.published.it_mw);
    expect(facilityOf(it_w, pue) / 1e6).toBeCloseTo(found.published.total_mw, 9);
  });
});
