/**
 * Numbers for Prometheus, in a registry of their own. The rest of the server sees functions named after
 * what happened, never a metric's name. Gauges are asked for at the moment of a scrape, so that nobody has
 * to keep them up to date; a source that fails leaves its gauge out of that scrape and harms no other.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Where a scrape gets its gauges from. */
export interface GaugeSources {
  countActiveSessions: () => Promise<Readonly<Record<string, number>>>;
  countSockets: () => number;
  measureLedgerLag: () => number;
  /** Seconds since this node last renewed its lease. */
  measureLeaseAge: () => number;
}

export interface Metrics {
  readGaugesFrom: (sources: GaugeSources) => void;
  countSessionEnds: (reason: string, count?: number) => void;
  countSignIn: (result: string) => void;
  countVerify: (result: string) => void;
  observeRevokeToRefused: (seconds: number) => void;
  observeRevokeToDisconnect: (seconds: number) => void;
  render: () => Promise<{ contentType: string; body: string }>;
}

const revokeBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const sessionEnds = new Counter({
    name: "session_ends_total",
    help: "Sessions that ended, by reason",
    labelNames: ["reason"],
    registers,
  });
  const signIns = new Counter({
    name: "sign_ins_total",
    help: "Attempts to sign in, by result",
    labelNames: ["result"],
    registers,
  });
  const verifies = new Counter({
    name: "verify_requests_total",
    help: "Questions of reverse proxies, by answer",
    labelNames: ["result"],
    registers,
  });
  // Asked thousands of times a second: the labelled children are looked up once.
  const verifiesBy = new Map<string, Counter.Internal>();
  const revokeToRefused = new Histogram({
    name: "revoke_to_refused_seconds",
    help: "From the request that ends a session until this node refuses it",
    buckets: revokeBuckets,
    registers,
  });
  const revokeToDisconnect = new Histogram({
    name: "revoke_to_disconnect_seconds",
    help: "From the request that ends a session until its sockets here are closed",
    buckets: revokeBuckets,
    registers,
  });
  return {
    readGaugesFrom: (sources) => registerGauges(registry, sources),
    countSessionEnds: (reason, count = 1) => sessionEnds.inc({ reason }, count),
    countSignIn: (result) => signIns.inc({ result }),
    countVerify: (result) => {
      let child = verifiesBy.get(result);
      if (child === undefined) verifiesBy.set(result, (child = verifies.labels(result)));
      child.inc();
    },
    observeRevokeToRefused: (seconds) => revokeToRefused.observe(seconds),
    observeRevokeToDisconnect: (seconds) => revokeToDisconnect.observe(seconds),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function registerGauges(registry: Registry, sources: GaugeSources): void {
  const registers = [registry];
  new Gauge({
    name: "sessions_active",
    help: "Live sessions of the whole deployment, by kind",
    labelNames: ["kind"],
    registers,
    async collect() {
      this.reset();
      const counts = await sources.countActiveSessions().catch(() => ({}));
      for (const [kind, count] of Object.entries(counts)) this.set({ kind }, count);
    },
  });
  registerGauge("sockets_connected", "Sockets open on this node", sources.countSockets);
  registerGauge(
    "ledger_lag_entries",
    "Ledger entries this node knows of and has not applied",
    sources.measureLedgerLag,
  );
  registerGauge(
    "lease_age_seconds",
    "Seconds since this node last renewed its lease",
    sources.measureLeaseAge,
  );

  function registerGauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        try {
          this.set(read());
        } catch {
          this.remove();
        }
      },
    });
  }
}
