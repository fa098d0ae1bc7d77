/** The OpenAPI 3.1 document, generated from the same route objects that are bound and called. */
import { z } from "zod";
import type { Route } from "../../shared/route.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { statusOf } from "./problem.ts";

/** Codes any route may answer. */
const common: ErrorCode[] = [
  "invalid_request",
  "too_many_attempts",
  "unavailable",
  "internal_error",
];
const ofCallers: ErrorCode[] = ["not_signed_in", "session_ended", "stale_token"];

export function describeApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = describeOperation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Rollcall",
      version,
      description: "Every signed-in device visible live, ended anywhere at once.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths,
    components: {
      schemas: { ...namedSchemas(), Problem: problemSchema },
      securitySchemes: { session: { type: "apiKey", in: "cookie", name: "rollcall" } },
    },
  };
}

function describeOperation(route: Route): object {
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[/:-]+(\w)/g, (_, c: string) => c.toUpperCase())}`,
    ...(route.needs !== "nobody" && { security: [{ session: [] }] }),
    ...(route.needs !== "nobody" && route.needs !== "account" && { "x-permission": route.needs }),
    ...(route.fresh && { "x-fresh": true }),
    parameters: [
      ...parametersOf(route.params, "path"),
      ...parametersOf(route.query, "query"),
      ...(route.idempotent ? [idempotencyKey] : []),
    ],
    ...(route.lines && {
      requestBody: { required: true, content: { "text/plain": { schema: { type: "string" } } } },
    }),
    ...(route.body && {
      requestBody: {
        required: !route.bodyOptional,
        content: { "application/json": { schema: toSchema(route.body, "input") } },
      },
    }),
    responses: responsesOf(route),
  };
}

function responsesOf(route: Route): Record<string, object> {
  const responses: Record<string, object> = {
    [route.status]: {
      description: route.summary,
      ...(route.reply && {
        content: {
          [route.streams ? "application/x-ndjson" : "application/json"]: {
            schema: toSchema(route.reply, "output"),
          },
        },
      }),
    },
  };
  const codes = new Set<ErrorCode>([...common, ...(route.errors ?? [])]);
  if (route.needs !== "nobody") for (const code of ofCallers) codes.add(code);
  if (route.needs !== "nobody" && route.needs !== "account") codes.add("forbidden");
  if (route.fresh) codes.add("reauthentication_required");
  if (route.method !== "GET") codes.add("cross_site");
  if (route.idempotent) codes.add("idempotency_key_reused");
  if (route.body || route.lines)
    for (const code of ["too_large", "unsupported_media_type"] as const) codes.add(code);
  for (const [status, list] of groupByStatus(codes))
    responses[status] = {
      description: list.join(", "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  return responses;
}

function groupByStatus(codes: Iterable<ErrorCode>): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>();
  for (const code of codes)
    groups.set(statusOf[code], [...(groups.get(statusOf[code]) ?? []), code]);
  return groups;
}

function parametersOf(schema: z.ZodType | undefined, where: "path" | "query"): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = toSchema(schema, "input") as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema: property,
  }));
}

/** Inline, with references to the schemas that have a name. */
function toSchema(schema: z.ZodType, io: "input" | "output"): object {
  const uri = (id: string) => `#/components/schemas/${id}`;
  const registry = z.registry<{ id?: string }>();
  registry.add(schema, { id: "__inline" });
  for (const [named, meta] of namedSchemaList()) if (named !== schema) registry.add(named, meta);
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: uri(id) };
  const all = z.toJSONSchema(registry, { uri, io, unrepresentable: "any" }).schemas;
  return withoutIds(all["__inline"]);
}

const namedSchemaList = (): [z.ZodType, { id: string }][] =>
  [...(z.globalRegistry as unknown as { _idmap: Map<string, z.ZodType> })._idmap].map(
    ([id, schema]) => [schema, { id }],
  );

function namedSchemas(): Record<string, object> {
  const uri = (id: string) => `#/components/schemas/${id}`;
  const all = z.toJSONSchema(z.globalRegistry, { uri, unrepresentable: "any" }).schemas;
  return Object.fromEntries(
    Object.entries(all).map(([id, schema]) => [id, withoutIds(schema as Record<string, unknown>)]),
  );
}

function withoutIds({ $schema, $id, ...rest }: Record<string, unknown>): object {
  void $schema;
  void $id;
  return rest;
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  schema: { type: "string", maxLength: 255 },
};

const problemSchema = {
  type: "object",
  description: "RFC 9457, with a stable `code`",
  required: ["type", "title", "status", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(statusOf) },
    detail: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
    requestId: { type: "string" },
  },
};
