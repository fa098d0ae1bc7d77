/** What the desk's pages decide by themselves: who may reserve, when to warn, what is fetched, what is told. */
import { describe, expect, it } from "vitest";
import type { Resource } from "../../shared/contract/catalogue.ts";
import { ResourceId } from "../../shared/ids.ts";
import type { Call } from "../../client/api.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { createCatalogue } from "../../client/state/catalogue.svelte.ts";
import { findWarning } from "../../client/state/countdown.svelte.ts";
import { findObstacle } from "../../client/state/entitlement.ts";
import { createMergeNews } from "../../client/state/merge-news.ts";
import { deDesk } from "../../client/text/de-desk.ts";
import { describeTimeLeft } from "../../client/text/durations.ts";
import { enDesk } from "../../client/text/en-desk.ts";
import { en } from "../../client/text/en.ts";
import { createFormat } from "../../client/text/format.ts";
import { describeRule } from "../../client/text/words.ts";

describe("who may reserve", () => {
  const uppsala = { country: "SE", city: "Uppsala" };
  const here = { countries: ["SE", "NO"], cities: ["uppsala", "Köln"] };
  it.each([
    ["anybody, without a rule", undefined, {}, null],
    ["people of the country", { countries: ["SE"] }, uppsala, null],
    ["nobody from elsewhere", { countries: ["NO"] }, uppsala, "place"],
    ["people of country and city", here, uppsala, null],
    ["a city however it is written", here, { country: "NO", city: "  KO\u0308LN " }, null],
    ["nobody from another city", here, { country: "SE", city: "Lund" }, "place"],
    ["nobody who says no city", here, { country: "SE" }, "nowhere"],
    ["nobody who says no country", { countries: ["SE"] }, {}, "nowhere"],
  ])("%s", (_, rule, account, obstacle) => {
    expect(findObstacle(rule, account, ["desk:reserve"])).toBe(obstacle);
    expect(findObstacle(rule, account, ["accounts:read"])).toBe("permission");
  });

  it("is said in words", () => {
    const format = createFormat(en);
    expect(describeRule(undefined, en, format)).toBe("For everyone");
    expect(describeRule({ countries: ["SE", "DE"] }, en, format)).toBe(
      "For people in Sweden or Germany",
    );
    expect(describeRule({ countries: ["SE"], cities: ["Uppsala", "Lund"] }, en, format)).toBe(
      "For people in Uppsala or Lund, in Sweden",
    );
  });
});

describe("a countdown", () => {
  it.each([
    [301, 300, 5],
    [300, 299, null],
    [320, 250, 5],
    [61, 60, 1],
    [400, 30, 1],
    [60, 0, null],
  ])("warns once on the way from %i to %i seconds", (before, after, minutes) => {
    expect(findWarning(before, after)).toBe(minutes);
  });

  it.each([
    [0, "0:00"],
    [9, "0:09"],
    [872, "14:32"],
    [4_472, "1:14:32"],
    [180_000, "2 days, 2 hours"],
  ])("shows %i seconds as %s", (seconds, shown) => {
    expect(describeTimeLeft(seconds, "en")).toBe(shown);
  });
});

describe("the catalogue", () => {
  const id = (last: string) => ResourceId.parse("0".repeat(15) + last);
  const lamp: Resource = {
    id: id("1"),
    name: "Lamp",
    holdSeconds: 900,
    task: "none",
    available: 3,
  };
  const openCatalogue = async () => {
    let following: Following = {};
    let fetches = 0;
    const call = () => Promise.resolve({ resources: [{ ...lamp, name: `Lamp ${++fetches}` }] });
    const live = { follow: (given: Following) => ((following = given), () => undefined) };
    const catalogue = createCatalogue({
      call: call as unknown as Call,
      live: live as unknown as Live,
    });
    catalogue.open();
    await catalogue.refresh();
    return { catalogue, fetches: () => fetches, tell: following.events?.["catalogue:changed"] };
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  it("ticks a number without fetching anything", async () => {
    const { catalogue, fetches, tell } = await openCatalogue();
    tell?.({ id: lamp.id, available: 0 });
    await settle();
    expect([catalogue.find(lamp.id)?.available, fetches()]).toEqual([0, 1]);
  });

  it("does not let an answer that was on its way undo a newer number", async () => {
    const { catalogue, fetches, tell } = await openCatalogue();
    const refreshing = catalogue.refresh();
    tell?.({ id: lamp.id, available: 0 });
    await refreshing;
    expect(fetches()).toBe(3);
  });

  it("is fetched again, once, when something came or was edited", async () => {
    const { catalogue, fetches, tell } = await openCatalogue();
    tell?.({ id: lamp.id, available: 3, edited: true });
    await settle();
    expect([catalogue.find(lamp.id)?.name, fetches()]).toEqual(["Lamp 2", 2]);
    for (const last of ["2", "3", "4"]) tell?.({ id: id(last), available: 1 });
    await settle();
    expect(fetches()).toBe(4);
  });
});

describe("news of a merge", () => {
  const item = (last: string, was: number) => ({
    resourceId: ResourceId.parse("0".repeat(15) + last),
    quantity: 2,
    was,
  });
  const openMergeNews = () => {
    const told: { id: string; sentence: string; labels: string[] }[] = [];
    const news = createMergeNews({
      news: {
        tell: (id, sentence, { actions = [] } = {}) =>
          void told.push({ id, sentence, labels: actions.map(({ label }) => label) }),
      },
      toasts: { show: () => undefined },
      text: en,
      format: createFormat(en),
      bin: { undoMerge: () => Promise.resolve() },
      review: () => undefined,
    });
    return { news, told };
  };

  it("counts what was added and what was there already, and is the same in every tab", () => {
    const { news, told } = openMergeNews();
    news.tell({ id: "m1", items: [item("1", 0), item("2", 0), item("3", 1)] });
    news.tell({ id: "m2", items: [item("1", 0)] });
    const labels = ["Review", "Undo"];
    expect(told).toEqual([
      {
        id: "merged-m1",
        sentence: "3 things from this visit were added to your bin (1 was there already).",
        labels,
      },
      { id: "merged-m2", sentence: "1 thing from this visit was added to your bin.", labels },
    ]);
  });

  it("is not told when nothing was merged", () => {
    const { news, told } = openMergeNews();
    news.tell({ id: "m1", items: [] });
    expect(told).toEqual([]);
  });
});

describe("the desk's words", () => {
  it.each([
    ["English", enDesk, "2 of 3 not reserved.", "2 things"],
    ["German", deDesk, "2 von 3 nicht reserviert.", "2 Einträge"],
  ])("count in %s", (_, words, refused, things) => {
    expect(words.reserve.refused(2, 3)).toBe(refused);
    expect(words.reserve.refused(1, 1)).toBe("");
    expect(words.header.things(2)).toBe(things);
  });
});
