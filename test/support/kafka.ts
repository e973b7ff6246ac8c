import { describe } from 'vitest';
import { missingForKafka } from './kafka-jars.ts';
import { hasProgram } from './loopback.ts';

/**
 * `describe` that is skipped, under a name that says why, where no broker can be started, or a program such as kcat
 * that the tests want beside it is not installed.
 */
export function describeWithKafka(name: string, body: () => void, programs: readonly string[] = []): void {
  const missing =
    missingForKafka() ?? programs.filter((program) => !hasProgram(program)).map(notInstalled)[0];
  if (missing === undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${missing}, see test/setup]`, body);
}

function notInstalled(program: string): string {
  return `${program} is not installed`;
}
