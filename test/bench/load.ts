/**
 * The load: a fixed number of connections, each sending its next request when the last was answered, the
 * credential drawn at random each time. Every single reply is checked; a wrong one is counted, never skipped.
 */
import { openHttpConnection, type HttpConnection, type Reply } from "./http-connection.ts";

export interface Requests {
  address: string;
  /** One a credential. */
  bytes: readonly Buffer[];
  /** Whether this is what the credential must be answered. */
  isRight(credential: number, reply: Reply): boolean;
}

export interface LoadResult {
  requests: number;
  wrong: number;
  seconds: number;
  /** Milliseconds of each answer. */
  times: number[];
}

export const loadConnections = 64;

/** Until `stop` resolves. */
export async function applyLoad(
  { address, bytes, isRight }: Requests,
  stop: Promise<unknown>,
  connections = loadConnections,
): Promise<LoadResult> {
  const times: number[] = [];
  let requests = 0;
  let wrong = 0;
  let stopping = false;
  void stop.then(() => (stopping = true));
  const drawCredential = createDraw(bytes.length);
  const opened = await Promise.all(
    Array.from({ length: connections }, () => openHttpConnection(address)),
  );
  const startedAt = performance.now();

  const keepAsking = (connection: HttpConnection) =>
    new Promise<void>((resolve) => {
      let credential = 0;
      let sentAt = 0;
      const next = (): void => {
        credential = drawCredential();
        sentAt = performance.now();
        connection.send(bytes[credential], receive);
      };
      const receive = (reply: Reply): void => {
        times.push(performance.now() - sentAt);
        requests++;
        if (!isRight(credential, reply)) wrong++;
        if (stopping) resolve();
        else next();
      };
      next();
    });

  await Promise.all(opened.map(keepAsking));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const connection of opened) connection.close();
  return { requests, wrong, seconds, times };
}

/** Asks once with every credential: fills caches, and answers what each is told. */
export async function askWithEach({ address, bytes }: Omit<Requests, "isRight">): Promise<Reply[]> {
  const replies: Reply[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const connection = await openHttpConnection(address);
    for (let credential = next++; credential < bytes.length; credential = next++)
      replies[credential] = await connection.ask(bytes[credential]);
    connection.close();
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return replies;
}

/** Numbers below `count` in no order (xorshift): cheaper than Math.random scaled, and good enough to mix. */
function createDraw(count: number): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}
