/** The ledger in Redis: a stream with dense ids and a hash chain, the nodes' leases, and the intents. */
import type { Cut, EndFacts, LedgerEntry } from "../domain/admission.ts";
import type { LedgerStore, Owner, Renewal } from "../domain/ledger.ts";
import type { Acknowledgement } from "../domain/receipts.ts";
import type { Connection, Reply } from "./connect.ts";
import * as keys from "./keys.ts";
import { readLastId } from "./stream.ts";

export interface LedgerStoreOptions {
  /** Where changes of account slots are written; WAIT counts per connection. */
  changes: Connection;
  renewals: Connection;
  follower: Connection;
  /** Null for the CLI, which is no node. */
  node: string | null;
  lease: number;
  retention: number;
}

/** How long one blocking read waits; its deadline is longer. */
const block = 2000;
/** A node that has not renewed for this long is no longer counted among the nodes at all. */
const nodeForgottenAfter = 60_000;
const acknowledgementsKept = 10_000;

export function createLedgerStore(options: LedgerStoreOptions): LedgerStore {
  const { changes, renewals, follower, node, lease } = options;
  const logKeys = [keys.ledgerLog, keys.ledgerHead, keys.ledgerIntents, keys.ledgerEveryone];
  let lastAcknowledgement: string | undefined;

  return {
    async renew({ seq, hash }, deadline) {
      const reply = await renewals.run(
        "renew-lease",
        [
          keys.ledgerLog,
          keys.ledgerHead,
          keys.ledgerNodes,
          keys.ledgerLease(node ?? ""),
          keys.ledgerEveryone,
        ],
        [node ?? "", seq, hash, lease, nodeForgottenAfter],
        deadline,
      );
      return readRenewal(reply);
    },

    async look() {
      lastAcknowledgement ??= await readLastId(follower, keys.ledgerAcknowledgements);
      const [time, head, everyone] = (await Promise.all([
        follower.call(["TIME"]),
        follower.call(["HMGET", keys.ledgerHead, "seq", "hash"]),
        follower.call(["HMGET", keys.ledgerEveryone, "generation", "end"]),
      ])) as [[string, string], (string | null)[], (string | null)[]];
      const [seconds, microseconds] = time;
      const [seq, hash] = head;
      const [generation, end] = everyone;
      return {
        redisAt: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000),
        head: { seq: Number(seq ?? 0), hash: hash ?? "" },
        everyone: {
          generation: Number(generation ?? 0),
          end: end ? (JSON.parse(end) as EndFacts) : null,
        },
      };
    },

    waitForRenewal: (replicas, deadline) => waitFor(renewals, replicas, deadline),
    waitForAppend: (replicas, deadline) => waitFor(changes, replicas, deadline),

    async append(cut, intent) {
      const text = JSON.stringify(cut);
      const everyone =
        cut.kind === "everyone" ? [cut.generation, JSON.stringify(cut.end)] : ["", ""];
      const [seq, previous, hash, at] = (await changes.run("append-ledger", logKeys, [
        text,
        intent ?? "",
        options.retention,
        ...everyone,
      ])) as [number, string, string, number];
      return { seq, previous, hash, at, cut };
    },

    async intend(operation, owner) {
      // The age is judged by the reader's Redis time, so the writer's own clock is never compared.
      await changes.call(["HSET", keys.ledgerIntents, operation, owner]);
    },

    async fulfil(operation) {
      await changes.call(["HDEL", keys.ledgerIntents, operation]);
    },

    unfulfilled: createIntentReader(changes),

    async follow(seq) {
      // "$" would skip, between two reads, what came before the first one was read.
      lastAcknowledgement ??= await readLastId(follower, keys.ledgerAcknowledgements);
      const reply = (await follower.call(
        ["XREAD", "BLOCK", String(block), "COUNT", "1000", "STREAMS"].concat(
          [keys.ledgerLog, keys.ledgerAcknowledgements],
          [`${seq}-0`, lastAcknowledgement],
        ),
        block * 2,
      )) as [string, StreamEntry[]][] | null;
      const read = new Map(reply ?? []);
      const acknowledged = read.get(keys.ledgerAcknowledgements) ?? [];
      lastAcknowledgement = acknowledged.at(-1)?.[0] ?? lastAcknowledgement;
      return {
        entries: (read.get(keys.ledgerLog) ?? []).map(readEntry),
        acknowledgements: acknowledged.map(readAcknowledgement),
      };
    },

    async acknowledge({ node: name, seq, closed }) {
      const command = ["XADD", keys.ledgerAcknowledgements, "MAXLEN", "~"];
      command.push(String(acknowledgementsKept), "*", "node", name, "seq", String(seq));
      if (Object.keys(closed).length > 0) command.push("closed", JSON.stringify(closed));
      await changes.call(command);
    },

    async nodes() {
      const [time, flat] = (await Promise.all([
        changes.call(["TIME"]),
        changes.call(["ZRANGE", keys.ledgerNodes, "0", "-1", "WITHSCORES"]),
      ])) as [[string, string], string[]];
      const now = Number(time[0]) * 1000 + Number(time[1]) / 1000;
      const nodes: { name: string; silentFor: number }[] = [];
      for (let at = 0; at + 1 < flat.length; at += 2)
        nodes.push({ name: flat[at], silentFor: now - Number(flat[at + 1]) });
      return nodes;
    },

    async leave() {
      await renewals.call(["ZREM", keys.ledgerNodes, node ?? ""]);
      await renewals.call(["DEL", keys.ledgerLease(node ?? "")]);
    },

    drawGeneration: async (atLeast) =>
      (await changes.run("draw-generation", [keys.ledgerEveryone], [atLeast])) as number,
  };
}

type StreamEntry = [id: string, fields: string[]];

const waitFor = async (
  connection: Connection,
  replicas: number,
  deadline: number,
): Promise<number> =>
  (await connection.call(["WAIT", String(replicas), String(deadline)], deadline + 250)) as number;

function readEntry([id, fields]: StreamEntry): LedgerEntry {
  const [, at, , previous, , hash, , cut] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    seq: Number(id.split("-")[0]),
    at: Number(at),
    previous,
    hash,
    cut: JSON.parse(cut) as Cut,
  };
}

function readAcknowledgement([, fields]: StreamEntry): Acknowledgement {
  const [, node = "", , seq = "0", , closed] = fields;
  return {
    node,
    seq: Number(seq),
    closed: closed ? (JSON.parse(closed) as Record<string, number>) : {},
  };
}

function readRenewal(reply: Reply): Renewal {
  const [redisAt, seq, hash, relation, entries, generation, end] = reply as [
    number,
    number,
    string,
    string,
    StreamEntry[],
    number,
    string,
  ];
  return {
    redisAt,
    head: { seq, hash },
    continues: relation === "continues",
    entries: entries.map(readEntry),
    everyone: { generation, end: end === "" ? null : (JSON.parse(end) as EndFacts) },
  };
}

/** Intents seen now and still there `age` later are stuck; no clock of any machine is compared. */
function createIntentReader(changes: Connection): LedgerStore["unfulfilled"] {
  const firstSeen = new Map<string, number>();
  return async (age) => {
    const flat = (await changes.call(["HGETALL", keys.ledgerIntents])) as string[];
    const now = performance.now();
    const present = new Map<string, Owner>();
    for (let at = 0; at < flat.length; at += 2) present.set(flat[at], flat[at + 1] as Owner);
    for (const operation of firstSeen.keys())
      if (!present.has(operation)) firstSeen.delete(operation);
    for (const operation of present.keys())
      if (!firstSeen.has(operation)) firstSeen.set(operation, now);
    return [...present]
      .filter(([operation]) => now - (firstSeen.get(operation) ?? now) >= age)
      .map(([operation, owner]) => ({ operation, owner }));
  };
}
