/**
 * One person of the crowd, a step at a time: comes, looks around, collects, signs in (not always at the first try),
 * reserves, does what is asked, claims, goes, and comes back. What happens to a person (ended, sold out, refused) is
 * taken as it comes.
 */
import type { Reservation } from "../../shared/contract/reservations.ts";
import { binRoutes } from "../../shared/contract/bin.ts";
import { catalogueRoutes, type Resource } from "../../shared/contract/catalogue.ts";
import { reservationRoutes } from "../../shared/contract/reservations.ts";
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import { idAlphabet, type ReservationId } from "../../shared/ids.ts";
import type { ReplyOf, Request, Route } from "../../shared/route.ts";
import { createBrowser, type Browser } from "./browser.ts";
import { inventAddress, inventUserAgent, pick, pickWeighted } from "./devices.ts";

export interface Person {
  /** Do the next thing. Rejects when the server cannot be reached. */
  act(): Promise<void>;
  leave(): void;
}

export interface PersonOptions {
  address: string;
  /** Null: a visitor without an account. */
  username: string | null;
  password: string;
}

type Place = "away" | "visiting" | "signed in";
type Step = () => Promise<unknown> | void;

const mostPages = 3;
const mostDevices = 3;
const deviceNames = ["Work laptop", "Kitchen tablet", "Old phone", "Studio", "Train phone"];

export function createPerson({ address, username, password }: PersonOptions): Person {
  const devices: Browser[] = [newDevice()];
  let browser = devices[0];
  let where: Place = "away";

  function newDevice(): Browser {
    return createBrowser(address, { userAgent: inventUserAgent(), ip: inventAddress() });
  }

  async function ask<R extends Route>(route: R, request: Request<R>): Promise<ReplyOf<R> | null> {
    const { reply, code } = await browser.ask(route, request);
    // Ended meanwhile, by whomever: the pages are gone, and the person is a stranger again.
    if (code === "session_ended" || code === "not_signed_in") {
      browser.closePages();
      where = "visiting";
    }
    if (code === "reauthentication_required")
      await browser.ask(sessionRoutes.reauthenticate, { body: { password } });
    return reply;
  }

  async function arrive(): Promise<void> {
    browser = pick(devices);
    const me = await ask(sessionRoutes.me, {});
    where = me?.account ? "signed in" : "visiting";
    await look();
    browser.openPage();
  }

  const look = async (): Promise<readonly Resource[]> =>
    (await ask(catalogueRoutes.list, {}))?.resources ?? [];

  async function collect(): Promise<void> {
    const resources = await look();
    if (resources.length === 0) return;
    const { id } = pick(resources);
    const quantity = 1 + Math.floor(Math.random() * 3);
    await ask(binRoutes.put, { params: { resourceId: id }, body: { quantity } });
    // The guest's session was just opened: the open page becomes the guest's.
    if (where === "visiting") reopenPage();
  }

  async function putBack(): Promise<void> {
    const bin = await ask(binRoutes.show, {});
    if (!bin?.items.length) return;
    const { resourceId } = pick(bin.items);
    await ask(binRoutes.remove, { params: { resourceId } });
  }

  async function signIn(typed: string): Promise<void> {
    if (username === null) return;
    const remember = Math.random() < 0.3;
    const entered = await ask(sessionRoutes.signIn, {
      body: { username, password: typed, remember },
    });
    if (entered === null) return;
    where = "signed in";
    reopenPage();
  }

  async function rename(): Promise<void> {
    const mine = await ask(sessionRoutes.list, {});
    const current = mine?.sessions.find((one) => one.current);
    if (current)
      await ask(sessionRoutes.rename, {
        params: { id: current.id },
        body: { name: pick(deviceNames) },
      });
  }

  async function endAnother(): Promise<void> {
    const mine = await ask(sessionRoutes.list, {});
    const others = mine?.sessions.filter((one) => !one.current) ?? [];
    if (others.length > 0) await ask(sessionRoutes.end, { params: { id: pick(others).id } });
  }

  async function reserve(): Promise<void> {
    const resources = await look();
    if (resources.length > 0)
      await ask(reservationRoutes.reserve, { body: { resourceId: pick(resources).id } });
  }

  const listHeld = async (): Promise<Reservation[]> => {
    const mine = await ask(reservationRoutes.list, {});
    return mine?.reservations.filter(({ state }) => state === "held") ?? [];
  };

  async function goOn(): Promise<void> {
    const held = await listHeld();
    if (held.length === 0) return reserve();
    const { id, task, taskDone } = pick(held);
    if (taskDone) return void (await ask(reservationRoutes.claim, { params: { id } }));
    await doTask(id, task);
  }

  async function doTask(id: ReservationId, task: Reservation["task"]): Promise<void> {
    const body = task === "confirm" ? ({ accept: true } as const) : ({ approve: true } as const);
    if (task === "reauthenticate") await ask(sessionRoutes.reauthenticate, { body: { password } });
    // Approving takes another device that the account has used before.
    if (task === "other_device") switchDevice();
    await ask(reservationRoutes.doTask, {
      params: { id },
      ...(task !== "reauthenticate" && { body }),
    });
  }

  async function giveBack(): Promise<void> {
    const held = await listHeld();
    if (held.length > 0) await ask(reservationRoutes.release, { params: { id: pick(held).id } });
  }

  /** Reaches for what is somebody else's, or nobody's. */
  async function overreach(): Promise<void> {
    const id = Array.from({ length: 20 }, () => pick([...idAlphabet])).join("") as ReservationId;
    await ask(reservationRoutes.claim, { params: { id } });
  }

  function switchDevice(): void {
    if (devices.length < mostDevices && Math.random() < 0.5) devices.push(newDevice());
    browser = pick(devices);
    where = "away";
  }

  async function signOut(): Promise<void> {
    await ask(sessionRoutes.signOut, {});
    goAway();
  }

  function goAway(): void {
    browser.closePages();
    where = "away";
  }

  function reopenPage(): void {
    browser.closePage();
    browser.openPage();
  }

  const openAnotherPage = () => {
    if (browser.countPages() < mostPages) browser.openPage();
  };

  const choices: Record<Place, readonly (readonly [number, Step])[]> = {
    away: [[1, arrive]],
    visiting: [
      [3, look],
      [4, collect],
      [1, putBack],
      [username === null ? 0 : 6, () => signIn(password)],
      [username === null ? 0 : 1, () => signIn("not my password")],
      [username === null ? 2 : 1, goAway],
    ],
    "signed in": [
      [4, look],
      [2, openAnotherPage],
      [1, () => browser.closePage()],
      [2, collect],
      [6, goOn],
      [1, giveBack],
      [0.3, rename],
      [0.5, endAnother],
      [0.15, overreach],
      [1, switchDevice],
      [0.7, signOut],
      [1, goAway],
    ],
  };

  return {
    act: async () => void (await pickWeighted(choices[where])()),
    leave: () => {
      for (const device of devices) device.closePages();
    },
  };
}
