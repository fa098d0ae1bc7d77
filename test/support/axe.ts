/** What axe finds on a page, in both themes. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

export async function findAxeViolations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    // What is still on its way in is half transparent.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    for (const { id, nodes } of violations)
      found.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}
