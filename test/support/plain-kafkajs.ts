import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs a script with kafkajs as it comes, in a process of its own: here it is loaded repaired. The script has `kafkajs`,
 * `brokers` and `answer`, which it calls once with what is to be known; then the process ends.
 */
export async function withPlainKafkajs(brokers: readonly string[], script: string): Promise<unknown> {
  const head = `
    process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
    const kafkajs = require('kafkajs');
    const brokers = ${JSON.stringify(brokers)};
    const answer = (value) => process.stdout.write(JSON.stringify(value), () => process.exit(0));
  `;
  const child = spawn(process.execPath, ['-e', `${head}(async () => {${script}})()`], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let problems = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    problems += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the script ended with ${code}: ${problems}`);
  return JSON.parse(output);
}
