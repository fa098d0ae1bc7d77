/**
 * DeskStore on Redis: one script a step. scripts/desk-prelude.lua names the fields of a reservation; its unit leaves
 * Redis only as a claim's answer and to `find`.
 */
import { tasks } from "../../shared/contract/catalogue.ts";
import { outcomeCodes } from "../../shared/contract/outcomes.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { Claimant, DeskChange, DeskStore, Over, Refused } from "../domain/desk-steps.ts";
import type { ReservationRow } from "../domain/reservation.ts";
import type { Connection, Reply } from "./connect.ts";
import * as keys from "./keys.ts";
import { createStreamReader, type StreamReader } from "./stream.ts";

const listedFor = 28 * 24 * 60 * 60 * 1000;
/** Created before it ended: by up to a week, the longest that anything is held. */
const keptListed = 35 * 24 * 60 * 60 * 1000;
const mostListed = 500;
const releasedAtOnce = 100;

const states = { h: "held", c: "claimed", e: "expired", r: "released" } as const;
const taskLetters = { n: "none", c: "confirm", r: "reauthenticate", o: "other_device" } as const;

/** As `read_reservation` of scripts/desk-prelude.lua reads them. */
const reservationFields = ["a", "u", "r", "n", "z", "k", "d", "t", "s", "c", "e", "E"] as const;

export function createDeskStore(connection: Connection): DeskStore {
  const { call } = connection;

  /** What came too late for this node's lease did not happen. */
  async function run(
    script: string,
    ofKeys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Reply[]> {
    const reply = (await connection.run(script, ofKeys, args)) as Reply[];
    if (reply[0] === "late") throw new DomainError("unavailable", { retryAfterSeconds: 1 });
    return reply;
  }

  return {
    async reserve(order) {
      const { id, resource, account, idempotencyKey: key } = order;
      const [state, ...facts] = await run(
        "reserve-unit",
        [
          keys.resource(resource),
          keys.reservation(id),
          keys.reservationsOf(account.id),
          keys.unitCounts(account.id),
          ...(key === null ? [] : [keys.reserveKey(account.id, key)]),
        ],
        [
          ...[id, account.id, account.username, order.sessionId, order.deviceHash],
          ...[order.generation, notAfterOf(order), order.mayReserve ? "1" : "0"],
          ...[order.country, order.city, order.accountChangedAt, order.lease, resource],
          ...[key === null ? "" : "1", ...logged(order)],
        ],
      );
      switch (state) {
        case "held": {
          const [made, fields, isNew, expired] = facts;
          const row = decodeReservation(made, fields);
          return { state, row, isNew: isNew === "1", expired: decodeReservations(expired) };
        }
        case "not_found":
        case "key_reused":
          return { state };
        default:
          return decodeRefusal(facts);
      }
    },

    async doTask(id, by, proof) {
      const [state, ...facts] = await run(
        "do-task",
        [keys.reservation(id)],
        [
          ...[
            id,
            by.account.id,
            notAfterOf(by),
            proof.accepts ? "1" : "",
            proof.approves ? "1" : "",
          ],
          ...[proof.authenticatedAt, proof.deviceHash, proof.knownSince ?? "", ...logged(by)],
        ],
      );
      switch (state) {
        case "done":
          return { state, row: decodeReservation(facts[0], facts[1]) };
        case "wanting":
          return { state, task: decodeTask(facts[0]) };
        case "over":
          return decodeOver(facts);
        default:
          return decodeRefusal(facts);
      }
    },

    async claim(id, by, key) {
      const [state, ...facts] = await run(
        "claim-unit",
        [keys.reservation(id)],
        [id, by.account.id, notAfterOf(by), key ?? "", ...logged(by)],
      );
      if (state !== "claimed") return decodeRefusal(facts);
      const [, fields, unit, isNew] = facts;
      const row = decodeReservation(id, fields);
      return { state, row, unit: unit as string, isNew: isNew === "1" };
    },

    async release(id, by) {
      const [state, ...facts] = await run(
        "release-reservation",
        [keys.reservation(id)],
        [id, by.account.id, notAfterOf(by), ...logged(by)],
      );
      switch (state) {
        case "released":
          return { state, row: decodeReservation(id, facts[1]), isNew: facts[2] === "1" };
        case "over":
          return decodeOver(facts);
        default:
          return decodeRefusal(facts);
      }
    },

    async releaseAll(account, below) {
      const [notAfter, generation] =
        "generation" in below ? ["", below.generation] : [notAfterOf(below), ""];
      const ended: ReservationRow[] = [];
      let from: Reply = "";
      for (let offset = 0; ; offset += releasedAtOnce) {
        const [, since, looked, rows] = await run(
          "release-reservations",
          [keys.reservationsOf(account)],
          [account, notAfter, generation, String(from), offset, releasedAtOnce],
        );
        ended.push(...decodeReservations(rows));
        if (looked !== releasedAtOnce) return ended;
        from = since;
      }
    },

    async expire(most, notAfter) {
      const [, at, next, expired] = await run(
        "expire-reservations",
        [keys.dueReservations],
        [notAfterOf({ notAfter }), most],
      );
      return {
        at: at as number,
        next: next === null ? null : Number(next),
        expired: decodeReservations(expired),
      };
    },

    async list(account) {
      const [at, rows] = await run(
        "list-reservations",
        [keys.reservationsOf(account)],
        [keptListed, mostListed],
      );
      const since = (at as number) - listedFor;
      return decodeReservations(rows).filter(
        ({ endedAt }) => endedAt === undefined || endedAt > since,
      );
    },

    async find(id) {
      const command = ["HMGET", keys.reservation(id), ...reservationFields, "i"];
      const values = (await call(command)) as Reply[];
      if (values[0] === null) return null;
      return { row: decodeReservation(id, values), unit: (values.at(-1) ?? null) as string | null };
    },
  };
}

export const createDeskReader = (follower: Connection): StreamReader<DeskChange> =>
  createStreamReader(follower, [keys.deskChanges], (_key, _id, fields) => decodeChange(fields));

function decodeChange(flat: readonly string[]): DeskChange {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at], flat[at + 1]);
  const resource = fields.get("r") as ResourceId | undefined;
  const reservation = fields.get("v") as ReservationId | undefined;
  const outcome = fields.get("o");
  const stock = Number(fields.get("s"));
  return {
    ...(resource && { resource: { id: resource, stock, edited: fields.has("e") } }),
    ...(reservation && {
      reservation: { id: reservation, account: fields.get("a") as AccountId },
    }),
    ...(outcome !== undefined && { outcome }),
  };
}

const notAfterOf = ({ notAfter }: { notAfter: number }): number => Math.floor(notAfter);

/** Who it was and what is kept of it, as the logs of outcomes hold them. */
const logged = ({ account, sessionId, evidence }: Claimant): [who: string, evidence: string] => [
  JSON.stringify({ account, sessionId }),
  JSON.stringify(evidence),
];

const decodeTask = (letter: Reply) =>
  tasks.find((task) => task === taskLetters[letter as keyof typeof taskLetters]) ?? "none";

const decodeOver = ([state, expired]: readonly Reply[]): Over => ({
  state: "over",
  as: states[state as "c" | "e" | "r"],
  expired: decodeReservations(expired),
});

function decodeRefusal([kind, code, resource, name, expired]: readonly Reply[]): Refused {
  const known = outcomeCodes.find((one) => one === code);
  if (known === undefined) throw new Error(`the desk refuses with ${String(code)}`);
  return {
    state: "refused",
    kind: kind as Refused["kind"],
    code: known,
    resource: resource === "" ? null : { id: resource as ResourceId, name: name as string },
    expired: decodeReservations(expired),
  };
}

/** `id, fields, id, fields, ...` */
function decodeReservations(flat: Reply): ReservationRow[] {
  const list = flat as Reply[];
  const rows: ReservationRow[] = [];
  for (let at = 0; at + 1 < list.length; at += 2)
    rows.push(decodeReservation(list[at], list[at + 1]));
  return rows;
}

/** From the values of `reservationFields`. */
function decodeReservation(id: Reply, values: Reply): ReservationRow {
  const [account, username, resource, name, state, task, done, terms, session, ...times] =
    values as (string | null)[];
  const [created, expires, ended] = times;
  return {
    id: id as ReservationId,
    account: { id: account as AccountId, username: username ?? "" },
    resource: { id: resource as ResourceId, name: name ?? "" },
    state: states[state as keyof typeof states] ?? "released",
    task: decodeTask(task),
    taskDone: done === "1",
    ...(terms !== null && { terms }),
    sessionId: session as SessionId,
    createdAt: Number(created),
    expiresAt: Number(expires),
    ...(ended !== null && { endedAt: Number(ended) }),
  };
}
