import { expect, it } from 'vitest';
import { HEADWAY_DEFAULTS } from '../../../../services/all-in-one/config.ts';
import { producersKept_s } from '../../../../services/cluster/producers-kept.ts';

it.each([
  [1, 1],
  [30, 72],
  [30, 24 * 365],
  [400, 2],
])(
  'producers are remembered until the last copy of %i days on a disk was read from a topic that keeps %i hours',
  (age_max_days, retention_hours) => {
    const { spool, kafka } = HEADWAY_DEFAULTS;
    const kept_s = producersKept_s({
      spool: { ...spool, age_max_days },
      kafka: { ...kafka, retention_hours },
    });
    expect(kept_s).toBeGreaterThan(age_max_days * 86_400 + retention_hours * 3600);
  },
);
