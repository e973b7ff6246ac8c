import { badData } from './errors.ts';

/**
 * RE2's syntax to a JavaScript pattern with the `u` flag that matches the same values, whole (Prometheus anchors both
 * ends). Whatever JavaScript cannot say the same way is refused with `bad_data` that names it: look-around and
 * back-references are not RE2 at all, flags inside a pattern are not in every JavaScript engine.
 */
export function compileRegex(pattern: string, length_max: number): RegExp {
  if (pattern.length > length_max) {
    throw badData(
      `regular expression of ${pattern.length} characters; the limit is ${length_max} (config promql.regex_length_max)`,
    );
  }
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  const flags = leading?.[1] ?? '';
  if (/[mU]/.test(flags)) throw refused(pattern, `the flag (?${flags})`);
  const body = new Translation(pattern, leading?.[0].length ?? 0, flags.includes('s')).whole();
  try {
    return new RegExp(`^(?:${body})$`, flags.includes('i') ? 'ui' : 'u');
  } catch (cause) {
    throw refused(pattern, cause instanceof Error ? cause.message.replace(/^[\s\S]*: /, '') : String(cause));
  }
}

function refused(pattern: string, what: string): Error {
  return badData(`regular expression ${JSON.stringify(pattern)} is not supported: ${what}`);
}

/** RE2's Perl classes are ASCII; written out, so that case folding and Unicode change nothing. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '0-9',
  w: '0-9A-Za-z_',
  s: '\\t\\n\\f\\r ',
  D: '\\0-\\/:-\\u{10ffff}',
  W: '\\0-\\/:-@\\[-\\^`\\{-\\u{10ffff}',
  S: '\\0-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}',
};

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

const SYNTAX = /[\^$\\.*+?()[\]{}|/-]/;

class Translation {
  readonly #pattern: string;
  readonly #dot: string;
  #at: number;

  constructor(pattern: string, from: number, dotMatchesNewline: boolean) {
    this.#pattern = pattern;
    this.#at = from;
    this.#dot = dotMatchesNewline ? '[^]' : '[^\\n]';
  }

  whole(): string {
    let out = '';
    while (this.#at < this.#pattern.length) out += this.#next();
    return out;
  }

  #rest(): string {
    return this.#pattern.slice(this.#at);
  }

  #take(length: number): string {
    const text = this.#pattern.slice(this.#at, this.#at + length);
    this.#at += length;
    return text;
  }

  #next(): string {
    const rest = this.#rest();
    if (rest.startsWith('\\')) return this.#escape(false);
    if (rest.startsWith('[')) return this.#class();
    if (rest.startsWith('(?')) return this.#group(rest);
    if (rest.startsWith('.')) {
      this.#take(1);
      return this.#dot;
    }
    if (rest.startsWith('{')) return this.#repetition(rest);
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    this.#take(letter.length);
    return letter === '}' || letter === ']' || letter === '/' ? `\\${letter}` : letter;
  }

  #group(rest: string): string {
    const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    if (named !== null) {
      this.#take(named[0].length);
      return `(?<${named[1]}>`;
    }
    if (rest.startsWith('(?:')) return this.#take(3);
    throw refused(this.#pattern, `the group ${JSON.stringify(rest.slice(0, 4))}`);
  }

  /** `{` that begins no repetition is a plain character in RE2. */
  #repetition(rest: string): string {
    const counts = /^\{(\d+)(?:,(\d*))?\}/.exec(rest);
    if (counts === null) {
      this.#take(1);
      return '\\{';
    }
    if (Number(counts[1]) > 1000 || Number(counts[2] ?? 0) > 1000) {
      throw refused(this.#pattern, `the repetition ${counts[0]}, above 1000`);
    }
    return this.#take(counts[0].length);
  }

  #escape(inClass: boolean): string {
    const rest = this.#rest();
    const literal = inClass ? null : /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest);
    if (literal !== null) {
      this.#take(literal[0].length);
      return [...(literal[1] ?? '')].map((letter) => (SYNTAX.test(letter) ? `\\${letter}` : letter)).join('');
    }
    const hex = /^\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    if (hex !== null) {
      this.#take(hex[0].length);
      return `\\u{${hex[1] ?? hex[2] ?? ''}}`;
    }
    const property = /^\\([pP])(?:([A-Z])|\{(\^?)([A-Za-z_]+)\})/.exec(rest);
    if (property !== null) {
      this.#take(property[0].length);
      const negated = (property[1] === 'P') !== (property[3] === '^');
      const name = property[2] ?? property[4] ?? '';
      return `\\${negated ? 'P' : 'p'}{${name.length <= 2 ? name : `Script=${name}`}}`;
    }
    const letter = rest[1] ?? '';
    this.#take(2);
    const written = CLASSES[letter];
    if (written !== undefined) return inClass ? written : `[${written}]`;
    if ('fnrtv'.includes(letter) && letter !== '') return `\\${letter}`;
    if (letter === 'a') return '\\x07';
    if (!inClass && letter === 'A') return '^';
    if (!inClass && letter === 'z') return '$';
    if (!inClass && (letter === 'b' || letter === 'B')) return `\\${letter}`;
    if (letter !== '' && letter < '\x80' && !/[0-9A-Za-z]/.test(letter)) {
      return SYNTAX.test(letter) && (inClass || letter !== '-') ? `\\${letter}` : letter;
    }
    throw refused(
      this.#pattern,
      /[0-9]/.test(letter) ? `\\${letter}: back-references and octal escapes` : `the escape \\${letter}`,
    );
  }

  #class(): string {
    this.#take(1);
    let out = '[';
    if (this.#rest().startsWith('^')) out += this.#take(1);
    if (this.#rest().startsWith(']')) {
      this.#take(1);
      out += '\\]';
    }
    for (;;) {
      const rest = this.#rest();
      if (rest === '') throw refused(this.#pattern, 'a [ without its ]');
      if (rest.startsWith(']')) return out + this.#take(1);
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      if (posix !== null) out += this.#posix(posix);
      else if (rest.startsWith('\\')) out += this.#escape(true);
      else out += this.#classLetter(rest);
    }
  }

  #posix([text, negated, name]: RegExpExecArray): string {
    const written = POSIX[name ?? ''];
    if (written === undefined || negated === '^') throw refused(this.#pattern, `the class ${text}`);
    this.#take(text.length);
    return written;
  }

  #classLetter(rest: string): string {
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    this.#take(letter.length);
    return letter !== '-' && letter !== '^' && SYNTAX.test(letter)
      ? `\\${letter}`
      : letter === '^'
        ? '\\^'
        : letter;
  }
}

/**
 * True for a pattern that a backtracking engine may need more than polynomial time for: an unbounded repetition of a
 * group that itself repeats without bound or chooses between alternatives.
 */
export function mayBacktrackForever(pattern: string): boolean {
  const plain = pattern
    .replace(/\\Q[\s\S]*?(?:\\E|$)/g, 'q')
    .replace(/\\[\s\S]/g, 'e')
    .replace(/\[\]?[^\]]*\]/g, 'c');
  const open: { risky: boolean }[] = [];
  for (let at = 0; at < plain.length; at++) {
    const letter = plain[at] ?? '';
    if (letter === '(') open.push({ risky: false });
    const inner = open.at(-1);
    const unbounded = /^(?:[*+]|\{\d+,\})/.test(plain.slice(at));
    if (inner !== undefined && (letter === '|' || unbounded)) inner.risky = true;
    if (letter !== ')') continue;
    const closed = open.pop();
    const repeated = /^\)(?:[*+]|\{\d+,\}|\{\d+,\d+\}|\{\d{2,}\})/.test(plain.slice(at));
    if (closed?.risky === true && repeated) return true;
    const outer = open.at(-1);
    if (outer !== undefined && closed?.risky === true) outer.risky = true;
  }
  return false;
}
