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
    ['kafka: { topic: "a b" }', /kafka\.topic: "a b" is no name of a topic.*Kafka takes letters/],
    ['kafka: { topic: ".." }', /kafka\.topic: "\.\." is no name/],
    [`kafka: { topic: ${'a'.repeat(238)} }`, /is no name of a topic.*237/],
    [
      'kafka:\n  reader:\n    session_timeout_s: 6\n    heartbeat_interval_s: 3',
      /:4: kafka\.reader\.heartbeat_interval_s: 3 s is more than a third .* \(6\)\. .* Give at most 2/,
    ],
    ['kafka: { tls: { ca_file: ca.pem } }', /kafka\.tls\.ca_file: is set, and kafka\.tls\.enabled is false/],
    [
      'kafka: { tls: { enabled: true, cert_file: a.pem } }',
      /kafka\.tls\.key_file: is not set, and kafka\.tls\.cert_file is/,
    ],
    ['kafka: { sasl: { username: me } }', /kafka\.sasl\.mechanism: is not set.* Give one of plain, scram/],
    ['kafka: { sasl: { mechanism: oauthbearer } }', /"oauthbearer" is not supported/],
    ['kafka: { sasl: { mechanism: plain, password: p } }', /kafka\.sasl\.username: is not set/],
    [
      'kafka: { sasl: { mechanism: plain, username: me } }',
      /kafka\.sasl\.password: is not set.*HEADWAY__KAFKA__SASL__PASSWORD/,
    ],
    [
      'kafka: { sasl: { mechanism: plain, username: me, password: p, password_file: f } }',
      /kafka\.sasl\.password_file: is set, and kafka\.sasl\.password as well/,
    ],
    ['clickhouse: { ca_file: ca.pem }', /clickhouse\.ca_file: is set, and clickhouse\.url is not https/],
    ['clickhouse: { url: "https://h:8443", cert_file: a }', /clickhouse\.key_file: is not set/],
    [
      'clickhouse: { password: p, password_file: f }',
      /clickhouse\.password_file: is set, and clickhouse\.pass/,
    ],
    ['cluster: { start_retry_s: 0 }', /cluster\.start_retry_s must be/],
  ])('are refused with their place and what to do: %s', (yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
  });

  it('may be those of a secured cluster, with its passwords in the environment', () => {
    const yaml = `
kafka:
  brokers: [kafka-1:9093]
  tls: { enabled: true, ca_file: /etc/kafka/ca.pem }
  sasl: { mechanism: scram-sha-512, username: headway }
clickhouse: { url: 'https://clickhouse:8443', user: headway, password_file: /run/secrets/clickhouse }
`;
    const { kafka, clickhouse } = load(yaml, { HEADWAY__KAFKA__SASL__PASSWORD: '*{ #4711: "x"' });
    expect(kafka.sasl).toMatchObject({ mechanism: 'scram-sha-512', password: '*{ #4711: "x"' });
    expect(kafka.tls).toMatchObject({ enabled: true, ca_file: '/etc/kafka/ca.pem', server_name: null });
    expect(clickhouse).toMatchObject({ password: null, password_file: '/run/secrets/clickhouse' });
  });

  it('may name one replica on one broker', () => {
    expect(load('kafka: { replication_factor: 1, min_insync_replicas: 1 }').kafka.replication_factor).toBe(1);
  });
});
