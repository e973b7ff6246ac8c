import { describe, expect, it } from 'vitest';
import { KAFKA_DEFAULTS } from '../../../../../platform/bus/kafka/config.ts';
import { dangersOf, topicSettings } from '../../../../../platform/bus/kafka/topic.ts';

const GOOD = topicSettings(KAFKA_DEFAULTS);

function dangers(changed: Record<string, string>, replicas = 3, brokers = 3): string[] {
  const settings = new Map(Object.entries({ ...GOOD, 'retention.bytes': '-1', ...changed }));
  return dangersOf(KAFKA_DEFAULTS, { settings, replicas, brokers });
}

describe('a topic that is there already', () => {
  it('is not complained of when it is as it would be made, or safer', () => {
    expect(dangers({})).toEqual([]);
    expect(
      dangers({ 'retention.ms': '-1', 'max.message.bytes': '8388608', 'compression.type': 'zstd' }),
    ).toEqual([]);
    expect(dangers({}, 5, 5)).toEqual([]);
  });

  it.each([
    [{ 'min.insync.replicas': '1' }, /min.insync.replicas is 1 and not kafka.min_insync_replicas \(2\)/],
    [{ 'min.insync.replicas': '3' }, /nothing is acknowledged while one broker is away/],
    [
      { 'max.message.bytes': '1048588' },
      /max.message.bytes is 1048588, less than kafka.message_bytes_max \(4194304\)/,
    ],
    [{ 'unclean.leader.election.enable': 'true' }, /unclean.leader.election.enable is true/],
    [{ 'cleanup.policy': 'compact,delete' }, /cleanup.policy is compact,delete/],
    [{ 'retention.ms': '3600000' }, /retention.ms is 3600000, less than kafka.retention_hours \(72\)/],
    [{ 'retention.bytes': '1000000000' }, /retention.bytes is 1000000000/],
  ])('is complained of by name: %j', (changed, said) => {
    const found = dangers(changed);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(said);
  });

  it('is complained of when its partitions are on fewer brokers than wanted', () => {
    expect(dangers({ 'min.insync.replicas': '1' }, 1, 3)).toEqual([
      expect.stringMatching(/a partition has 1 replicas and not kafka.replication_factor \(3\)/),
    ]);
  });

  it('may have one replica where there is one broker', () => {
    expect(dangers({ 'min.insync.replicas': '1' }, 1, 1)).toEqual([]);
  });
});
