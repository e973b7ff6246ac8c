import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion-scripts.ts';
import { withExamples } from '../examples.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

export function addCompletion(program: Command, terminal: Terminal): void {
  const command = program
    .command('completion')
    .description('a script that completes verbs, options and their values in your shell')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices([...SHELLS]))
    .option('--json', 'one JSON document: {"shell", "script"}')
    .action((shell: Shell, options: { json?: boolean }) => {
      const script = completionScript(shell, program);
      if (options.json === true) printJson(terminal, { shell, script });
      else printText(terminal, script);
    });
  withExamples(
    command,
    'completion bash > ~/.local/share/bash-completion/completions/headway',
    'completion zsh > ~/.zfunc/_headway',
    'completion fish > ~/.config/fish/completions/headway.fish',
  );
}
