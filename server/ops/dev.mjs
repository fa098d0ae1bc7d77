// `npm run dev`: one address in the browser. Vite runs in this process and passes the server's paths on
// to `tsx watch`, which restarts the server on each change while hot reloading goes on. The Host header
// is kept, because the server compares it with Origin. Ctrl-C ends both.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { createInterface } from "node:readline";
import { createServer as createViteServer } from "vite";

const host = process.env.HOST || "127.0.0.1";
const port = Number(process.env.PORT || 3000);
const serverPaths =
  "^/(api|healthz|readyz|metrics|verify|return|\\.well-known|socket\\.io)(/|\\?|$)";

async function findFreePort() {
  const probe = createTcpServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** In a process group of its own: a Ctrl-C in the terminal reaches it once, through us. */
function startServer(internalPort) {
  const environment = { ...process.env, HOST: "127.0.0.1", PORT: String(internalPort) };
  delete environment.PUBLIC_URL;
  const args = ["node_modules/tsx/dist/cli.mjs", "watch", "--clear-screen=false", "server/main.ts"];
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  // The server knows its own address only; people are to open Vite's.
  createInterface({ input: child.stdout }).on("line", (line) => {
    process.stdout.write(`${line.replaceAll(`127.0.0.1:${internalPort}`, `${host}:${port}`)}\n`);
  });
  return child;
}

async function startClient(internalPort) {
  const target = `http://127.0.0.1:${internalPort}`;
  const client = await createViteServer({
    configFile: "client/vite.config.ts",
    server: {
      host,
      port,
      strictPort: true,
      proxy: { [serverPaths]: { target, ws: true, changeOrigin: false } },
    },
  });
  await client.listen();
  client.printUrls();
  return client;
}

const internalPort = await findFreePort();
const client = await startClient(internalPort);
const server = startServer(internalPort);

let isStopping = false;
function stopServer() {
  // Once: npm repeats a Ctrl-C that the terminal has sent already, and tsx takes a second one as force.
  if (!isStopping) server.kill("SIGTERM");
  isStopping = true;
}

process.once("exit", stopServer);
// Vite ends the process at once; the server has sockets to close and a Redis to stop first.
process.removeAllListeners("SIGTERM");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stopServer);
server.once("exit", (code) => {
  isStopping = true;
  void client.close().finally(() => process.exit(code ?? 0));
});
