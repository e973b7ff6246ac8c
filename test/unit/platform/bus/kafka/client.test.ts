import { expect, it } from 'vitest';
import { createKafkaClient } from '../../../../../platform/bus/kafka/client.ts';
import { KAFKA_DEFAULTS } from '../../../../../platform/bus/kafka/config.ts';
import { createLog } from '../../../../../platform/log.ts';

it('says once what the client complains of again and again, and not that another process made a topic first', () => {
  const lines: string[] = [];
  const client = createKafkaClient(
    KAFKA_DEFAULTS,
    createLog('info', (line) => lines.push(line)),
  );
  const complain = (message: string) => client.logger().error(message, { error: 'Topic creation errors' });
  complain('Response CreateTopics(key: 19, version: 3)');
  for (const _ of [1, 2, 3]) complain('Response Produce(key: 0, version: 7)');
  expect(lines.map((line) => JSON.parse(line).problem)).toEqual(['Response Produce(key: 0, version: 7)']);
});
