import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

/** Where Debian and its relatives put the browser; none is downloaded. */
const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const executablePath = EXECUTABLES.find((path) => existsSync(path));

/** Pictures of a run, for people; git does not know the folder. */
const PICTURES = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));

/** `describe` that is skipped, under a name that says why, where no Chromium is installed. */
export function describeWithChromium(name: string, body: () => void): void {
  if (executablePath !== undefined) describe(name, body);
  else describe.skip(`${name} [skipped: chromium not installed, see test/setup]`, body);
}

export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error(`No browser at ${EXECUTABLES.join(', ')}. Run test/setup.`);
  // Tests run as root in containers, where the sandbox cannot be set up; the pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** A page, and everything about it that a person would find in the browser's console. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts and of the content security policy, dialogs, and requests to other servers. */
  readonly complaints: readonly string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A failed request is said by the page itself, in its place; the console repeats it.
    const repeated = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !repeated) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { hostname, href } = new URL(request.url());
    if (hostname !== '127.0.0.1') complaints.push(`request to ${href}`);
  });
  return { page, complaints };
}

/** Keeps a picture of the whole page under `.cache/screenshots/`. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  // The bar on top sticks to the window: scrolled down, it would lie over the panels.
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
}

/** Pixels by which the document is wider than the window, for the widths at which it is; the first width is restored. */
export async function widthOverflows(page: Page): Promise<(readonly [width: number, overflow: number])[]> {
  const before = page.viewportSize();
  const overflows: (readonly [number, number])[] = [];
  for (const width of [360, 420, 640, 800, 1001, 1200, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    if (overflow > 0) overflows.push([width, overflow]);
  }
  if (before !== null) await page.setViewportSize(before);
  return overflows;
}
