import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A stretch of network between processes and one server, which a drill cuts and holds up. */
export class CutProxy {
  readonly #server: Server;
  readonly #to: () => URL | null;
  readonly #pairs = new Set<Pair>();
  #isStalled = false;

  /** `to`: where connections lead at the moment; null: nowhere. */
  constructor(to: () => URL | null) {
    this.#to = to;
    // half-open: an end of one side is passed on by hand, when the other side has taken everything
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
  }

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections end at once; what was sent and not yet answered has an outcome that the sender does not learn. */
  cut(): number {
    const { size } = this.#pairs;
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
    return size;
  }

  /** Connections stay and nothing comes through. */
  stall(): void {
    this.#isStalled = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  resume(): void {
    this.#isStalled = false;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const to = this.#to();
    if (to === null) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: Number(to.port), host: to.hostname, allowHalfOpen: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('data', (bytes) => {
        if (other.write(bytes)) return;
        one.pause();
        other.once('drain', () => {
          if (!this.#isStalled) one.resume();
        });
      });
      one.on('end', () => other.end());
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    if (this.#isStalled) {
      near.pause();
      far.pause();
    }
  }
}
