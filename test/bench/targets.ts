/**
 * What is put under load, and what each credential must be answered. The product's replies are looked at
 * closely once and then compared byte by byte; the servers beside it answer the same bytes, made for the
 * session they found, so that a reply for somebody else's session is a wrong reply everywhere.
 */
import type { Deployment } from "./deployment.ts";
import { requestBytes, type Reply } from "./http-connection.ts";
import { askWithEach } from "./load.ts";
import { startOwnServer, type RunningServer } from "./processes.ts";
import type { Target } from "./rounds.ts";

/** Headers and the two pieces of a body between which the session's id stands. */
interface Template {
  headers: Record<string, string>;
  pieces: readonly [string, string];
}

export interface Order {
  redisUrl: string;
  me: Template;
  verify: Template;
  sessions: Deployment["sessions"];
}

interface Peer {
  name: string;
  file: string;
  /** Whether the next request after an end can be refused. */
  revocable: boolean;
}

const peers: readonly Peer[] = [
  { name: "koa-session + node-redis", file: "koa-session.mjs", revocable: true },
  { name: "express-session + connect-redis", file: "express-session.mjs", revocable: true },
  { name: "@fastify/session + connect-redis", file: "fastify-session.mjs", revocable: true },
  { name: "better-auth + Redis", file: "better-auth.mjs", revocable: true },
  { name: "fastify + fast-jwt (EdDSA, cached)", file: "fast-jwt.mjs", revocable: false },
];

export const names = {
  bareKoa: "bare Koa, replies of /api/me",
  bareKoaVerify: "bare Koa, replies of /verify",
  me: "Rollcall GET /api/me",
  verify: "Rollcall GET /verify",
  jwtVerify: "fastify + fast-jwt, replies of /verify",
};
export const revocablePeers = peers.filter(({ revocable }) => revocable).map(({ name }) => name);
export const statelessPeer = "fastify + fast-jwt (EdDSA, cached)";

const isId = (reply: Reply, id: Buffer): boolean => reply.head.includes(id);

/** GET /api/me of a node: every cookie once, each reply read and found to be that session's. */
export async function targetMe(
  node: RunningServer,
  sessions: Deployment["sessions"],
): Promise<{ target: Target; sample: Reply }> {
  const bytes = sessions.map(({ cookie }) => requestBytes("GET", "/api/me", { Cookie: cookie }));
  const isOwn = (credential: number, { status, body }: Reply): boolean => {
    if (status !== 200) return false;
    const { account, session } = JSON.parse(body.toString()) as {
      account: { id: string } | null;
      session: { id: string } | null;
    };
    const seeded = sessions[credential];
    return account?.id === seeded?.account && session?.id === seeded?.sessionId;
  };
  const replies = await askWithEach({ address: node.address, bytes });
  const strange = replies.findIndex((reply, credential) => !isOwn(credential, reply));
  if (strange !== -1)
    throw new Error(`not the session asked with: ${String(replies[strange]?.body)}`);
  const expected = replies.map(({ body }) => body);
  return {
    sample: replies[0],
    target: {
      name: names.me,
      pid: node.pid,
      address: node.address,
      bytes,
      // What changes with time (activity, presence) is looked at closely again.
      isRight: (credential, reply) =>
        (reply.status === 200 && reply.body.equals(expected[credential])) ||
        isOwn(credential, reply),
    },
  };
}

/** GET /verify of a node. */
export async function targetVerify(
  node: RunningServer,
  sessions: Deployment["sessions"],
): Promise<{ target: Target; sample: Reply }> {
  const bytes = sessions.map(({ cookie }) => requestBytes("GET", "/verify", { Cookie: cookie }));
  const ids = sessions.map(({ sessionId }) => Buffer.from(sessionId));
  const replies = await askWithEach({ address: node.address, bytes });
  const isRight: Target["isRight"] = (credential, reply) =>
    reply.status === 200 && isId(reply, ids[credential]);
  if (!replies.every((reply, credential) => isRight(credential, reply)))
    throw new Error("/verify did not answer every session with itself");
  const { pid, address } = node;
  return {
    sample: replies[0],
    target: { name: names.verify, pid, address, bytes, isRight },
  };
}

/** Bare Koa, twice: with the replies of /api/me and with those of /verify. */
export async function targetBareKoa(
  order: Order,
): Promise<{ server: RunningServer; me: Target; verify: Target }> {
  const server = await startOwnServer("bare Koa", "bare-koa.mjs", order);
  const [first] = order.sessions;
  const body = bodyFor(order, first?.sessionId ?? "");
  const requests = (path: string) =>
    order.sessions.map(({ cookie }) => requestBytes("GET", path, { Cookie: cookie }));
  const { pid, address } = server;
  return {
    server,
    me: {
      name: names.bareKoa,
      pid,
      address,
      bytes: requests("/api/me"),
      isRight: (_, reply) => reply.status === 200 && reply.body.equals(body),
    },
    verify: {
      name: names.bareKoaVerify,
      pid,
      address,
      bytes: requests("/verify"),
      isRight: (_, reply) =>
        reply.status === 200 && isId(reply, Buffer.from(order.sessions[0]?.sessionId ?? "")),
    },
  };
}

/** Every peer, seeded by itself, warmed by every credential. */
export async function targetPeers(
  order: Order,
): Promise<{ servers: RunningServer[]; targets: Target[]; jwtVerify: Target }> {
  const servers: RunningServer[] = [];
  const targets: Target[] = [];
  let jwtVerify: Target | undefined;
  const bodies = order.sessions.map(({ sessionId }) => bodyFor(order, sessionId));
  const ids = order.sessions.map(({ sessionId }) => Buffer.from(sessionId));
  for (const { name, file } of peers) {
    const server = await startOwnServer<PeerReady>(name, file, order);
    servers.push(server);
    const { pid, address, ready } = server;
    const requests = (path: string) =>
      ready.credentials.map((headers) => requestBytes("GET", path, headers));
    const target: Target = {
      name,
      pid,
      address,
      bytes: requests("/api/me"),
      isRight: (credential, { status, body }) => status === 200 && body.equals(bodies[credential]),
    };
    await assertRight(target);
    targets.push(target);
    if (name === statelessPeer)
      jwtVerify = {
        ...target,
        name: names.jwtVerify,
        bytes: requests("/verify"),
        isRight: (credential, reply) => reply.status === 200 && isId(reply, ids[credential]),
      };
  }
  return { servers, targets, jwtVerify: jwtVerify as Target };
}

interface PeerReady {
  port: number;
  /** For each session the header that carries it. */
  credentials: Record<string, string>[];
}

async function assertRight(target: Target): Promise<void> {
  const replies = await askWithEach(target);
  const wrong = replies.findIndex((reply, credential) => !target.isRight(credential, reply));
  if (wrong !== -1) throw new Error(`${target.name} answered ${String(replies[wrong]?.body)}`);
}

const bodyFor = ({ me: { pieces } }: Order, id: string): Buffer => Buffer.from(pieces.join(id));

/** A reply of the product, as the others are to answer it. */
export function templateOf({ head, body }: Reply, sessionId: string): Template {
  const added = /^(content-length|date|connection|keep-alive|x-rollcall-session)$/i;
  const lines = head.toString("latin1").split("\r\n").slice(1);
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const headers = Object.fromEntries(pairs.filter(([name]) => !added.test(name)));
  const [before = "", after = ""] = body.toString().split(sessionId);
  return { headers, pieces: [before, after] };
}
