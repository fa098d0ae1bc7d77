/** FamilyStore on Redis: a hash a family, in the slot of its session. */
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { FamilyStore, Redeemed } from "../domain/families.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

/** How long after a rotation its predecessor is given the same successor, whoever has used that. */
export const moment = 30_000;

export const createFamilyStore = ({ call, run }: Connection): FamilyStore => ({
  async start(session, { id, lifetime }) {
    const [, expiresAt] = (await run(
      "start-family",
      [keys.sessionRow(session), keys.family(id)],
      [id, session, lifetime],
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
    const [, state, session, ...facts] = (await run(
      "redeem-family",
      [keys.family(id)],
      [
        keys.rowPrefix(id),
        keys.accountPrefix(id),
        number,
        secretHash ?? "",
        idleFor,
        lifetime,
        moment,
        recovering ? "recovering" : "",
      ],
    )) as [number, Redeemed["state"], SessionId, ...unknown[]];
    switch (state) {
      case "unknown":
      case "stale":
        return { state };
      case "theft": {
        const [accountId, username] = facts as [AccountId, string];
        return { state, session, account: { id: accountId, username } };
      }
      case "same":
      case "next": {
        const [version, expiresAt] = facts as [number, number];
        return { state, session, version, expiresAt };
      }
    }
  },
});
