/**
 * The promise under faults: an ended session is never let in later than a lease after its receipt, no end that was
 * acknowledged is lost, nothing hangs. `npm run faults` breaks everything for as long as the catalogue says;
 * `npm test` breaks the most telling things for moments. One at a time: the machine is part of the experiment.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { failOverDuringEnds, silenceReplica } from "./failover-faults.ts";
import { cutOffNode, sickenLink } from "./link-faults.ts";
import {
  blockLoop,
  endWithoutFault,
  joinDuringEnds,
  pauseNode,
  sleepPastRetention,
} from "./node-faults.ts";
import { endAfterUntoldEnd, raceEverything } from "./race-faults.ts";
import { emptyRedis, freezeRedis, killRedis, restoreRedis } from "./redis-faults.ts";
import { appendOnly, startRig, type Rig, type RigOptions } from "./rig.ts";
import { isFull } from "./scale.ts";

const second = 1000;
const timeout = (isFull ? 300 : 60) * second;
const lease = isFull ? 2 * second : 1 * second;

function describeRig(name: string, options: Partial<RigOptions>, tests: (rig: () => Rig) => void) {
  describe(name, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await startRig({ nodes: 0, lease, ...options });
      for (let count = 0; count < (options.nodes ?? 3); count++) await rig.addNode();
      await rig.allReady();
    }, timeout);
    afterAll(() => rig?.stop(), timeout);
    tests(() => rig);
  });
}

describeRig("three nodes on a Redis that writes its log", { redisArgs: appendOnly }, (rig) => {
  test("F1 refuses everywhere what was ended anywhere", { timeout }, () =>
    endWithoutFault(rig(), isFull ? 1000 : 150),
  );

  test("F2 keeps every acknowledged end when Redis is killed", { timeout }, () =>
    killRedis(rig(), isFull ? 1000 : 150, isFull ? 3 * second : 1 * second),
  );

  test("F3 refuses while Redis is frozen, and goes on by itself", { timeout }, () =>
    freezeRedis(rig(), isFull ? 200 : 40, isFull ? 20 * second : 3 * second),
  );

  test("F6 lets nobody in on the first request after a pause", { timeout }, () =>
    pauseNode(rig(), isFull ? 500 : 60, isFull ? 20 * second : 2 * second),
  );

  test("F4 stops deciding when it is cut off, and comes back", { timeout }, () =>
    cutOffNode(rig(), isFull ? 200 : 40, isFull ? 60 * second : 3 * second),
  );

  if (isFull)
    test("F5 holds its deadlines on a sick link", { timeout }, () =>
      sickenLink(rig(), 100, 8 * second),
    );

  if (isFull)
    test("F7 lets nobody in after its loop was blocked", { timeout }, () =>
      blockLoop(rig(), 100, 5 * second),
    );

  test("F24 is born knowing every end", { timeout }, () =>
    joinDuringEnds(rig(), isFull ? 3000 : 400),
  );
});

describeRig("two nodes on a Redis that keeps nothing", { nodes: 2 }, (rig) => {
  test("F12 goes on after Redis was emptied", { timeout }, () => emptyRedis(rig(), "flush", 40));

  test("F12 cuts everybody when an old Redis is restored", { timeout }, () =>
    restoreRedis(rig(), "alive", 40),
  );

  test("F12 notices an old Redis although all nodes were down", { timeout }, () =>
    restoreRedis(rig(), "stopped", 40),
  );

  if (isFull)
    test("F12 notices it after a crash of all nodes", { timeout }, () =>
      restoreRedis(rig(), "killed", 40),
    );

  if (isFull)
    test("F12 goes on after Redis came back empty", { timeout }, () =>
      emptyRedis(rig(), "restart", 40),
    );
});

describeRig("two nodes on a Redis with a replica", { nodes: 2, replica: true }, (rig) => {
  test("F8 keeps every acknowledged end when the replica takes over", { timeout }, () =>
    failOverDuringEnds(rig(), isFull ? 1000 : 120),
  );

  test("F9 acknowledges nothing while the replica is silent", { timeout }, () =>
    silenceReplica(rig(), isFull ? 100 : 20),
  );
});

const shortest = { ACCESS_TOKEN_TTL: "30s" };
const retention = 90 * second;

if (isFull)
  describe("a node asleep", () => {
    describeRig("for longer than the ledger remembers", { nodes: 2, env: shortest }, (rig) => {
      test("F21 reads all of it again before it decides", { timeout }, () =>
        sleepPastRetention(rig(), 40, retention),
      );
    });
  });

describe("two nodes at the same account", () => {
  test("F20 speaks for ends that another request has not told yet", { timeout }, endAfterUntoldEnd);

  test("F20 lets in nothing that was ended, however it races", { timeout: 2 * timeout }, () =>
    raceEverything(isFull ? 10_000 : 200),
  );
});
