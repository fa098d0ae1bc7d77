/** The bin as a page shows it: wishes at once, one request at a time, and what the server has when one failed. */
import { describe, expect, it } from "vitest";
import type { Bin as BinReply } from "../../shared/contract/bin.ts";
import { ResourceId } from "../../shared/ids.ts";
import { ApiError } from "../../client/api.ts";
import type { Call } from "../../client/api.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { createBin } from "../../client/state/bin.svelte.ts";

const resource = (last: string) => ResourceId.parse("0".repeat(15) + last);
const [lamp, chair] = [resource("1"), resource("2")];
const addedAt = "2026-11-23T09:00:00.000Z";

interface Request {
  method: string;
  id: ResourceId | undefined;
  quantity: number | undefined;
  answer(): void;
  refuse(): void;
}

/** A server with one bin, which answers when the test says so, and the bin under test. */
const openBin = async () => {
  const stored = new Map<ResourceId, number>();
  const requests: Request[] = [];
  let following: Following = {};
  let kept = 0;
  const read = (): BinReply => ({
    owner: "guest",
    items: [...stored].map(([resourceId, quantity]) => ({ resourceId, quantity, addedAt })),
  });
  const call = (
    route: { method: string },
    request: { params?: { resourceId?: ResourceId }; body?: { quantity?: number } } = {},
  ) =>
    new Promise<BinReply>((resolve, reject) => {
      const [id, quantity] = [request.params?.resourceId, request.body?.quantity];
      const apply = () => {
        if (route.method === "PUT" && id) stored.set(id, quantity ?? 0);
        if (route.method === "DELETE" && id) stored.delete(id);
        if (route.method === "DELETE" && !id) stored.clear();
        resolve(read());
      };
      if (route.method === "GET") return apply();
      const refuse = () => reject(new ApiError("unavailable"));
      requests.push({ method: route.method, id, quantity, answer: apply, refuse });
    });
  const live = { follow: (given: Following) => ((following = given), () => undefined) };
  const bin = createBin({
    call: call as unknown as Call,
    live: live as unknown as Live,
    onKept: () => (kept += 1),
  });
  bin.open();
  await bin.refresh();
  return {
    bin,
    stored,
    requests,
    kept: () => kept,
    tell: (quantities: [ResourceId, number][]) => {
      for (const [id, quantity] of quantities) stored.set(id, quantity);
      following.events?.["bin:changed"]?.(read());
    },
    reconnect: () => following.refresh?.(),
  };
};
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the bin", () => {
  it("shows a wish at once and opens one session for all of a visitor's first ones", async () => {
    const { bin, requests, kept } = await openBin();
    const putting = [bin.put(lamp, 1), bin.put(chair, 2)];
    expect([bin.quantityOf(lamp), bin.quantityOf(chair)]).toEqual([1, 2]);
    await settle();
    // The second goes out only when the first has brought the session back.
    expect(requests.map(({ id }) => id)).toEqual([lamp]);
    requests[0]?.answer();
    await settle();
    expect(requests.map(({ id }) => id)).toEqual([lamp, chair]);
    requests[1]?.answer();
    await Promise.all(putting);
    expect([bin.items.length, kept()]).toEqual([2, 2]);
  });

  it("sends the last of several wishes for one thing, and only that one", async () => {
    const { bin, requests, stored } = await openBin();
    const putting = [1, 2, 3, 4].map((quantity) => bin.put(lamp, quantity));
    await settle();
    requests[0]?.answer();
    await settle();
    requests[1]?.answer();
    await Promise.all(putting);
    expect(requests.map(({ quantity }) => quantity).at(-1)).toBe(4);
    expect(requests.length).toBeLessThanOrEqual(2);
    expect([stored.get(lamp), bin.quantityOf(lamp)]).toEqual([4, 4]);
  });

  it("says that a change failed and shows what the server has", async () => {
    const { bin, requests, tell } = await openBin();
    tell([[lamp, 5]]);
    const putting = bin.put(lamp, 6);
    await settle();
    expect(bin.quantityOf(lamp)).toBe(6);
    requests[0]?.refuse();
    await expect(putting).rejects.toBeInstanceOf(ApiError);
    expect(bin.quantityOf(lamp)).toBe(5);
    // A failure stops nothing that comes after it.
    const again = bin.put(lamp, 7);
    await settle();
    requests[1]?.answer();
    await again;
    expect(bin.quantityOf(lamp)).toBe(7);
  });

  it("follows the other tabs, and keeps what is being changed here as it is wished", async () => {
    const { bin, requests, tell } = await openBin();
    tell([[chair, 3]]);
    expect(bin.quantityOf(chair)).toBe(3);
    const putting = bin.put(lamp, 2);
    tell([[lamp, 1]]);
    expect([bin.quantityOf(lamp), bin.quantityOf(chair)]).toEqual([2, 3]);
    await settle();
    requests[0]?.answer();
    await putting;
    expect(bin.quantityOf(lamp)).toBe(2);
  });

  it("empties and takes out at once, and puts back in the same way", async () => {
    const { bin, requests, tell } = await openBin();
    tell([
      [lamp, 1],
      [chair, 2],
    ]);
    const clearing = bin.clear();
    expect(bin.items).toEqual([]);
    const back = bin.put(chair, 2);
    expect(bin.items.map(({ resourceId }) => resourceId)).toEqual([chair]);
    await settle();
    requests[0]?.answer();
    await clearing;
    await settle();
    requests[1]?.answer();
    await back;
    expect(requests.map(({ method }) => method)).toEqual(["DELETE", "PUT"]);
    expect(bin.items.map(({ quantity }) => quantity)).toEqual([2]);
  });

  it("belongs to whoever this browser is: nothing wished or answered before is the next one's", async () => {
    const { bin, requests, stored } = await openBin();
    const sent = bin.put(lamp, 1);
    const waiting = [bin.put(chair, 1), bin.clear()];
    await settle();
    bin.open();
    expect(bin.items).toEqual([]);
    requests[0]?.answer();
    stored.clear();
    await Promise.all([sent, ...waiting]);
    expect([bin.items.length, requests.length]).toEqual([0, 1]);
  });
});
