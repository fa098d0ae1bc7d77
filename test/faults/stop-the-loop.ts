/**
 * Loaded before a node by the fault rig, and part of no product: on request it blocks the event loop, or fills
 * the heap with garbage, as a runaway computation would.
 */
export type Disturbance =
  { kind: "block"; milliseconds: number } | { kind: "garbage"; milliseconds: number };

process.on("message", (disturbance: Disturbance) => {
  const until = performance.now() + disturbance.milliseconds;
  if (disturbance.kind === "block")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, disturbance.milliseconds);
  let kept: object[] = [];
  while (performance.now() < until) {
    kept.push(Array.from({ length: 1000 }, (_, at) => ({ at })));
    if (kept.length > 500) kept = [];
  }
  process.send?.("done");
});
