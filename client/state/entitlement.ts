/**
 * Whether an account may reserve a resource, as far as a page can know: it only spares people a refusal.
 * The server decides, by the same rule.
 */
import type { Account, Permission } from "../../shared/contract/accounts.ts";
import type { Rule } from "../../shared/contract/catalogue.ts";

/** `nowhere`: the rule asks for a place, and the account gives none. */
export type Obstacle = "permission" | "place" | "nowhere";

export const findObstacle = (
  rule: Rule | undefined,
  account: Pick<Account, "country" | "city">,
  permissions: readonly Permission[],
): Obstacle | null => {
  if (!permissions.includes("desk:reserve")) return "permission";
  const { countries, cities } = rule ?? {};
  if ((countries && !account.country) || (cities && !account.city)) return "nowhere";
  const isInCountry = !countries || countries.some((code) => code === account.country);
  const isInCity = !cities || cities.map(fold).includes(fold(account.city ?? ""));
  return isInCountry && isInCity ? null : "place";
};

/** As the server compares cities. */
const fold = (city: string): string => city.normalize("NFKC").toLowerCase().trim();
