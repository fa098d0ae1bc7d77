// Runs the tools of the set-up one after another. A tool that fails stops the set-up with the tool's
// own exit code; a signal to the set-up reaches the tool that is running.
import { spawn } from "node:child_process";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");

/** Progress for people; stdout is left to the program that follows. */
export function announce(line) {
  console.error(line);
}

/** Runs a JavaScript tool of node_modules with this very Node. */
export function runNode([file, ...args]) {
  return runProgram(process.execPath, [path.join(root, file), ...args]);
}

/** `quiet` keeps the output back and shows it only when the program fails. */
export function runProgram(program, args, { quiet = false, environment = {} } = {}) {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", 2, 2],
  });
  let output = "";
  for (const stream of quiet ? [child.stdout, child.stderr] : []) {
    stream.on("data", (chunk) => (output = (output + chunk).slice(-4000)));
  }
  const passOn = { SIGINT: () => child.kill("SIGINT"), SIGTERM: () => child.kill("SIGTERM") };
  for (const [signal, listener] of Object.entries(passOn)) process.on(signal, listener);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const [name, listener] of Object.entries(passOn)) process.off(name, listener);
      if (code === 0) return resolve();
      const called = path.basename(program === process.execPath ? args[0] : program);
      const cause = signal ? `was stopped by ${signal}` : `failed (exit code ${code})`;
      const error = new Error([output.trim(), `${called} ${cause}.`].filter(Boolean).join("\n"));
      reject(Object.assign(error, { exitCode: code ?? 1 }));
    });
  });
}
