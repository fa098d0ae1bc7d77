/**
 * The system's own nginx and Caddy with the very files that README shows, as processes of the test: their own
 * ports, folders and nothing of the machine's configuration. Only addresses and certificates are exchanged.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "../support/client.ts";

export interface Places {
  /** host:port of Rollcall and of the app. */
  rollcall: string;
  app: string;
  /** A permission that everybody who is let in must have. */
  permission?: string;
}

export interface Proxy {
  port: number;
  stop(): Promise<void>;
}

export const readSnippet = (name: "nginx.conf" | "Caddyfile"): string =>
  readFileSync(path.join(import.meta.dirname, name), "utf8");

export async function startNginx({ rollcall, app, permission }: Places): Promise<Proxy> {
  const port = await findFreePort();
  const query = permission === undefined ? "" : `?permission=${permission}`;
  const snippet = exchange(readSnippet("nginx.conf"), {
    "    server 127.0.0.1:3000;": `    server ${rollcall};`,
    "proxy_pass http://127.0.0.1:8080;": `proxy_pass http://${app};`,
    "proxy_pass http://rollcall/verify;": `proxy_pass http://rollcall/verify${query};`,
    "listen 443 ssl;": `listen 127.0.0.1:${port};`,
    "    ssl_certificate /etc/ssl/app.example.com.pem;\n": "",
    "    ssl_certificate_key /etc/ssl/app.example.com.key;\n": "",
  });
  return launch("nginx", port, (folder) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const main = [
      "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {}",
      `http { access_log off; ${temporary.join(" ")} include app.conf; }`,
    ];
    writeFileSync(path.join(folder, "app.conf"), snippet);
    writeFileSync(path.join(folder, "nginx.conf"), main.join("\n"));
    return ["-p", folder, "-c", "nginx.conf", "-e", "stderr"];
  });
}

export async function startCaddy({ rollcall, app, permission }: Places): Promise<Proxy> {
  const port = await findFreePort();
  const query = permission === undefined ? "" : `&permission=${permission}`;
  const snippet = exchange(readSnippet("Caddyfile"), {
    "forward_auth 127.0.0.1:3000 {": `forward_auth ${rollcall} {`,
    "reverse_proxy 127.0.0.1:8080": `reverse_proxy ${app}`,
    "uri /verify?redirect=1\n": `uri /verify?redirect=1${query}\n`,
    "\napp.example.com {": `\nhttp://app.example.com:${port} {`,
  });
  const options = "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n";
  return launch("caddy", port, (folder) => {
    writeFileSync(path.join(folder, "Caddyfile"), options + snippet);
    return ["run", "--adapter", "caddyfile", "--config", path.join(folder, "Caddyfile")];
  });
}

/** Each text must be there exactly once, so that a changed snippet cannot go untested. */
function exchange(text: string, changes: Record<string, string>): string {
  for (const [from, to] of Object.entries(changes)) {
    const parts = text.split(from);
    if (parts.length !== 2)
      throw new Error(`The snippet should hold ${JSON.stringify(from)} once.`);
    text = parts.join(to);
  }
  return text;
}

async function launch(
  program: string,
  port: number,
  configure: (folder: string) => string[],
): Promise<Proxy> {
  const folder = mkdtempSync(path.join(tmpdir(), `rollcall-${program}-`));
  const own = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const folders = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin`;
  const child = spawn(program, configure(folder), {
    cwd: folder,
    env: { ...process.env, ...own, PATH: folders },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const exited = once(child, "exit");
  exited.catch(() => {});
  const endWithTests = () => void child.kill("SIGKILL");
  process.once("exit", endWithTests);
  await eventually(() => {
    if (child.pid === undefined) throw new Error(`${program} is not here. Run \`npm test\`.`);
    if (child.exitCode !== null) throw new Error(`${program} ended:\n${said}`);
    return isListening(port);
  });
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await exited;
      process.off("exit", endWithTests);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
