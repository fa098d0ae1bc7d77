/**
 * A deployment to be broken: real nodes as processes of their own, a real Redis, a link of ours between each node
 * and Redis, accounts with sessions made beside HTTP, an admin who ends them, and probes that never stop asking.
 */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { readConfig } from "../../server/config.ts";
import { createCore } from "../../server/core.ts";
import { hashSecret } from "../../server/domain/door.ts";
import { newAccountId, newSessionId } from "../../server/domain/sessions.ts";
import { permissions, type Permission } from "../../shared/contract/accounts.ts";
import * as keys from "../../server/redis/keys.ts";
import { openConnection, type Reply } from "../../server/redis/connect.ts";
import { eventually } from "../support/client.ts";
import { startReplicated } from "./replicated-redis.ts";
import type { EndRecord, History, ProbeRecord } from "./history.ts";
import { createNodeProcess, type NodeProcess } from "./node-process.ts";
import { openLink, type Link } from "./proxy.ts";
import { createRequests, sessionOf } from "./requests.ts";

export interface RiggedNode extends NodeProcess {
  link: Link;
}

export interface RigOptions {
  nodes: number;
  lease: number;
  redisArgs?: readonly string[];
  /** A replica of Redis, which must confirm every end. */
  replica?: boolean;
  env?: Record<string, string>;
}

export interface ProbingOptions {
  tokens: readonly string[];
  /** Probes a second, over all nodes asked. */
  rate: number;
  /** Numbers of the nodes to ask; read anew for each probe. */
  nodes(): readonly number[];
}

export type Rig = Awaited<ReturnType<typeof startRig>>;

export const appendOnly = ["--appendonly", "yes", "--appendfsync", "everysec"];
const keyMaterial = "key material that all nodes of the rig share";
const sessionsOfAccount = 10;
const hour = 60 * 60 * 1000;
const silent = { info() {}, warn() {}, error() {}, debug() {} };

export async function startRig(options: RigOptions) {
  const redis = await startReplicated(options.redisArgs ?? [], options.replica ?? false);
  // What is asked beside the nodes goes where they go, also after a failover.
  const ownLink = await openLink(redis.socketPath);
  const environment = {
    LEASE: `${options.lease}ms`,
    RATE_LIMITS: "off",
    LOG_LEVEL: "warn",
    TOKEN_KEY: keyMaterial,
    ...(options.replica && { REDIS_QUORUM: "1" }),
    ...options.env,
  };
  const nodes: RiggedNode[] = [];
  const requests = createRequests();
  const core = createCore({
    config: readConfig({ ...environment, REDIS_URL: ownLink.url }),
    url: ownLink.url,
    role: "cli",
    keyMaterial: "key-material-that-all-nodes-of-the-rig-share",
    log: silent,
    count: { ends() {}, signIn() {} },
  });
  const inspection = openConnection({ url: ownLink.url, name: "rig", deadline: 5000, log: silent });
  await inspection.ready();
  await core.connect();

  /** Starts one more node; it may be asked at once, but is not waited for. */
  async function addNode(): Promise<RiggedNode> {
    const link = await openLink(redis.socketPath);
    const started = await createNodeProcess({ ...environment, REDIS_URL: link.url });
    // Its pid changes with every start: the object is extended, not copied.
    const node: RiggedNode = Object.assign(started, { link });
    nodes.push(node);
    return node;
  }

  const readGeneration = async (): Promise<number> =>
    Number((await ask("HGET", keys.ledgerEveryone, "generation")) ?? 0);

  /** As signing in would, once this process is connected again too. */
  async function openSessions(count: number, granted: readonly Permission[]): Promise<string[]> {
    await ask("PING");
    await eventually(() =>
      core.accountStore.isSetUp().then(
        () => true,
        () => false,
      ),
    );
    const globalGeneration = await readGeneration();
    const id = newAccountId();
    const fields = { username: id, passwordHash: "no password", permissions: [...granted] };
    await core.accountStore.create(id, id, fields);
    const newToken = () => `${newSessionId(id)}.${randomBytes(32).toString("base64url")}`;
    const tokens = Array.from({ length: count }, newToken);
    await Promise.all(
      tokens.map((token, at) =>
        core.sessionStore.open(
          {
            id: sessionOf(token) as ReturnType<typeof newSessionId>,
            at: Date.now(),
            kind: "account",
            accountId: id,
            secretHash: hashSecret(token.slice(token.indexOf(".") + 1)),
            globalGeneration,
            idleFor: hour,
            lifetime: 24 * hour,
            method: "password",
            ip: "127.0.0.1",
            location: null,
            deviceHash: `device-${at}`,
            name: null,
            isUnfamiliar: false,
            device: { type: "desktop" },
          },
          100,
          null,
        ),
      ),
    );
    return tokens;
  }

  const probe = (history: History, node: number, token: string): Promise<ProbeRecord> =>
    requests.probe(history, node, nodes[node].port, token);

  /** As soon as Redis is there. */
  async function ask(...words: string[]): Promise<Reply> {
    const answered = await eventually(async () => {
      const reply = await inspection.call(words).catch(() => undefined);
      return reply !== undefined && { reply };
    });
    return answered.reply;
  }

  return {
    redis,
    nodes,
    core,
    lease: options.lease,
    addNode,
    probe,

    /** One command, straight to Redis. */
    command: ask,
    /** Sequence number of the oldest entry that is still retained. */
    async oldestSeq(): Promise<number> {
      const [entry] = (await ask(...["XRANGE", keys.ledgerLog, "-", "+", "COUNT", "1"])) as [
        string,
        string[],
      ][];
      return entry === undefined ? 0 : Number.parseInt(entry[0]);
    },
    readGeneration,
    newestSeq: async (): Promise<number> =>
      Number((await ask("HGET", keys.ledgerHead, "seq")) ?? 0),

    /** Tokens of live sessions, ten an account, none of which may do anything. */
    async openSessions(count: number): Promise<string[]> {
      const accounts = Math.ceil(count / sessionsOfAccount);
      const opened: string[] = [];
      for (let made = 0; made < accounts; made++)
        opened.push(
          ...(await openSessions(Math.min(sessionsOfAccount, count - opened.length), [])),
        );
      return opened;
    },

    /** The token of an admin with a fresh session. */
    openAdmin: async (): Promise<string> => (await openSessions(1, permissions))[0],

    /** Let every node hold these sessions in its cache, as sessions in use are. */
    async warm(history: History, tokens: readonly string[], on = nodes.map((_, at) => at)) {
      await inTurn(tokens, 16, async (token) => {
        for (const node of on) await probe(history, node, token);
      });
    },

    /** End these sessions through the given nodes, some at a time. */
    async endSessions(
      history: History,
      admin: string,
      tokens: readonly string[],
      through: readonly number[],
      atOnce = 4,
    ): Promise<EndRecord[]> {
      const records: EndRecord[] = [];
      await inTurn(tokens, atOnce, async (token, at) => {
        const { port } = nodes[through[at % through.length]];
        records.push(await requests.end(history, port, admin, sessionOf(token)));
      });
      return records;
    },

    /** Ask and ask: half of the probes at sessions that were just ended. Resolves when all are answered. */
    startProbing(history: History, { tokens, rate, nodes: asked }: ProbingOptions) {
      const running = new Set<Promise<unknown>>();
      const tokenOf = new Map(tokens.map((token) => [sessionOf(token), token]));
      const recent = 200;
      const timer = setInterval(() => {
        const choice = asked();
        if (choice.length === 0 || running.size > 200) return;
        const ended = history.ends.slice(-recent);
        const end = Math.random() < 0.5 ? ended[pick(ended.length)] : undefined;
        const token = (end && tokenOf.get(end.session)) ?? tokens[pick(tokens.length)];
        const sent: Promise<unknown> = probe(history, choice[pick(choice.length)], token);
        running.add(sent);
        void sent.finally(() => running.delete(sent));
      }, 1000 / rate);
      return async function stop(): Promise<void> {
        clearInterval(timer);
        await Promise.all(running);
      };
    },

    /** After the bound of the last end has passed, every node must refuse every session that was ended. */
    async audit(history: History, tokens: readonly string[], on = nodes.map((_, at) => at)) {
      const ended = new Map(history.ends.map((end) => [end.session, end.acknowledgedAt]));
      const last = Math.max(0, ...[...ended.values()].map((at) => at ?? 0));
      await eventually(() => performance.now() > last + options.lease * 1.001, 20_000);
      const wrong: ProbeRecord[] = [];
      await inTurn(tokens, 16, async (token) => {
        for (const node of on) {
          // A connection that is being replaced answers 503 for a moment; in the end the node must decide.
          const record = await eventually(async () => {
            const answer = await probe(history, node, token);
            return answer.outcome !== "unavailable" && answer;
          });
          const isEnded = (ended.get(record.session) ?? null) !== null;
          if (isEnded && record.outcome !== "refused") wrong.push(record);
        }
      });
      // A node that does not answer would let nobody in either, and prove nothing.
      if (wrong.length > 0) throw new Error(`not refused: ${JSON.stringify(wrong.slice(0, 5))}`);
    },

    /** Kill the primary, and let its replica take over, with a new replica of its own. */
    async failOver(): Promise<void> {
      await redis.failOver();
      for (const link of [ownLink, ...nodes.map((node) => node.link)]) link.reset();
    },

    allReady: () => Promise.all(nodes.map((node) => node.ready())),

    async stop(): Promise<void> {
      for (const { logged } of nodes)
        for (const line of new Set(logged.filter((one) => one.includes('"level":"error"'))))
          console.log(line);
      requests.close();
      await Promise.all(nodes.map((node) => node.remove()));
      core.close();
      inspection.close();
      for (const link of [ownLink, ...nodes.map((node) => node.link)]) link.close();
      await redis.stop();
    },
  };
}

const pick = (count: number): number => Math.floor(Math.random() * count);

/** Do the work for each, `atOnce` of them at a time, in order. */
export async function inTurn<T>(
  list: readonly T[],
  atOnce: number,
  work: (one: T, at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < list.length; at = next++) await work(list[at], at);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
