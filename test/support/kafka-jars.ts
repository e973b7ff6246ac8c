import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram } from './loopback.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The version that the tests run against: HEADWAY_KAFKA_VERSION, else the one of test/kafka/pom.xml. */
export function kafkaVersion(): string {
  const named = process.env['HEADWAY_KAFKA_VERSION'];
  if (named !== undefined && named !== '') return named;
  const pom = readFileSync(join(ROOT, 'test/kafka/pom.xml'), 'utf8');
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1];
  if (version === undefined) throw new Error('test/kafka/pom.xml names no kafka.version');
  return version;
}

/** The folder with the jars of Apache Kafka that `test/setup` made, whether it is there or not. */
export function kafkaJars(): string {
  return join(ROOT, `.cache/kafka-${kafkaVersion()}`);
}

/** What a broker needs and is not here, in words; undefined when it can be started. */
export function missingForKafka(): string | undefined {
  if (!hasProgram('java')) return 'java is not installed';
  if (!existsSync(kafkaJars())) return `Apache Kafka ${kafkaVersion()} is not in .cache`;
  return undefined;
}
