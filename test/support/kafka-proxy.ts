import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between clients and one broker that advertises it. */
export interface KafkaProxy {
  readonly port: number;
  /** Where to connect to; connections wait for it. */
  target(port: number): void;
  /** From now on members of groups get no answer any more and no error either; other clients do. */
  silenceMembers(): void;
  close(): Promise<void>;
}

/** JoinGroup, Heartbeat and Fetch, as the protocol numbers them: connections that send one are a member's. */
const MEMBER_REQUESTS = new Set([11, 12, 1]);

export async function startKafkaProxy(): Promise<KafkaProxy> {
  let setTarget: (port: number) => void = () => undefined;
  const target = new Promise<number>((resolve) => {
    setTarget = resolve;
  });
  let isSilent = false;
  const sockets = new Set<Socket>();
  const server = createServer(async (client) => {
    sockets.add(client);
    const requests: Buffer[] = [];
    client.on('error', () => undefined);
    client.on('data', (bytes) => requests.push(bytes));
    const broker = connect(await target, '127.0.0.1');
    sockets.add(broker);
    let isMember = false;
    const kindsOf = requestKinds();
    const forward = (bytes: Buffer) => {
      isMember ||= kindsOf(bytes).some((kind) => MEMBER_REQUESTS.has(kind));
      broker.write(bytes);
    };
    client.removeAllListeners('data');
    for (const bytes of requests) forward(bytes);
    client.on('data', forward);
    broker.on('data', (bytes) => {
      if (!(isMember && isSilent)) client.write(bytes);
    });
    broker.on('error', () => undefined);
    broker.on('close', () => client.destroy());
    client.on('close', () => broker.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address of a listening server');
  return {
    port: address.port,
    target: (port) => setTarget(port),
    silenceMembers: () => {
      isSilent = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Cuts a stream of requests; gives the number of the kind of each that ends in the bytes. */
function requestKinds(): (bytes: Buffer) => number[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const kinds: number[] = [];
    while (rest.length >= 6 && rest.length >= 4 + rest.readInt32BE(0)) {
      kinds.push(rest.readInt16BE(4));
      rest = rest.subarray(4 + rest.readInt32BE(0));
    }
    return kinds;
  };
}
