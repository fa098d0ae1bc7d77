// What every server here is told by the bench (over its process channel), and what it answers when it
// listens. All of them answer the same bytes as the product, made for the session that was found; they
// are plain modules, so that what is measured is what is written and no transpiler's helpers.
import { once } from "node:events";

/**
 * me, verify: { headers: { name: value }, pieces: [before, after] }: a reply is `before + sessionId + after`
 * (for verify the session's id is in a header instead, and there is no body).
 * sessions: [{ account, sessionId }], to be seeded by the server itself in its own store.
 */
export async function receiveOrder() {
  const [order] = await once(process, "message");
  return order;
}

export const bodyOf = ({ pieces: [before, after] }, sessionId) => before + sessionId + after;

/** `credentials`: for each session the header that carries it. */
export function tellListening(server, credentials) {
  server.listen(0, "127.0.0.1", () => {
    process.send({ port: server.address().port, credentials });
  });
  process.once("disconnect", () => process.exit());
  process.once("SIGTERM", () => process.exit());
}
