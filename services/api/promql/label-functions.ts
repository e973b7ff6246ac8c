import type { PromqlConfig } from './config.ts';
import { badData, executionFailed } from './errors.ts';
import { type Labels, labelValue, withLabel } from './labels.ts';
import { compileRegex, mayBacktrackForever } from './regex.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** `label_replace(v, destination, replacement, source, pattern)`: new labels of a series. */
export function labelReplace(
  [destination = '', replacement = '', source = '', pattern = '']: readonly string[],
  config: PromqlConfig,
): (labels: Labels) => Labels {
  if (!LABEL_NAME.test(destination)) {
    throw executionFailed(`invalid destination label name in label_replace(): ${destination}`);
  }
  if (mayBacktrackForever(pattern)) {
    throw badData(
      `regular expression ${JSON.stringify(pattern)} in label_replace() is not supported: ` +
        'a repeated group that itself repeats or chooses',
    );
  }
  const regex = compileRegex(pattern, config.regex_length_max);
  return (labels) => {
    const value = labelValue(labels, source);
    if (value.length > config.regex_input_length_max) {
      throw executionFailed(
        `label ${source} has a value of ${value.length} characters; the limit for label_replace() is ` +
          `${config.regex_input_length_max} (config promql.regex_input_length_max)`,
      );
    }
    const match = regex.exec(value);
    return match === null ? labels : withLabel(labels, destination, expand(replacement, match));
  };
}

/** Go's templates: `$1`, `${1}`, `$name`, `$$`; a name is as long as it can be, one that is no group is empty. */
function expand(template: string, match: RegExpExecArray): string {
  return template.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_, dollar, bare, braced) => {
    if (dollar !== undefined) return '$';
    const name = String(bare ?? braced);
    if (/^\d+$/.test(name)) return match[Number(name)] ?? '';
    return match.groups?.[name] ?? '';
  });
}

/** `label_join(v, destination, separator, sources...)`. */
export function labelJoin([destination = '', separator = '', ...sources]: readonly string[]): (
  labels: Labels,
) => Labels {
  const bad = sources.find((name) => !LABEL_NAME.test(name));
  if (bad !== undefined) throw executionFailed(`invalid source label name in label_join(): ${bad}`);
  if (!LABEL_NAME.test(destination)) {
    throw executionFailed(`invalid destination label name in label_join(): ${destination}`);
  }
  return (labels) =>
    withLabel(labels, destination, sources.map((name) => labelValue(labels, name)).join(separator));
}
