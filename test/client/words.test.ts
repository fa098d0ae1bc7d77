/** Sentences as people read them. */
import { describe, expect, it } from "vitest";
import { changeQuery, readQuery } from "../../client/address.ts";
import { ApiError } from "../../client/api.ts";
import { en } from "../../client/text/en.ts";
import { createFormat } from "../../client/text/format.ts";
import {
  describeEnd,
  describeError,
  describePasswordChange,
  describeReceipt,
} from "../../client/text/words.ts";

const format = createFormat(en);
const receipt = (ended: number, nodes: number, of: number, missing?: string[]) => ({
  ended,
  confirmed: { nodes, of, ...(missing && { missing }) },
  sockets: 3,
  tookMs: 2.04,
});

describe("a receipt", () => {
  it("says how many servers confirmed, how fast, and how many pages closed", () => {
    expect(describeReceipt(receipt(1, 2, 2), en)).toBe(
      "Signed out. Confirmed by 2 of 2 servers in 2 ms, 3 open pages closed.",
    );
  });

  it("counts several sessions", () => {
    expect(describeReceipt(receipt(1200, 1, 1), en)).toContain("1,200 sessions signed out.");
  });

  it("names the servers that did not confirm", () => {
    expect(describeReceipt(receipt(1, 1, 2, ["node-b"]), en)).toContain("node-b");
  });

  it("says when there was nothing left to end", () => {
    expect(describeReceipt(receipt(0, 2, 2), en)).toBe("It was signed out already.");
  });
});

describe("a new password", () => {
  it("says how many other sessions it signed out, and who confirmed", () => {
    expect(describePasswordChange(receipt(2, 1, 1), true, en)).toBe(
      "2 other sessions signed out. Confirmed by 1 of 1 server in 2 ms, 3 open pages closed.",
    );
  });

  it("says when there was no other device, and when others were kept", () => {
    expect(describePasswordChange(receipt(0, 1, 1), true, en)).toBe(
      "No other device was signed in.",
    );
    expect(describePasswordChange(receipt(0, 0, 0), false, en)).toBe(
      "Your other devices stay signed in.",
    );
  });
});

describe("an end in a list", () => {
  const by = { id: "a1", username: "ana" };

  it("names the administrator to others and says 'you' to that administrator", () => {
    const end = { reason: "admin", by } as const;
    expect(describeEnd(end, en, { id: "b2" })).toBe("Signed out by an administrator (ana)");
    expect(describeEnd(end, en, { id: "a1" })).toBe("Signed out by an administrator (you)");
  });

  it("says 'you' of what its reader ended, and its owner to anybody else", () => {
    const end = { reason: "revoked", by } as const;
    expect(describeEnd(end, en, { id: "a1" })).toBe("Signed out by you");
    expect(describeEnd(end, en, { id: "b2" })).toBe("Signed out by its owner");
  });

  it("names who disabled the account", () => {
    const end = { reason: "account_disabled", by } as const;
    expect(describeEnd(end, en, { id: "b2" })).toBe("Account disabled (ana)");
  });
});

describe("an error", () => {
  it("says when to try again", () => {
    expect(describeError(new ApiError("too_many_attempts", {}, 120), en, format)).toBe(
      "Too many attempts. Try again in 2 minutes.",
    );
  });

  it("says nothing when the person called it off", () => {
    expect(describeError(new ApiError("reauthentication_required"), en, format)).toBeNull();
  });
});

describe("relative times", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");

  it.each([
    ["2026-11-23T11:59:30Z", "just now"],
    ["2026-11-23T12:00:20Z", "just now"],
    ["2026-11-23T11:55:00Z", "5 minutes ago"],
    ["2026-11-23T10:01:00Z", "1 hour ago"],
    ["2026-11-22T11:00:00Z", "yesterday"],
    ["2026-11-29T12:00:00Z", "in 6 days"],
  ])("%s reads %s", (at, expected) => {
    expect(format.relativeTime(at, now)).toBe(expected);
  });
});

describe("a query", () => {
  it("changes, removes and keeps values", () => {
    expect(changeQuery("?q=ana&cursor=x", { kind: "guest", cursor: "" })).toBe("?q=ana&kind=guest");
    expect(changeQuery("?q=ana", { q: "" })).toBe("");
    expect(readQuery("?q=a%20b")).toEqual({ q: "a b" });
  });
});
