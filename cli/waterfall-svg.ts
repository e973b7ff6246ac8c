import { escaped } from './html-text.ts';
import { percent } from './waterfall.ts';
import type { WaterfallStep } from './waterfall-steps.ts';

/** Lengths in the units of the drawing, which is scaled to the page. */
const WIDTH = 960;
const LABEL_WIDTH = 160;
const BAR_BEGIN = 172;
const BAR_WIDTH = 460;
const TEXT_BEGIN = 648;
const BAR_HEIGHT = 20;
const ROW_GAP = 10;
const LINE_HEIGHT = 15;
const TOP = 26;
/** Characters of small text that fit right of the bars. */
const DETAIL_CHARACTERS = 48;
const TICKS = [0, 0.25, 0.5, 0.75, 1] as const;

/** Colours by kind, for light and dark; the text beside each bar says the same, so that colour is never alone. */
export const WATERFALL_STYLE = `.waterfall{width:100%;height:auto;display:block;margin:.5rem 0 1.5rem;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.waterfall text{font:13px system-ui,sans-serif;fill:light-dark(#1b1f26,#e6e9ee)}.waterfall .quiet{font-size:11.5px;fill:light-dark(#5a6372,#a3adbd)}
.waterfall .label{text-anchor:end}.waterfall .tick{text-anchor:middle}.waterfall line{stroke:light-dark(#d8dce3,#39404b)}.waterfall .join{stroke:light-dark(#8a94a3,#78828f);stroke-dasharray:2 2}
.waterfall .paid{fill:light-dark(#8a94a3,#78828f)}.waterfall .stopped{fill:light-dark(#c0392b,#e5675a)}.waterfall .redone{fill:light-dark(#d9731a,#ee9a4d)}.waterfall .blocked{fill:light-dark(#c9a400,#dcc04a)}
.waterfall .slow{fill:light-dark(#6b5fc7,#9a90ea)}.waterfall .unnamed{fill:light-dark(#a7afbb,#59626f)}.waterfall .gain{fill:none;stroke:light-dark(#1d8a54,#4fc48a);stroke-width:1.5}.waterfall .kept{fill:light-dark(#1d8a54,#4fc48a)}`;

/** The waterfall as one inline picture without a script; '' when there is nothing to draw. */
export function waterfallSvg(steps: readonly WaterfallStep[]): string {
  const last = steps.at(-1);
  if (last === undefined) return '';
  const widest = Math.max(1, ...steps.flatMap(({ from, to }) => [from, to]));
  const x = (share: number) => BAR_BEGIN + (Math.max(share, 0) / widest) * BAR_WIDTH;
  let top = TOP;
  const rows = steps.map((step, index) => {
    const details = step.details.flatMap((text) => wrapped(text, DETAIL_CHARACTERS));
    const height = Math.max(BAR_HEIGHT, LINE_HEIGHT * (1 + details.length)) + ROW_GAP;
    const next = steps[index + 1];
    const row = rowSvg(step, details, top, x, next === undefined ? null : top + height);
    top += height;
    return row;
  });
  const axis = TICKS.map((share) => {
    const at = x(share).toFixed(1);
    return `<line x1="${at}" y1="${TOP - 6}" x2="${at}" y2="${top}"/><text class="quiet tick" x="${at}" y="${TOP - 11}">${share * 100} %</text>`;
  });
  const title = `Of everything paid, ${percent(last.share)} became ${last.label.toLowerCase()}`;
  return `<svg class="waterfall" viewBox="0 0 ${WIDTH} ${Math.ceil(top + 4)}" role="img" aria-label="${escaped(title)}. The same numbers stand in the table below.">
${axis.join('')}
${rows.join('\n')}
</svg>`;
}

function rowSvg(
  { label, kind, from, to, amount, share }: WaterfallStep,
  details: readonly string[],
  top: number,
  x: (share: number) => number,
  next_top: number | null,
): string {
  const [begin, end] = [x(Math.min(from, to)), x(Math.max(from, to))];
  const middle = top + BAR_HEIGHT / 2 + 4.5;
  // less than a line of the drawing would not be seen
  const width = Math.max(end - begin, 1.5);
  const left = kind === 'paid' ? 1 : to;
  const join =
    next_top === null
      ? ''
      : `<line class="join" x1="${x(left).toFixed(1)}" y1="${top + BAR_HEIGHT}" x2="${x(left).toFixed(1)}" y2="${next_top}"/>`;
  const lines = details.map(
    (text, index) =>
      `<text class="quiet" x="${TEXT_BEGIN}" y="${middle + LINE_HEIGHT * (index + 1)}">${escaped(text)}</text>`,
  );
  return `${join}<text class="label" x="${LABEL_WIDTH}" y="${middle}">${escaped(label)}</text>
<rect class="${kind}" x="${begin.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>
<text x="${TEXT_BEGIN}" y="${middle}">${escaped(`${percent(share)}, ${amount}`)}</text>${lines.join('')}`;
}

/** Lines of at most so many characters, broken between words. */
function wrapped(text: string, characters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < characters)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
