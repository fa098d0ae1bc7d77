/**
 * A socket that comes in while its session is being cut: indexed first and admitted then, it is either refused or
 * found by the cut's sweep. The other way round there is a moment in which neither sees the other (protocol.md P9).
 */
import { describe, expect, test } from "vitest";
import {
  admit,
  applyEntry,
  createKnowledge,
  extendLease,
  type Grant,
} from "../../server/domain/admission.ts";
import type { SessionId } from "../../shared/ids.ts";
import { describeOutcome, searchWorld, type World } from "./search.ts";

interface SocketState {
  /** How many of the socket's steps are done. */
  done: number;
  indexed: boolean;
  closed: boolean;
  cut: boolean;
}

type Step = "index" | "check";

const id = "session" as SessionId;
const grant: Grant = {
  sessionId: id,
  tokenVersion: 1,
  accountId: null,
  accountGeneration: 0,
  globalGeneration: 0,
  permissionVersion: 0,
  authenticatedAt: 0,
  expiresAt: 1000,
};

function isAdmitted(cut: boolean): boolean {
  const knowledge = createKnowledge();
  const end = { reason: "revoked" as const, at: 0 };
  const ended = { kind: "ended" as const, account: null, sessions: [id], end };
  if (cut) applyEntry(knowledge, { seq: 1, at: 0, previous: "", hash: "1", cut: ended });
  extendLease(knowledge, { sentAt: 0, wallSentAt: 0, redisAt: 0, length: 1000 });
  return admit(knowledge, grant, 1, 1) === "admitted";
}

const createSocketWorld = (order: readonly Step[]): World<SocketState> => ({
  start: { done: 0, indexed: false, closed: false, cut: false },
  encode: (state) => JSON.stringify(state),
  decode: (key) => JSON.parse(key) as SocketState,
  step(state, take) {
    const next = order[state.done];
    const done = state.done + 1;
    if (next === "index") take("index", { ...state, done, indexed: !state.closed });
    if (next === "check") {
      const closed = state.closed || !isAdmitted(state.cut);
      take("check", { ...state, done, closed, indexed: state.indexed && !closed });
    }
    // The cut is applied and sweeps the index in one synchronous stretch.
    if (!state.cut) {
      const closed = state.closed || state.indexed;
      take("cut", { ...state, cut: true, closed, indexed: false });
    }
    if (next === undefined && state.cut && !state.closed) take("the socket STAYS OPEN", null);
  },
});

function look(order: readonly Step[]): string[] | null {
  const outcome = searchWorld(createSocketWorld(order), 1000);
  console.log(describeOutcome(order.join(", then "), outcome));
  return outcome.broken;
}

describe("a socket that comes in while its session is cut", () => {
  test("is closed when it is indexed before it is checked", () => {
    expect(look(["index", "check"])).toBeNull();
  });

  test("is caught staying open when it is checked before it is indexed", () => {
    expect(look(["check", "index"])).not.toBeNull();
  });
});
