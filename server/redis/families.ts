/** FamilyStore on Redis: a hash a family, in the slot of its session. */
import type { SessionId } from "../../shared/ids.ts";
import type { FamilyStore } from "../domain/families.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

/** How long after a rotation its predecessor is given the same successor, whoever has used that. */
const moment = 30_000;

export const createFamilyStore = ({ call, run }: Connection): FamilyStore => ({
  async start(session, { id, deviceHash, lifetime }) {
    const [, expiresAt] = (await run(
      "start-family",
      [keys.sessionRow(session), keys.family(id)],
      [id, session, deviceHash, lifetime],
    )) as [number, number | "ended"];
    return expiresAt === "ended" ? null : { expiresAt };
  },

  async find(id) {
    const [session, head] = (await call(["HMGET", keys.family(id), "s", "n"])) as [
      SessionId | null,
      string | null,
    ];
    return session ? { session, head: Number(head) } : null;
  },

  async redeem(id, { number, secretHash, idleFor, lifetime, recovering }) {
    const [, state, session, version, expiresAt] = (await run(
      "redeem-family",
      [keys.family(id)],
      [
        keys.rowPrefix(id),
        number,
        secretHash ?? "",
        idleFor,
        lifetime,
        moment,
        recovering ? "same" : "any",
      ],
    )) as [number, "unknown" | "theft" | "same" | "next", SessionId, number, number];
    if (state === "unknown") return { state };
    return state === "theft" ? { state, session } : { state, session, version, expiresAt };
  },
});
