/** What axe finds on a page, in both themes. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

export async function findAxeViolations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    // What is still on its way in is half transparent.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Playwright's own context cannot open the blank page axe wants under our policy; legacy mode needs none.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    for (const { id, nodes } of violations)
      found.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}
