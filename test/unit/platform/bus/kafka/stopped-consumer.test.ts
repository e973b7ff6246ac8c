import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { loadRepairedKafkajs } from '../../../../../platform/bus/kafka/repaired-kafkajs.ts';
import { withPlainKafkajs } from '../../../../support/plain-kafkajs.ts';

/** Function body over `Runner`: stops a consumer while it waits for the last fetch before it turns to other brokers. */
const STOPPED = `
  let asks = 0;
  let nodes = [1, 2];
  const asked = new Map();
  const group = {
    groupId: 'g',
    memberId: 'm',
    connect: async () => {},
    joinAndSync: async () => {},
    heartbeat: async () => {},
    leave: async () => {},
    // Asked before each fetch.
    getNodeIds: () => {
      if (++asks > 10_000) onSpin();
      return nodes;
    },
    fetch: (node) => new Promise((resolve) => asked.set(node, () => resolve([]))),
  };
  const logger = {
    namespace: () => logger,
    info() {},
    warn() {},
    error() {},
    debug() {},
  };
  const turns = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  };
  const runner = new Runner({
    logger,
    consumerGroup: group,
    instrumentationEmitter: { emit() {} },
    concurrency: 1,
    eachBatch: async () => {},
    onCrash: (cause) => { throw cause; },
    autoCommit: false,
  });
  await runner.start();
  await turns();
  nodes = [1, 2, 3];
  asked.get(1)();
  await turns();
  const stopped = runner.stop();
  asked.get(2)();
  await stopped;
`;

it('spins for ever when it is stopped while the brokers change, in the client alone', async () => {
  const found = await withPlainKafkajs(
    [],
    `
    const Runner = require('kafkajs/src/consumer/runner.js');
    // Nothing that waits for a turn would be written.
    const onSpin = () => {
      require('node:fs').writeSync(1, '"spins"');
      process.exit(0);
    };
    ${STOPPED}
    answer('ends');
    `,
  );
  expect(found).toBe('spins');
});

it('ends in the repaired one', async () => {
  loadRepairedKafkajs({ decompressed_bytes_max: 1, records_max: 1 });
  const Runner: unknown = createRequire(import.meta.url)('kafkajs/src/consumer/runner.js');
  let spins = false;
  const onSpin = () => {
    spins = true;
    throw new Error('spins');
  };
  const stop = new Function('Runner', 'onSpin', `return (async () => {${STOPPED}})()`);
  await stop(Runner, onSpin);
  expect(spins).toBe(false);
});
