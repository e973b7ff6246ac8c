import type { Command } from 'commander';

/** Lines that can be typed as they stand, below the options of a verb's --help. */
export function withExamples(command: Command, ...lines: readonly string[]): void {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  npx headway ${line}`).join('\n')}`);
}
