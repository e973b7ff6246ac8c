import { expect, it, onTestFinished } from 'vitest';
import { canonicalEventLine } from '../../domain/event-reader.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { countCopies, faultOf, Oracle } from '../support/oracle.ts';
import { storeEvents } from '../support/stored-events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function openCounting(): Promise<Store> {
  const store = await openEmbeddedStore(await temporaryFolder(), STORE_DEFAULTS, silentLog);
  onTestFinished(() => store.close());
  await countCopies(store);
  await migrate(store);
  return store;
}

const NOW_MS = 1_700_000_100_000;

/** What the drills rely on: an oracle that never complains would pass every drill. */
it('the oracle of the drills tells lost, doubled, twice written and damaged rows from good ones', async () => {
  const store = await openCounting();
  const oracle = new Oracle('o', { jobs: 2 });
  const ids = Array.from({ length: 9 }, () => oracle.issue());
  oracle.acknowledge(ids.filter((id) => id !== 8));
  const store_ = (some: readonly number[], at_ms = NOW_MS) =>
    storeEvents(
      store,
      some.map((id) => oracle.eventOf(id)),
      at_ms,
    );
  await store_(ids.filter((id) => id !== 3 && id !== 8));
  expect(faultOf(await oracle.check(store))).toBe('1 lost: 3');

  await store_([3]);
  expect(faultOf(await oracle.check(store))).toBeNull();
  // Of unknown outcome: it may be there or not.
  await store_([8]);
  expect(faultOf(await oracle.check(store))).toBeNull();

  // Written a second time, later: readers see one row, but nobody sent it twice.
  await store_([5], NOW_MS + 1);
  expect(await oracle.check(store)).toMatchObject({ doubled: [], written_twice: [5] });
  oracle.resending([5]);
  expect(faultOf(await oracle.check(store))).toBeNull();

  const body = canonicalEventLine(oracle.eventOf(6));
  const row = { job: oracle.jobOf(6), type: 'step', node: '', received_at: '2023-11-14T22:15:00Z', body };
  await store.insertRows('run_events', [{ ...row, event_id: 'another', time_us: 1 }]);
  const changed = body.replace('"step":6', '"step":7');
  await store.insertRows('run_events', [{ ...row, event_id: 'x', time_us: 2, body: changed }]);
  const verdict = await oracle.check(store);
  expect(verdict.doubled).toEqual([6]);
  expect(verdict.damaged).toEqual([changed]);
});
