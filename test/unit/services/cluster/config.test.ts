import { describe, expect, it } from 'vitest';
import { configLayerFromEnvironment, configLayerFromYaml, loadConfig } from '../../../../platform/config.ts';
import {
  CONFIG_CHECKS,
  HEADWAY_DEFAULTS,
  type HeadwayConfig,
} from '../../../../services/all-in-one/config.ts';

const load = (yaml: string, environment: Record<string, string> = {}): HeadwayConfig =>
  loadConfig(
    HEADWAY_DEFAULTS,
    [configLayerFromYaml(yaml, 'headway.yaml'), configLayerFromEnvironment(environment)],
    CONFIG_CHECKS,
  ).config;

describe('the settings of a cluster', () => {
  it('stand in the same file as all others, with the environment over them', () => {
    const config = load('kafka:\n  brokers: [kafka-1:9092, "[fd00::1]:9092"]\n  topic: training\n', {
      HEADWAY__KAFKA__BROKERS: '[elsewhere:9092]',
    });
    expect(config.kafka).toMatchObject({ brokers: ['elsewhere:9092'], topic: 'training' });
    expect(load('kafka: { brokers: ["[fd00::1]:9092"] }').kafka.brokers).toEqual(['[fd00::1]:9092']);
  });

  it.each([
    ['kafka: { brokers: [] }', /headway\.yaml:1: kafka\.brokers: there is no broker/],
    ['kafka:\n  brokers: [kafka]', /headway\.yaml:2: kafka\.brokers\[0\]: "kafka" is not the address/],
    ['kafka: { brokers: ["http://kafka:9092"] }', /is not the address of a broker/],
    ['kafka: { brokers: ["kafka:0"] }', /is not the address of a broker/],
    ['kafka: { brokers: [9092] }', /9092 is not the address of a broker/],
    ['kafka: { replication_factor: 1 }', /2 replicas cannot be in sync when kafka\.replication_factor is 1/],
    ['kafka: { replication_factor: 2.5 }', /must be a whole number/],
    ['kafka: { broker: "kafka:9092" }', /unknown setting kafka\.broker\. Did you mean `brokers`/],
    ['clickhouse: { url: "clickhouse:8123" }', /"clickhouse:8123" is not an http or https address/],
    [
      'clickhouse: { url: "http://me:pw@host:8123" }',
      /clickhouse\.url: the address holds a user or a password/,
    ],
    ['cluster: { start_retry_s: 0 }', /cluster\.start_retry_s must be/],
  ])('are refused with their place and what to do: %s', (yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
  });

  it('may name one replica on one broker', () => {
    expect(load('kafka: { replication_factor: 1, min_insync_replicas: 1 }').kafka.replication_factor).toBe(1);
  });
});
