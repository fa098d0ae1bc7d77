/** Ending several sessions that were chosen one by one: one answer, and none of it invented. */
import { describe, expect, it } from "vitest";
import type { Receipt } from "../../shared/contract/sessions.ts";
import { SessionId } from "../../shared/ids.ts";
import { ApiError, type Call } from "../../client/api.ts";
import { combineReceipts, endSessions } from "../../client/state/receipts.ts";

const receipt = (ended: number, nodes: number, of: number, missing?: string[]): Receipt => ({
  ended,
  confirmed: { nodes, of, ...(missing && { missing }) },
  sockets: 2 * ended,
  tookMs: 3,
});
const ids = ["1", "2", "3"].map((last) => SessionId.parse("0".repeat(19) + last));

describe("one receipt of several", () => {
  it("adds up what ended and closed, and claims only the confirmations that each had", () => {
    const sum = combineReceipts([receipt(1, 2, 2), receipt(1, 1, 2, ["node-b"]), receipt(1, 2, 3)]);
    expect(sum).toEqual({
      ended: 3,
      confirmed: { nodes: 1, of: 3, missing: ["node-b"] },
      sockets: 6,
      tookMs: 9,
    });
  });

  it("leaves out those that were over already, which nobody had to confirm", () => {
    expect(combineReceipts([receipt(0, 0, 0), receipt(1, 2, 2)]).confirmed).toEqual({
      nodes: 2,
      of: 2,
    });
    expect(combineReceipts([receipt(0, 0, 0)]).ended).toBe(0);
  });
});

describe("ending several", () => {
  /** Answers each end by its session's id, and keeps what was asked. */
  const callThat = (answers: Record<string, Receipt | ApiError>) => {
    const asked: string[] = [];
    const call = ((_: unknown, { params }: { params: { id: string } }) => {
      asked.push(params.id);
      const answer = answers[params.id];
      return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
    }) as unknown as Call;
    return { call, asked };
  };
  const [first = "", second = "", third = ""] = ids;

  it("goes on past one that is not there any more", async () => {
    const { call, asked } = callThat({
      [first]: receipt(1, 1, 1),
      [second]: new ApiError("session_not_found"),
      [third]: receipt(1, 1, 1),
    });
    expect(await endSessions(call, ids, {})).toMatchObject({ ended: 2, confirmed: { nodes: 1 } });
    expect(asked).toEqual(ids);
  });

  it("stops where it fails, and says why", async () => {
    const { call, asked } = callThat({
      [first]: receipt(1, 1, 1),
      [second]: new ApiError("not_confirmed"),
    });
    await expect(endSessions(call, ids, {})).rejects.toMatchObject({ code: "not_confirmed" });
    expect(asked).toEqual([first, second]);
  });
});
