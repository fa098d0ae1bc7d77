// The contract, walked: every route there is refuses whom it must, names what is wrong, and is described as it
// is. A new route or field shows up here by itself.
import type { z } from "zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allRoutes } from "../server/http/app.ts";
import { statusOf } from "../server/http/problem.ts";
import type { Permission } from "../shared/contract/accounts.ts";
import { permissions } from "../shared/contract/accounts.ts";
import { errorCodes } from "../shared/errors.ts";
import type { Route } from "../shared/route.ts";
import { createBrowser, signInBrowser, type Answer, type Browser } from "./support/client.ts";
import { startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let stranger: Browser;
/** Signed in, without any permission. */
let newcomer: Browser;
/** Signed in, with every permission. */
let manager: Browser;

beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMITS: "off" } });
  stranger = createBrowser(server.address);
  const signIn = async (allowed: Permission[]) =>
    (await signInBrowser(server.address, (await server.createAccount(allowed)).username)).browser;
  newcomer = await signIn([]);
  manager = await signIn([...permissions]);
});
afterAll(() => server.stop());

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const walk = (routes: readonly Route[]) => routes.map((route) => [nameOf(route), route] as const);

/** Well-formed, and nobody's: a session's id has 20 characters, an account's 16; an outcome's says its kind. */
function pathOf(route: Route, id?: string): string {
  const { path, params } = route;
  if (params === undefined) return path;
  const name = parameterOf(route);
  const candidates = ["0".repeat(20), "0".repeat(16), "hack-1-1"];
  return path.replace(
    `:${name}`,
    id ?? candidates.find((one) => params.safeParse({ [name]: one }).success) ?? "",
  );
}

/** No route has two. */
const parameterOf = ({ path }: Route): string => /:(\w+)/.exec(path)?.[1] ?? "";
const isFor = (path: string, route: Route): boolean =>
  new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+")}$`).test(path);

/** What a query must have to get as far as the body. */
const neededQuery: Record<string, string> = {
  "DELETE /api/sessions": "?scope=others",
  "DELETE /api/admin/sessions": "?scope=all",
  "DELETE /api/admin/outcomes": "?kind=fail&before=2020-01-01T00:00:00Z",
};

const ask = (browser: Browser, route: Route, body?: unknown, headers?: Record<string, string>) =>
  browser.ask(route.method, pathOf(route) + (neededQuery[nameOf(route)] ?? ""), body, headers);

const shapeOf = (schema: z.ZodType | undefined): string[] =>
  Object.keys((schema as z.ZodObject | undefined)?.shape ?? {});

/** The fields of a body; where one of them decides about the others, for each of its values. */
function variantsOf(schema: z.ZodType | undefined): { fixed: object; fields: string[] }[] {
  const { options, def } = schema as z.ZodDiscriminatedUnion;
  if (!Array.isArray(options)) return [{ fixed: {}, fields: shapeOf(schema) }];
  const { discriminator } = def;
  const variants = (options as z.ZodObject[]).map((option) => ({
    fixed: { [discriminator]: (option.shape[discriminator] as z.ZodLiteral).value },
    fields: shapeOf(option).filter((field) => field !== discriminator),
  }));
  return [{ fixed: {}, fields: [discriminator] }, ...variants];
}

function expectProblem(answer: Answer, code: (typeof errorCodes)[number]): void {
  const status = statusOf[code];
  expect(answer).toMatchObject({ status, body: { type: "about:blank", status, code } });
  expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.body.requestId).toBe(answer.headers.get("x-request-id"));
  expect(typeof answer.body.title).toBe("string");
}

describe("every route that takes an account", () => {
  const closed = allRoutes.filter(({ needs }) => needs !== "nobody");

  test.each(walk(closed))("%s refuses a stranger, whatever is sent", async (_name, route) => {
    expectProblem(await ask(stranger, route), "not_signed_in");
    expectProblem(await ask(stranger, route, route.body && "{"), "not_signed_in");
  });

  test.each(walk(closed.filter(({ needs }) => needs !== "account")))(
    "%s refuses an account without the permission",
    async (_name, route) => {
      const answer = await ask(newcomer, route, route.body && "{");
      expectProblem(answer, "forbidden");
      expect(answer.body.detail).toContain(route.needs);
    },
  );
});

describe("every route that takes a body", () => {
  const withBody = allRoutes.filter(({ body }) => body !== undefined);

  test.each(walk(withBody))("%s refuses what is not JSON", async (_name, route) => {
    for (const body of ["{", "[1,", '{"a":1}}', "nonsense", '"text"', "1", "\u0000"]) {
      const answer = await ask(manager, route, body);
      expectProblem(answer, "invalid_request");
      expect(answer.body.errors[0].path).toBe("body");
    }
    const others = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
    for (const type of others.filter((one) => !route.form || !one.endsWith("urlencoded")))
      expectProblem(
        await ask(manager, route, '{"a":1}', { "content-type": type }),
        "unsupported_media_type",
      );
    expectProblem(await ask(manager, route, { padding: "x".repeat(70_000) }), "too_large");
  });

  test.each(walk(withBody))("%s names each field that is wrong", async (_name, route) => {
    for (const { fixed, fields } of variantsOf(route.body)) {
      expect(fields.length).toBeGreaterThan(0);
      const wrong = fields.map((field) => [field, { not: "what it should be" }] as const);
      const answer = await ask(manager, route, { ...fixed, ...Object.fromEntries(wrong) });
      expectProblem(answer, "invalid_request");
      const faults = answer.body.errors as { path: string; message: string }[];
      const named = faults.map(({ path }) => path.split(".")[0]);
      expect([...new Set(named)].sort()).toEqual([...fields].sort());
      for (const { message } of faults) expect(message.length).toBeGreaterThan(3);
    }
  });

  test.each(walk(withBody.filter(({ bodyOptional }) => !bodyOptional)))(
    "%s says what is missing from an empty one, or takes it as no change",
    async (_name, route) => {
      const isWhole = route.body?.safeParse({}).success ?? false;
      for (const body of [undefined, {}, []]) {
        const answer = await ask(manager, route, body);
        if (!isWhole || Array.isArray(body)) expectProblem(answer, "invalid_request");
        else expect(answer.body.code).toMatch(/not_found$/);
      }
    },
  );
});

describe("every parameter", () => {
  const wrongQueries: Record<string, string> = {
    q: "x".repeat(65),
    cursor: "x".repeat(201),
    limit: "0",
    kind: "robot",
    online: "perhaps",
    scope: "nobody",
    message: "two%0Alines",
    type: "session.vanished",
    window: "fortnight",
    account: "nobody",
    resource: "nothing",
    code: "unlucky",
    judged: "perhaps",
    before: "yesterday",
  };

  test.each(walk(allRoutes.filter(({ params }) => params !== undefined)))(
    "%s refuses what is no id, and names it",
    async (_name, route) => {
      for (const id of [
        "nonsense",
        "A".repeat(20),
        "%00",
        "0".repeat(200),
        "__proto__",
        "{0}",
        "*",
      ]) {
        const answer = await manager.ask(route.method, pathOf(route, id), route.body && {});
        expectProblem(answer, "invalid_request");
        expect(answer.body.errors[0].path).toBe(`params.${parameterOf(route)}`);
      }
      const escape = await manager.ask(route.method, pathOf(route, "%E0%A4%A"), route.body && {});
      expect([400, 404]).toContain(escape.status);
    },
  );

  test.each(walk(allRoutes.filter(({ query }) => query !== undefined)))(
    "%s refuses each query that is wrong, and names it",
    async (_name, route) => {
      for (const name of shapeOf(route.query)) {
        expect(wrongQueries, `a wrong value for ${name}`).toHaveProperty(name);
        const answer = await manager.ask(
          route.method,
          `${pathOf(route)}?${name}=${wrongQueries[name]}`,
        );
        expectProblem(answer, "invalid_request");
        const named = answer.body.errors.map(({ path }: { path: string }) => path);
        expect(named).toContain(`query.${name}`);
        // The same one twice is a list, which none of them takes.
        const twice = await manager.ask(route.method, `${pathOf(route)}?${name}=a&${name}=b`);
        expectProblem(twice, "invalid_request");
      }
    },
  );
});

describe("what is no route", () => {
  test("is not found, as a problem, under /api", async () => {
    for (const path of ["/api", "/api/", "/api/nowhere", "/api/sessions/", "/api/ME", "//api/me"])
      for (const method of ["GET", "POST"]) {
        if (method === "GET" && !path.startsWith("/api/")) continue;
        const answer = await manager.ask(method, path);
        expectProblem(answer, "not_found");
      }
  });

  test("but another method of one is refused with the methods that it knows", async () => {
    for (const path of new Set(allRoutes.map((route) => pathOf(route)))) {
      const known = allRoutes.filter((route) => isFor(path, route)).map(({ method }) => method);
      const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
      for (const method of methods.filter((one) => !known.includes(one))) {
        const answer = await manager.ask(method, path);
        expectProblem(answer, "method_not_allowed");
        const allowed = (answer.headers.get("allow") ?? "").split(", ");
        expect(allowed.filter((one) => one !== "HEAD").sort()).toEqual([...known].sort());
      }
      expectProblem(await manager.ask("PROPFIND", path), "method_not_allowed");
    }
  });
});

describe("the error codes", () => {
  test("each have a status that is an error", () => {
    expect(Object.keys(statusOf).sort()).toEqual([...errorCodes].sort());
    for (const status of Object.values(statusOf)) expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe("the OpenAPI document", () => {
  interface Document {
    openapi: string;
    info: { title: string; version: string };
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
  }
  interface Operation {
    operationId: string;
    security?: Record<string, []>[];
    parameters: { name: string; in: string; required: boolean; schema: object }[];
    requestBody?: { required: boolean; content: Record<string, { schema: object }> };
    responses: Record<
      string,
      { description: string; content?: Record<string, { schema: object }> }
    >;
  }
  let document: Document;
  beforeAll(async () => {
    const answer = await stranger.get("/api/openapi.json");
    expect(answer.status).toBe(200);
    document = answer.body;
  });

  const operationOf = ({ method, path }: Route): Operation =>
    document.paths[path.replace(/:(\w+)/g, "{$1}")][method.toLowerCase()];

  test("lists exactly these routes", () => {
    const listed = allRoutes.map(({ method, path, needs, fresh }) =>
      [method, path, needs, ...(fresh ? ["fresh"] : [])].join(" "),
    );
    expect(listed.sort()).toMatchInlineSnapshot(`
      [
        "DELETE /api/admin/accounts/:id/sessions sessions:end fresh",
        "DELETE /api/admin/catalogue/:id catalogue:manage fresh",
        "DELETE /api/admin/outcomes catalogue:manage fresh",
        "DELETE /api/admin/sessions sessions:end fresh",
        "DELETE /api/admin/sessions/:id sessions:end fresh",
        "DELETE /api/bin nobody",
        "DELETE /api/bin/:resourceId nobody",
        "DELETE /api/reservations/:id account",
        "DELETE /api/sessions account fresh",
        "DELETE /api/sessions/:id account",
        "GET /api/activity account",
        "GET /api/admin/accounts accounts:read",
        "GET /api/admin/accounts/:id accounts:read",
        "GET /api/admin/accounts/:id/desk accounts:read",
        "GET /api/admin/accounts/:id/sessions sessions:read",
        "GET /api/admin/activity activity:read",
        "GET /api/admin/catalogue catalogue:manage",
        "GET /api/admin/outcomes catalogue:manage",
        "GET /api/admin/outcomes/export catalogue:manage",
        "GET /api/admin/sessions sessions:read",
        "GET /api/admin/stats activity:read",
        "GET /api/bin nobody",
        "GET /api/catalogue nobody",
        "GET /api/me nobody",
        "GET /api/preferences nobody",
        "GET /api/reservations account",
        "GET /api/reservations/:id account",
        "GET /api/sessions account",
        "PATCH /api/admin/accounts/:id accounts:manage fresh",
        "PATCH /api/admin/catalogue/:id catalogue:manage fresh",
        "PATCH /api/sessions/:id account",
        "POST /api/accounts nobody",
        "POST /api/admin/accounts accounts:manage fresh",
        "POST /api/admin/catalogue catalogue:manage",
        "POST /api/admin/catalogue/:id/units catalogue:manage fresh",
        "POST /api/admin/outcomes/:id/judge catalogue:manage fresh",
        "POST /api/bin/undo-merge account",
        "POST /api/reauthenticate account",
        "POST /api/reservations account",
        "POST /api/reservations/:id/claim account",
        "POST /api/reservations/:id/task account",
        "POST /api/setup nobody",
        "POST /api/sign-in nobody",
        "POST /api/sign-out nobody",
        "POST /api/tokens nobody",
        "POST /api/tokens/introspect account",
        "POST /api/tokens/revoke nobody",
        "PUT /api/admin/accounts/:id/password accounts:manage fresh",
        "PUT /api/admin/accounts/:id/permissions accounts:manage fresh",
        "PUT /api/admin/accounts/:id/status accounts:manage fresh",
        "PUT /api/admin/catalogue/:id/units catalogue:manage fresh",
        "PUT /api/bin/:resourceId nobody",
        "PUT /api/password account",
        "PUT /api/preferences nobody",
      ]
    `);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(
      allRoutes.map((route) => nameOf(route).replace(/:(\w+)/g, "{$1}")).sort(),
    );
  });

  test("is OpenAPI 3.1 and refers to nothing that it does not hold", () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+$/);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, reference] of references) {
      const [, name = ""] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? [];
      expect(document.components.schemas, reference).toHaveProperty(name);
    }
    const ids = allRoutes.map((route) => operationOf(route).operationId);
    expect(new Set(ids).size).toBe(allRoutes.length);
  });

  test.each(walk(allRoutes))("describes %s as it is", (_name, route) => {
    const operation = operationOf(route);
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    const named = (where: string) =>
      operation.parameters.filter((one) => one.in === where).map(({ name }) => name);
    expect(named("path")).toEqual(inPath);
    expect(named("query")).toEqual(shapeOf(route.query));
    expect(operation.requestBody === undefined).toBe(route.body === undefined && !route.lines);
    expect(operation.security).toEqual(route.needs === "nobody" ? undefined : [{ session: [] }]);
    const success = operation.responses[String(route.status)];
    expect(success.content === undefined).toBe(route.reply === null);
    for (const code of route.errors ?? [])
      expect(operation.responses[String(statusOf[code])].description).toContain(code);
    for (const [status, response] of Object.entries(operation.responses))
      if (Number(status) >= 400)
        expect(Object.keys(response.content ?? {})).toEqual(["application/problem+json"]);
  });
});
