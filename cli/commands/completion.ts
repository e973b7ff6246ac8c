import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion-scripts.ts';
import { withExamples } from '../examples.ts';
import { printText, type Terminal } from '../terminal.ts';

export function addCompletion(program: Command, terminal: Terminal): void {
  const command = program
    .command('completion')
    .description('a script that completes verbs, options and their values in your shell')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices([...SHELLS]))
    .action((shell: Shell) => printText(terminal, completionScript(shell, program)));
  withExamples(
    command,
    'completion bash > ~/.local/share/bash-completion/completions/headway',
    'completion zsh > ~/.zfunc/_headway',
    'completion fish > ~/.config/fish/completions/headway.fish',
  );
}
