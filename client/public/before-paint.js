/*
 * Runs before anything is painted, as its own file because the page's policy allows no inline script.
 * It sets the theme this browser chose, so that a dark page never flashes white, and keeps zod from
 * probing for `new Function`, which the same policy forbids and would report.
 */
globalThis.__zod_globalConfig = { jitless: true };
try {
  const theme = localStorage.getItem("rollcall-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused in this browser: the system's theme is shown.
}
