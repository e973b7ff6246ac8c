import { describe, expect, it } from 'vitest';
import { KAFKA_DEFAULTS } from '../../../../../platform/bus/kafka/config.ts';
import { explained, KafkaRefused } from '../../../../../platform/bus/kafka/refusal.ts';

/** As kafkajs makes them. */
function kafkaError(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

const login = (message: string) => kafkaError('KafkaJSSASLAuthenticationError', message);

describe('what brokers refuse', () => {
  it('is found in what caused an error, and in what it gathers', () => {
    const wrong = login(
      'SASL PLAIN authentication failed: Authentication failed: Invalid username or password',
    );
    const retried = new Error('gave up', { cause: new Error('again', { cause: wrong }) });
    expect(explained(retried, KAFKA_DEFAULTS)).toMatchObject({ code: 'credentials', isFinal: true });
    const denied = kafkaError('KafkaJSCreateTopicError', 'x', { type: 'TOPIC_AUTHORIZATION_FAILED' });
    const all = kafkaError('KafkaJSAggregateError', 'Topic creation errors', { errors: [denied] });
    expect(explained(all, KAFKA_DEFAULTS)).toMatchObject({ code: 'rights', isFinal: true });
  });

  it.each([
    'SASL SCRAM SHA512 authentication failed: Closed connection',
    'SASL SCRAM SHA512 authentication failed: Connection error: read ECONNRESET',
    'SASL PLAIN authentication failed: Request SaslAuthenticate(key: 36, version: 1) timed out',
  ])('is not a login that a broker cut off by ending: %s', (message) => {
    const error = explained(login(message), KAFKA_DEFAULTS);
    expect(error).toBeInstanceOf(KafkaRefused);
    expect(error).toMatchObject({ code: 'unclear', isFinal: false });
  });

  it.each([
    kafkaError('KafkaJSConnectionError', 'Connection error: connect ECONNREFUSED', { code: 'ECONNREFUSED' }),
    kafkaError('KafkaJSConnectionError', 'Connection timeout'),
    kafkaError('KafkaJSProtocolError', 'not the leader', { type: 'NOT_LEADER_FOR_PARTITION' }),
    'a text',
    undefined,
  ])('is nothing else that goes wrong', (error) => {
    expect(explained(error, KAFKA_DEFAULTS)).toBe(error);
  });

  it('is no closed connection where nothing more could be wanted', () => {
    const closed = kafkaError('KafkaJSConnectionClosedError', 'Closed connection', {
      broker: 'kafka-1:9092',
    });
    expect(explained(closed, KAFKA_DEFAULTS)).toMatchObject({ code: 'unclear' });
    const { tls, sasl } = KAFKA_DEFAULTS;
    const secured = {
      ...KAFKA_DEFAULTS,
      tls: { ...tls, enabled: true },
      sasl: { ...sasl, mechanism: 'plain' },
    };
    expect(explained(closed, secured)).toBe(closed);
  });
});
