/** Who keeps the desk of a demo: puts units out, and now and then signs somebody out with a word why. */
import { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import { adminSessionRoutes, sessionRoutes } from "../../shared/contract/session-routes.ts";
import { createBrowser } from "./browser.ts";
import { inventAddress, inventUserAgent, pick } from "./devices.ts";
import type { Person } from "./person.ts";

const few = 3;
const messages = [
  "This device was found in the canteen. Please pick it up.",
  "We are tidying up. Please sign in again.",
  "Was this you? Please come by the desk.",
];

export function createKeeper(address: string, username: string, password: string): Person {
  const browser = createBrowser(address, { userAgent: inventUserAgent(), ip: inventAddress() });

  const signIn = () => browser.ask(sessionRoutes.signIn, { body: { username, password } });

  /** Ask, and prove the password again where that is what is missing. */
  async function insist(ask: () => Promise<{ code: string | null }>): Promise<void> {
    const { code } = await ask();
    if (code !== "reauthentication_required") return;
    await browser.ask(sessionRoutes.reauthenticate, { body: { password } });
    await ask();
  }

  async function restock(): Promise<boolean> {
    const { reply } = await browser.ask(adminCatalogueRoutes.list, {});
    const scarce = reply?.resources.filter(({ stock, removed }) => !removed && stock === 0) ?? [];
    for (const { id } of scarce) {
      const units = Array.from({ length: few }, () => `PLACE-${crypto.randomUUID()}`);
      await insist(() =>
        browser.ask(adminCatalogueRoutes.addUnits, { params: { id }, body: { units } }),
      );
    }
    return reply !== null;
  }

  async function endSomebody(): Promise<void> {
    const { reply } = await browser.ask(adminSessionRoutes.list, { query: { limit: 50 } });
    const others =
      reply?.sessions.filter(
        ({ account, kind }) =>
          kind === "account" && account?.username !== username && account?.username !== "demo",
      ) ?? [];
    if (others.length === 0) return;
    const end = { params: { id: pick(others).id }, body: { message: pick(messages) } };
    await insist(() => browser.ask(adminSessionRoutes.end, end));
  }

  return {
    async act() {
      if (!(await restock())) await signIn();
      else if (Math.random() < 0.3) await endSomebody();
    },
    leave: () => browser.closePages(),
  };
}
