/** The desk's promise under faults: each unit is in one place and goes to one account, whatever is killed. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { breakTheDesk, type Break } from "./desk-faults.ts";
import { appendOnly, startRig, type Rig, type RigOptions } from "./rig.ts";
import { isFull } from "./scale.ts";

const timeout = isFull ? 600_000 : 120_000;

const repeat = (breaks: readonly Break[], times: number): Break[] =>
  Array.from({ length: times }, () => breaks).flat();

function describeDesk(name: string, options: Partial<RigOptions>, breaks: readonly Break[]) {
  describe(name, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await startRig({ nodes: 0, lease: 1000, ...options });
      for (let count = 0; count < 2; count++) await rig.addNode();
      await rig.allReady();
    }, timeout);
    afterAll(() => rig?.stop(), timeout);

    test("no unit is lost, doubled or delivered to two", { timeout }, () =>
      breakTheDesk(rig, breaks),
    );
  });
}

describeDesk(
  "when Redis and nodes are killed",
  { redisArgs: appendOnly },
  isFull ? repeat(["redis", "node"], 15) : ["redis", "node"],
);

if (isFull)
  describeDesk("when a replica takes over", { replica: true }, repeat(["failover", "node"], 4));
