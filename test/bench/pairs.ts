/**
 * Who ends whom: in each account one device, whose password was proved lately enough to be allowed to, ends
 * the others one by one.
 */
import { sessionsPerAccount, type SeededSession } from "./deployment.ts";
import { requestBytes, type HttpConnection } from "./http-connection.ts";

export interface Pair {
  target: SeededSession;
  actor: SeededSession;
}

export const endRequest = ({ target, actor }: Pair): Buffer =>
  requestBytes("DELETE", `/api/sessions/${target.sessionId}`, {
    Cookie: actor.cookie,
    "Content-Length": "0",
  });

/** Account by account, in the order they were seeded. */
export async function pairSessions(
  sessions: readonly SeededSession[],
  node: HttpConnection,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let first = 0; first < sessions.length; first += sessionsPerAccount) {
    const devices = sessions.slice(first, first + sessionsPerAccount);
    const actor = await findFresh(devices, node);
    for (const target of devices) if (actor && target !== actor) pairs.push({ target, actor });
  }
  return pairs;
}

/** Sessions are seeded with a past of up to a day, and some of them grow too old while the bench runs. */
async function findFresh(
  devices: readonly SeededSession[],
  node: HttpConnection,
): Promise<SeededSession | null> {
  for (const device of devices) {
    const { body } = await node.ask(requestBytes("GET", "/api/me", { Cookie: device.cookie }));
    if (body.includes('"fresh":true')) return device;
  }
  return null;
}
