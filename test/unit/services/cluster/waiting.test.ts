import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../../platform/log.ts';
import { createDependency } from '../../../../services/cluster/waiting.ts';

const config = { start_retry_s: 0.001, waiting_interval_s: 60 };

function dependency(said: string[] = [], isFinal?: (error: unknown) => boolean) {
  const log = { ...silentLog, warn: (message: string) => void said.push(message) };
  const options = { name: 'tables', address: 'http://there:8123', config, log };
  return createDependency(isFinal === undefined ? options : { ...options, isFinal });
}

describe('what a process waits for', () => {
  it('is tried until it is there; readiness says why it is not, and the log says it once', async () => {
    const said: string[] = [];
    const tables = dependency(said);
    expect(tables.readiness()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('not reached yet'),
    });
    let tries = 0;
    const reached = await tables.reach(async () => {
      if (++tries < 5) throw new Error('ECONNREFUSED');
      expect(tables.readiness()).toEqual({
        ok: false,
        reason: 'tables at http://there:8123: ECONNREFUSED',
      });
      return 'store';
    }, new AbortController().signal);
    expect([reached, tries, tables.readiness()]).toEqual(['store', 5, { ok: true }]);
    expect(said).toEqual([
      'waiting for what is not reachable; it is tried again until it is',
      'reached what was waited for',
    ]);
  });

  it('is not mentioned where it is there at once', async () => {
    const said: string[] = [];
    await dependency(said).reach(async () => 1, new AbortController().signal);
    expect(said).toEqual([]);
  });

  it('is waited for no longer when the process stops', async () => {
    const stopping = new AbortController();
    const reaching = dependency().reach(async () => {
      stopping.abort();
      throw new Error('away');
    }, stopping.signal);
    expect(await reaching).toBeUndefined();
  });

  it('is given up at once where no later try can help', async () => {
    const tables = dependency([], (error) => error instanceof RangeError);
    const reaching = tables.reach(
      () => Promise.reject(new RangeError('too new')),
      new AbortController().signal,
    );
    await expect(reaching).rejects.toThrow('too new');
  });
});
