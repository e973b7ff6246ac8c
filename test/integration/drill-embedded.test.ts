import { expect, it } from 'vitest';
import { drillEmbedded } from '../drill/embedded-drill.ts';
import { embeddedSummary } from '../drill/embedded-summary.ts';
import { faultOf } from '../support/oracle.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** `npm run drill` makes 200. */
const KILLS = 30;

it(`the whole product loses and doubles nothing that it acknowledged, over ${KILLS} kills`, {
  timeout: 240_000,
}, async () => {
  const result = await drillEmbedded({ folder: await temporaryFolder(), kills: KILLS, seed: 20_251_125 });
  console.info(embeddedSummary(result));
  expect(faultOf(result.verdict)).toBeNull();
  expect(result.complaints).toEqual([]);
  // The kills were worth something: deliveries were cut under way, and much went through.
  expect(result.repeated_deliveries).toBeGreaterThan(KILLS / 5);
  expect(result.verdict.acknowledged).toBeGreaterThan(KILLS * 50);
  expect(result.unknown_outcomes).toBeGreaterThan(KILLS);
});
