// The unit: Koa that answers the same body and the same headers to everybody, and looks at nothing.
import { createServer } from "node:http";
import Koa from "koa";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, verify, sessions } = await receiveOrder();
const body = bodyOf(me, sessions[0].sessionId);
const verifyHeaders = { ...verify.headers, "X-Rollcall-Session": sessions[0].sessionId };

const app = new Koa();
app.use((ctx) => {
  if (ctx.path === "/verify") {
    ctx.set(verifyHeaders);
    ctx.body = "";
    return;
  }
  ctx.set(me.headers);
  ctx.body = body;
});

tellListening(createServer(app.callback()), []);
