import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A verb as the scripts need it: its words (`alerts list`), what follows them, and its options. */
interface Verb {
  readonly words: readonly string[];
  readonly description: string;
  readonly children: readonly Verb[];
  readonly options: readonly OptionWords[];
}

interface OptionWords {
  readonly flag: string;
  readonly description: string;
  readonly takes_value: boolean;
  readonly values: readonly string[];
}

/** The script for a shell, made of the commands as they are registered: a new verb is completed without a word here. */
export function completionScript(shell: Shell, program: Command): string {
  const root = verbOf(program, []);
  switch (shell) {
    case 'bash':
      return bashScript(root);
    case 'zsh':
      return `#compdef headway\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(root)}`;
    case 'fish':
      return fishScript(root);
  }
}

function verbOf(command: Command, words: readonly string[]): Verb {
  return {
    words,
    description: command.description(),
    children: command.commands.map((child) => verbOf(child, [...words, child.name()])),
    options: command.options.filter(({ hidden }) => !hidden).map(optionOf),
  };
}

function optionOf(option: Option): OptionWords {
  return {
    flag: option.long ?? option.short ?? option.flags,
    description: option.description,
    takes_value: option.required || option.optional,
    values: option.argChoices ?? [],
  };
}

function allVerbs(root: Verb): Verb[] {
  return [root, ...root.children.flatMap(allVerbs)];
}

/** One case a verb: its words so far choose what can follow. Files are what is left. */
function bashScript(root: Verb): string {
  const cases = allVerbs(root).map((verb) => {
    const next = [
      ...verb.children.map(({ words }) => words.at(-1) ?? ''),
      ...verb.options.map(({ flag }) => flag),
      '--help',
    ];
    return `    ${quoted(verb.words.join(' '))}) next=${quoted(next.join(' '))} ;;`;
  });
  const values = allVerbs(root).flatMap(({ words, options }) =>
    options
      .filter((option) => option.values.length > 0)
      .map(
        (option) =>
          `    ${quoted(`${words.join(' ')} ${option.flag}`.trim())}) values=${quoted(option.values.join(' '))} ;;`,
      ),
  );
  const groups = allVerbs(root).filter(({ children }) => children.length > 0);
  const known = groups.flatMap(({ children }) => children.map(({ words }) => quoted(words.join(' '))));
  return `# Completion of headway; made by \`headway completion\`.
_headway() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="" next="" values="" word try
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    try="\${verb:+$verb }$word"
    case "$try" in
      ${known.join('|')}) verb="$try" ;;
    esac
  done
  case "\${verb:+$verb }$previous" in
${values.join('\n')}
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case "$verb" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _headway headway
`;
}

function fishScript(root: Verb): string {
  const lines = allVerbs(root).flatMap((verb) => {
    const seen =
      verb.words.length === 0
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${verb.words.at(-1) ?? ''}`;
    const own =
      verb.words.length > 1 ? `${seen}; and __fish_seen_subcommand_from ${verb.words[0] ?? ''}` : seen;
    const condition = `-n ${quoted(own)}`;
    return [
      ...verb.children.map(
        ({ words, description }) =>
          `complete -c headway -f ${condition} -a ${quoted(words.at(-1) ?? '')} -d ${quoted(description)}`,
      ),
      ...verb.options.map(({ flag, description, takes_value, values }) => {
        const value = takes_value
          ? ` -r${values.length > 0 ? ` -f -a ${quoted(values.join(' '))}` : ''}`
          : '';
        return `complete -c headway ${condition} -l ${quoted(flag.replace(/^--/, ''))}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completion of headway; made by \`headway completion\`.\n${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
