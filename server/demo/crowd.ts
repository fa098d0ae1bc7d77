/**
 * The crowd: people who do things at a rate, one after the other in no order (a Poisson process), and begin with a
 * rush so that there is something to see. A server that is away is waited for.
 */
import { createBrowser } from "./browser.ts";
import { inventAddress, inventBot, pick } from "./devices.ts";
import { createKeeper } from "./keeper.ts";
import { createPerson, type Person } from "./person.ts";
import { catalogueRoutes } from "../../shared/contract/catalogue.ts";

export interface CrowdOrder {
  address: string;
  password: string;
  /** Username of whoever keeps the desk. */
  keeper: string;
  /** Usernames. */
  people: readonly string[];
  /** Actions a second. */
  rate: number;
}

/** Visitors without an account, for each person with one. */
const visitorsPerPerson = 0.3;
/** The rush: this many actions, so fast. */
const rush = 90;
const rushRate = 15;
const keeperEvery = 15_000;
const waitForServer = 2_000;

export function createCrowd({ address, password, keeper, people, rate }: CrowdOrder) {
  const busy = new Set<Person>();
  let stopped = false;
  let done = 0;
  const everybody: Person[] = people.map((username) =>
    createPerson({ address, username, password }),
  );
  for (let visitors = people.length * visitorsPerPerson; visitors > 0; visitors--)
    everybody.push(createPerson({ address, username: null, password }));
  everybody.push(createBot(address));
  const ofTheDesk = createKeeper(address, keeper, password);

  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

  /** Nobody does two things at once. Answers whether the server could be reached. */
  async function letAct(person: Person): Promise<boolean> {
    if (busy.has(person)) return true;
    busy.add(person);
    try {
      await person.act();
      return true;
    } catch {
      return false;
    } finally {
      busy.delete(person);
    }
  }

  async function keepDesk(): Promise<void> {
    while (!stopped) {
      await letAct(ofTheDesk);
      await wait(keeperEvery);
    }
  }

  async function goOn(): Promise<void> {
    let isReached = true;
    while (!stopped) {
      const now = done++ < rush ? Math.max(rate, rushRate) : rate;
      await wait(isReached ? (-Math.log(1 - Math.random()) * 1000) / now : waitForServer);
      void letAct(pick(everybody)).then((reached) => (isReached = reached));
    }
  }

  return {
    run: () => Promise.all([keepDesk(), goOn()]),
    stop(): void {
      stopped = true;
      for (const person of [...everybody, ofTheDesk]) person.leave();
    },
  };
}

/** Reads what everybody may read, keeps no cookie, and leaves nothing behind. */
function createBot(address: string): Person {
  const browser = createBrowser(address, { userAgent: inventBot(), ip: inventAddress() });
  return {
    async act() {
      browser.forget();
      await browser.ask(catalogueRoutes.list, {});
    },
    leave: () => {},
  };
}
