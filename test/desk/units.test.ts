// Units handed in by form and by file: all of them or none, each once, and never shown to anybody.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResourceId } from "../../shared/ids.ts";
import { createBrowser, eventually, next, type Answer } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  addResource,
  bringPerson,
  claim,
  readStocked,
  reserve,
  type Person,
} from "../support/desk.ts";
import { openUpload, uploadLines, writeBeforeListening, type SlowUpload } from "./upload.ts";

let server: TestServer;
let manager: Person;
const invalid = { status: 400, body: { code: "invalid_request" } };

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  manager = await bringPerson(server, { permissions: ["catalogue:manage", "desk:reserve"] });
});
afterAll(async () => {
  manager.browser.close();
  await server.stop();
});

const addUnits = async (id: string, units: unknown): Promise<Answer> =>
  manager.browser.post(`/api/admin/catalogue/${id}/units`, { units });
const numbered = (count: number, prefix = "code"): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);
const stockOf = async (id: ResourceId): Promise<number> =>
  (await readStocked(manager.browser, id)).stock;

/** The keys of a resource that is being added to: the lock, what is laid aside, what that claims to have. */
const keysOfAdding = async (id: string): Promise<string[]> =>
  ((await server.command("KEYS", `{desk}*:${id}*`)) as string[]).filter(
    (key) => !/^\{desk\}(resource|batches|added):/.test(key),
  );

/** An upload of which this many lines have arrived in Redis, and some more are still on their way. */
async function openHalfway(id: string, lines: string[]): Promise<SlowUpload> {
  const upload = openUpload(manager, server.address, id);
  upload.write(`${lines.join("\n")}\n`);
  await eventually(async () => {
    const keys = await keysOfAdding(id);
    const staged = keys.find((key) => key.startsWith("{desk}units:"));
    return staged !== undefined && Number(await server.command("LLEN", staged)) >= 500;
  });
  return upload;
}

describe("units by form", () => {
  test("become stock that everybody sees at once, on another node too", async () => {
    const id = await addResource(manager.browser, {}, []);
    const stranger = createBrowser(server.nodes[1].address);
    const page = await stranger.openPage();
    const told = next(page, "catalogue:changed", ({ available }) => available === 3);
    expect(await addUnits(id, ["one", " two ", "https://example.org/three?a=b"])).toMatchObject({
      status: 201,
      body: { added: 3, duplicates: 0, duplicateLines: [] },
    });
    expect(await told).toEqual({ id, available: 3 });
    const { body } = await stranger.get("/api/catalogue");
    expect(body.resources).toContainEqual(expect.objectContaining({ id, available: 3 }));
    expect(await readStocked(manager.browser, id)).toMatchObject({ added: 3, stock: 3 });
    stranger.close();
  });

  test("are delivered as they were handed in, spaces around them aside", async () => {
    const unit = 'Schlüssel 🔑 <b>&amp;</b> \\n "quoted" %00 ${x}';
    const id = await addResource(manager.browser, {}, [`  ${unit} `]);
    const { body } = await claim(manager.browser, (await reserve(manager.browser, id)).body.id);
    expect(body.information).toBe(unit);
  });

  test("are refused as a whole when one is not right, which is named and not repeated", async () => {
    const id = await addResource(manager.browser, {}, []);
    const wrong = ["", "  ", "bell \u0007", "tab\tbed", "x".repeat(4_097), 7, null, "\ud800 alone"];
    for (const unit of wrong) {
      const answer = await addUnits(id, ["fine-one", "fine-two", unit]);
      expect(answer).toMatchObject(invalid);
      expect(answer.body.errors[0].path).toBe("units.2");
      expect(JSON.stringify(answer.body)).not.toMatch(/fine|xxx|bell|bed/);
    }
    for (const units of [[], "one", { 0: "one" }, Array(10_001).fill("x")])
      expect(await addUnits(id, units)).toMatchObject(invalid);
    expect(await readStocked(manager.browser, id)).toMatchObject({ added: 0, stock: 0 });
    expect(await keysOfAdding(id)).toEqual([]);
  });

  test("of a resource there is not, are not kept", async () => {
    expect(await addUnits("0".repeat(16), ["lost"])).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    expect(await uploadLines(manager, "0".repeat(16), "lost\n")).toMatchObject({ status: 404 });
    expect((await server.command("KEYS", `{desk}*${"0".repeat(16)}*`)) as string[]).toEqual([]);
  });
});

describe("a file of units", () => {
  test("of 100,000 lines is added, and a second time left out as duplicates", async () => {
    const id = await addResource(manager.browser, {}, []);
    const lines = numbered(100_000);
    const added = await uploadLines(manager, id, lines.join("\n"));
    expect(added).toMatchObject({ status: 201, body: { added: 100_000, duplicates: 0 } });
    expect(await readStocked(manager.browser, id)).toMatchObject({
      added: 100_000,
      stock: 100_000,
    });
    const again = await uploadLines(manager, id, `${lines.join("\n")}\none more\n`);
    expect(again.body).toEqual({
      added: 1,
      duplicates: 100_000,
      duplicateLines: Array.from({ length: 100 }, (_, at) => at + 1),
    });
    const first = await reserve(manager.browser, id);
    expect((await claim(manager.browser, first.body.id)).body.information).toBe("code-1");
  });

  test("may have blank lines, other line ends, a byte order mark and no end", async () => {
    const id = await addResource(manager.browser, {}, []);
    const text = "\ufeffone\r\n\r\n  \ntwo\n \u00a0\nthree  \r\nfour";
    expect((await uploadLines(manager, id, text)).body).toMatchObject({ added: 4, duplicates: 0 });
    const information = async () =>
      (await claim(manager.browser, (await reserve(manager.browser, id)).body.id)).body.information;
    expect([await information(), await information()]).toEqual(["one", "two"]);
    expect([await information(), await information()]).toEqual(["three", "four"]);
  });

  test("that is empty adds nothing", async () => {
    const id = await addResource(manager.browser, {}, []);
    for (const text of ["", "\n", " \r\n\n"])
      expect(await uploadLines(manager, id, text)).toMatchObject({
        status: 201,
        body: { added: 0, duplicates: 0, duplicateLines: [] },
      });
    expect(await keysOfAdding(id)).toEqual([]);
  });

  test("with one broken line is refused with its number, and nothing of it is left", async () => {
    const id = await addResource(manager.browser, {}, []);
    const good = numbered(2_000, "good");
    const broken: Record<string, Buffer> = {
      "a control character": Buffer.from("bro\u0000ken"),
      "too long": Buffer.from("broken".padEnd(4_097, "x")),
      "no UTF-8": Buffer.from([0x62, 0x72, 0xff, 0xfe]),
    };
    for (const [kind, line] of Object.entries(broken)) {
      const upload = openUpload(manager, server.address, id);
      upload.write(`${good.slice(0, 1_500).join("\n")}\n\n`);
      upload.write(line);
      upload.write(`\n${good.slice(1_500).join("\n")}`);
      upload.end();
      const answer = await upload.answer;
      expect(answer, kind).toMatchObject({ ...invalid, body: { errors: [{ path: "line 1502" }] } });
      expect(JSON.stringify(answer.body)).not.toMatch(/good|bro/);
      expect(await readStocked(manager.browser, id)).toMatchObject({ added: 0, stock: 0 });
      expect(await keysOfAdding(id)).toEqual([]);
    }
    // Mended, it has no duplicates of its own.
    expect((await uploadLines(manager, id, good.join("\n"))).body).toMatchObject({
      added: 2_000,
      duplicates: 0,
    });
  });

  test("of more than a million lines is refused at the first that is too many", async () => {
    const id = await addResource(manager.browser, {}, []);
    const answer = await uploadLines(manager, id, "\n".repeat(1_000_001));
    expect(answer).toMatchObject({ ...invalid, body: { errors: [{ path: "line 1000001" }] } });
    expect(await uploadLines(manager, id, "\n".repeat(1_000_000))).toMatchObject({ status: 201 });
  });

  test("is refused when it is no text, and what follows a refusal is read to its end", async () => {
    const id = await addResource(manager.browser, {}, []);
    const upload = (body: string, type: string) =>
      manager.browser.put(`/api/admin/catalogue/${id}/units`, body, { "content-type": type });
    for (const type of ["application/json", "multipart/form-data; boundary=x", "text/csv"])
      expect(await upload("one\n", type)).toMatchObject({
        status: 415,
        body: { code: "unsupported_media_type" },
      });
    const endless = "x".repeat(70_000);
    expect(await upload(endless, "text/plain")).toMatchObject({ status: 413 });
    // A client that writes all of it before it listens still hears what was wrong with its first line.
    const long = `\u0001\n${"more than any buffer on the way\n".repeat(1_000_000)}`;
    const heard = await writeBeforeListening(manager, server.address, id, long);
    expect(heard).toMatch(/^HTTP\/1\.1 400 /);
    expect(heard).toContain('"path":"line 1"');
    expect(await stockOf(id)).toBe(0);
  });
});

describe("duplicates", () => {
  test("within a file and across files and forms are left out and named by their line", async () => {
    const id = await addResource(manager.browser, {}, []);
    expect((await addUnits(id, ["a", "b", "a", " b "])).body).toEqual({
      added: 2,
      duplicates: 2,
      duplicateLines: [3, 4],
    });
    const far = ["c", ...numbered(1_200, "far"), "c", "far-1"];
    expect((await uploadLines(manager, id, `b\n\n${far.join("\n")}`)).body).toEqual({
      added: 1_201,
      duplicates: 3,
      duplicateLines: [1, 1_204, 1_205],
    });
    expect(await stockOf(id)).toBe(1_203);
  });

  test("are also those that were delivered, or are held; another resource may have the same", async () => {
    const id = await addResource(manager.browser, {}, ["a", "b"]);
    await claim(manager.browser, (await reserve(manager.browser, id)).body.id);
    await reserve(manager.browser, id);
    expect((await addUnits(id, ["a", "b"])).body).toMatchObject({ added: 0, duplicates: 2 });
    const other = await addResource(manager.browser, {}, []);
    expect((await addUnits(other, ["a", "b"])).body).toMatchObject({ added: 2, duplicates: 0 });
  });
});

describe("while a file is being added", () => {
  test("nothing of it can be reserved, and it is stock as a whole in the end", async () => {
    const id = await addResource(manager.browser, {}, []);
    const upload = await openHalfway(id, numbered(1_000));
    expect(await stockOf(id)).toBe(0);
    expect(await reserve(manager.browser, id)).toMatchObject({
      status: 409,
      body: { code: "out_of_stock" },
    });
    upload.write("last");
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 201, body: { added: 1_001 } });
    expect(await stockOf(id)).toBe(1_001);
    expect((await reserve(manager.browser, id)).status).toBe(201);
  });

  test("a second one of the same resource has to wait, one of another has not", async () => {
    const id = await addResource(manager.browser, {}, []);
    const other = await addResource(manager.browser, {}, []);
    const upload = await openHalfway(id, numbered(1_000));
    const busy = { status: 409, body: { code: "units_being_added" } };
    const elsewhere = await bringPerson(server, { permissions: ["catalogue:manage"], node: 1 });
    expect(await uploadLines(elsewhere, id, "x\ny")).toMatchObject(busy);
    expect(await addUnits(id, ["x"])).toMatchObject(busy);
    expect(await addUnits(other, ["x"])).toMatchObject({ status: 201 });
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 201, body: { added: 1_000 } });
    expect(await addUnits(id, ["x"])).toMatchObject({ status: 201 });
    expect(await stockOf(id)).toBe(1_001);
  });

  test("twenty at once never leave half of one, and none twice", async () => {
    const id = await addResource(manager.browser, {}, []);
    const lines = numbered(1_500).join("\n");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => uploadLines(manager, id, lines)),
    );
    const added = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ body }) => body.code === "units_being_added");
    expect(added.length + refused.length).toBe(20);
    const counts = added.map(({ body }) => body.added as number).toSorted((a, b) => b - a);
    expect(counts).toEqual([1_500, ...Array<number>(added.length - 1).fill(0)]);
    expect(await stockOf(id)).toBe(1_500);
  });

  test("a client that goes away leaves nothing, and no trace of a fault in the log", async () => {
    const id = await addResource(manager.browser, {}, []);
    const lines = numbered(1_000, "mine");
    const { logged } = server.nodes[0];
    const before = logged.length;
    const upload = await openHalfway(id, lines);
    upload.cut();
    await eventually(async () => (await keysOfAdding(id)).length === 0);
    expect(await stockOf(id)).toBe(0);
    expect(logged.slice(before).filter((line) => !line.includes('"level":"info"'))).toEqual([]);
    expect(logged.join("\n")).not.toContain("mine-");
    expect((await uploadLines(manager, id, lines.join("\n"))).body).toMatchObject({
      added: 1_000,
      duplicates: 0,
    });
  });

  test("a node that dies leaves a lock and units that go by themselves, and no false duplicates", async () => {
    const id = await addResource(manager.browser, {}, []);
    const lines = numbered(1_000);
    const upload = await openHalfway(id, lines);
    const keys = await keysOfAdding(id);
    const [lock = "", staged = ""] = ["adding", "units"].map((part) =>
      keys.find((key) => key.startsWith(`{desk}${part}:`)),
    );
    const minute = 60_000;
    for (const [key, longest] of [
      [lock, minute],
      [staged, 60 * minute],
    ] as const) {
      const life = Number(await server.command("PTTL", key));
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(longest);
    }
    // As if that minute had passed.
    await server.command("DEL", lock);
    expect(await uploadLines(manager, id, lines.join("\n"))).toMatchObject({
      status: 201,
      body: { added: 1_000, duplicates: 0 },
    });
    // And the node was only asleep: what it had is not added a second time, nor what else there is.
    upload.write(numbered(1_000, "late").join("\n"));
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(await stockOf(id)).toBe(1_000);
    expect((await addUnits(id, ["code-1"])).body).toMatchObject({ added: 0, duplicates: 1 });
  });

  test("whoever is signed out meanwhile, or may no more, adds nothing", async () => {
    const id = await addResource(manager.browser, {}, []);
    const admin = await bringPerson(server, {
      permissions: ["sessions:end", "accounts:manage"],
      node: 1,
    });
    const cuts = {
      session_ended: ({ sessionId }: Person) =>
        admin.browser.delete(`/api/admin/sessions/${sessionId}`),
      forbidden: (person: Person) =>
        admin.browser.put(`/api/admin/accounts/${person.id}/permissions`, { permissions: [] }),
    };
    for (const [code, cut] of Object.entries(cuts)) {
      const person = await bringPerson(server, { permissions: ["catalogue:manage"] });
      const upload = openUpload(person, server.address, id);
      upload.write(`${numbered(1_000).join("\n")}\n`);
      await eventually(async () => (await keysOfAdding(id)).length >= 3);
      expect((await cut(person)).status).toBe(200);
      upload.end();
      expect((await upload.answer).body).toMatchObject({ code });
      expect(await stockOf(id)).toBe(0);
      expect(await keysOfAdding(id)).toEqual([]);
    }
  });

  test("a resource that is removed takes it along", async () => {
    const id = await addResource(manager.browser, {}, []);
    const upload = await openHalfway(id, numbered(1_000));
    expect((await manager.browser.delete(`/api/admin/catalogue/${id}`)).status).toBe(200);
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 404, body: { code: "not_found" } });
    await eventually(async () => (await keysOfAdding(id)).length === 0);
  });

  test("a Redis without memory to spare refuses it, and keeps nothing of it", async () => {
    const id = await addResource(manager.browser, {}, []);
    const upload = await openHalfway(id, numbered(1_000));
    await server.command("CONFIG", "SET", "maxmemory", "1mb");
    upload.write(`${numbered(1_000, "more").join("\n")}\n`);
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    await eventually(async () => (await keysOfAdding(id)).length === 0);
    await server.command("CONFIG", "SET", "maxmemory", "0");
    await eventually(async () => (await manager.browser.get("/readyz")).status === 200);
    expect(await stockOf(id)).toBe(0);
    const again = await eventually(async () => {
      const answer = await uploadLines(manager, id, numbered(1_000).join("\n"));
      return answer.status === 201 && answer;
    });
    expect(again.body).toMatchObject({ added: 1_000, duplicates: 0 });
  });
});

describe("a Redis that stops answering in the middle of a file", () => {
  test("refuses it; when it is back, the same file is added without waiting or duplicates", async () => {
    const own = await startServer({ env: { RATE_LIMITS: "off" } });
    const person = await bringPerson(own, { permissions: ["catalogue:manage"] });
    const id = await addResource(person.browser, {}, []);
    const lines = numbered(1_000);
    const upload = openUpload(person, own.address, id);
    upload.write(`${lines.join("\n")}\n`);
    await eventually(async () => (await own.command("EXISTS", `{desk}seen:${id}`)) === 1);
    own.redis.pause();
    upload.write(`${numbered(1_000, "more").join("\n")}\n`);
    upload.end();
    expect(await upload.answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    own.redis.resume();
    const again = await eventually(async () => {
      const answer = await uploadLines(person, id, lines.join("\n"));
      return answer.status === 201 && answer;
    }, 30_000);
    expect(again.body).toMatchObject({ added: 1_000, duplicates: 0 });
    expect(await readStocked(person.browser, id)).toMatchObject({ added: 1_000, stock: 1_000 });
    await own.stop();
  });
});

describe("units", () => {
  test("are in no answer, no log, and nothing that any page is sent", async () => {
    const secret = "sesame-4711";
    const { address } = server.nodes[1];
    const watcher = await bringPerson(server, {
      permissions: ["catalogue:manage", "activity:read"],
      node: 1,
    });
    const pages = [
      await createBrowser(address).openPage(),
      await watcher.browser.openPage(),
      await manager.browser.openPage(),
    ];
    for (const topic of ["desk", "activity"] as const)
      expect(await pages[1].emitWithAck("watch", { topic })).toEqual({ ok: true });
    const sent: string[] = [];
    for (const page of pages) page.onAny((...told: unknown[]) => sent.push(JSON.stringify(told)));
    const id = await addResource(manager.browser, {}, []);
    const seen = next(pages[1], "desk", ({ resources }) =>
      resources.some((one) => one.id === id && one.stock === 3),
    );

    const answers = [
      await addUnits(id, [`${secret}-a`, `${secret}-b`]),
      await uploadLines(manager, id, `${secret}-a\n${secret}-c`),
      await uploadLines(manager, id, `${secret}-d\n${secret}\u0001`),
      await addUnits(id, [`${secret}\u0001`]),
      await manager.browser.patch(`/api/admin/catalogue/${id}`, { name: "Renamed" }),
      ...(await Promise.all(
        [
          ...["/api/catalogue", "/api/admin/catalogue", "/api/admin/outcomes", "/api/activity"],
          ...["/api/reservations", "/api/bin", `/api/admin/catalogue/${id}/units`],
        ].map((path) => manager.browser.get(path)),
      )),
    ];
    await seen;

    expect(answers[1].body).toEqual({ added: 1, duplicates: 1, duplicateLines: [1] });
    expect(JSON.stringify(answers)).not.toContain(secret);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.join("\n")).not.toContain(secret);
    for (const { logged } of server.nodes) expect(logged.join("\n")).not.toContain(secret);
    // It would be found if it were there.
    const kept = [...(await server.readRedis()).values()].join("\n");
    expect(kept).toContain(`${secret}-c`);
    expect(kept).not.toContain(`${secret}-d`);
    for (const page of pages) page.disconnect();
  });
});
