/**
 * How the rig asks: a probe that shows what the door decides and nothing else, and an end with its receipt. Both
 * go into the history with the instant before they were sent.
 */
import { Agent, request } from "node:http";
import type { EndRecord, History, Outcome, ProbeRecord } from "./history.ts";

/** Longer than any answer may take: the lease's attempt, then every deadline of a call to Redis. */
const hungAfter = 8000;

export interface Asked {
  status: number;
  /** Whether a refusal for the moment says when to come back. */
  retryAfter: boolean;
  body: string;
}

export function createRequests() {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });

  function ask(
    method: string,
    port: number,
    path: string,
    token: string,
  ): Promise<Asked | "failed" | "hung"> {
    return new Promise((resolve) => {
      const headers = { cookie: `rollcall=${token}` };
      const sent = request({ agent, host: "127.0.0.1", port, path, method, headers });
      const late = setTimeout(() => {
        resolve("hung");
        sent.destroy();
      }, hungAfter);
      sent.on("error", () => {
        clearTimeout(late);
        resolve("failed");
      });
      sent.on("response", (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", () => {});
        response.on("close", () => {
          clearTimeout(late);
          const retryAfter = response.headers["retry-after"] !== undefined;
          const body = Buffer.concat(pieces).toString();
          resolve(
            response.complete ? { status: response.statusCode ?? 0, retryAfter, body } : "failed",
          );
        });
      });
      sent.end();
    });
  }

  return {
    /**
     * Ask for what this session may never see: 403 says that the door let it in, by what the node knows and
     * without a round trip to Redis; 401 that it did not.
     */
    async probe(history: History, node: number, port: number, token: string): Promise<ProbeRecord> {
      const sentAt = performance.now();
      const answer = await ask("GET", port, "/api/admin/sessions", token);
      const record: ProbeRecord = {
        node,
        session: sessionOf(token),
        sentAt,
        repliedAt: performance.now(),
        outcome: outcomeOf(answer),
      };
      history.probes.push(record);
      return record;
    },

    /** End a session as an admin. */
    async end(history: History, port: number, admin: string, session: string): Promise<EndRecord> {
      const askedAt = performance.now();
      const answer = await ask("DELETE", port, `/api/admin/sessions/${session}`, admin);
      const status = typeof answer === "string" ? 0 : answer.status;
      const confirmed =
        typeof answer !== "string" && status === 200
          ? (JSON.parse(answer.body) as { confirmed: { missing?: string[] } }).confirmed
          : null;
      const record: EndRecord = {
        session,
        askedAt,
        acknowledgedAt: confirmed && performance.now(),
        status,
        missing: confirmed?.missing ?? [],
      };
      history.ends.push(record);
      return record;
    },

    close: () => agent.destroy(),
  };
}

export const sessionOf = (token: string): string => token.slice(0, token.indexOf("."));

function outcomeOf(answer: Asked | "failed" | "hung"): Outcome {
  if (typeof answer === "string") return answer;
  switch (answer.status) {
    case 403:
      return "accepted";
    case 401:
      return "refused";
    case 503:
      if (answer.retryAfter) return "unavailable";
  }
  return "wrong";
}
