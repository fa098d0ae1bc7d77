/**
 * The places the header leads to: those everybody uses, and those of who looks after others. Each is there only
 * for who may open it.
 */
import type { Account, Permission } from "../../shared/contract/accounts.ts";
import { pageRoutes } from "../routes.ts";
import type { PageName } from "../routes.ts";
import type { Text } from "../text/en.ts";

interface Place {
  page: PageName;
  label: string;
  /** Shown beside the label when it is not 0, and how it is said. */
  count?: number;
  says?: (count: number) => string;
}
export interface OpenPlace extends Place {
  path: string;
}

export interface Visitor {
  account: Account | null;
  permissions: readonly Permission[];
  /** How many things are in the visitor's or the account's bin. */
  binned: number;
  /** How many units are held for the account. */
  held: number;
}

export const listPlaces = (visitor: Visitor, text: Text): OpenPlace[] => {
  const labels = text.desk.header;
  const { binned, held } = visitor;
  return listOpen(visitor, [
    { page: "catalogue", label: text.pages.catalogue },
    { page: "bin", label: labels.bin, count: binned, says: labels.things },
    { page: "reservations", label: labels.reservations, count: held, says: labels.held },
    { page: "devices", label: text.header.devices },
  ]);
};

export const listAdministration = (visitor: Visitor, text: Text): OpenPlace[] =>
  listOpen(visitor, [
    { page: "adminOverview", label: text.pages.adminOverview },
    { page: "adminSessions", label: text.header.sessions },
    { page: "adminActivity", label: text.header.activity },
    { page: "adminAccounts", label: text.header.accounts },
    { page: "adminCatalogue", label: text.pages.adminCatalogue },
    { page: "adminOutcomes", label: text.pages.adminOutcomes },
  ]);

const listOpen = (visitor: Visitor, places: readonly Place[]): OpenPlace[] =>
  places.flatMap((place) => {
    const path = findOpenPath(visitor, place.page);
    return path ? [{ ...place, path }] : [];
  });

const findOpenPath = ({ account, permissions }: Visitor, page: PageName): string | null => {
  const route = pageRoutes.find(({ name }) => name === page);
  const isOpen =
    route?.needs === "nobody" ||
    (route?.needs === "account" && account !== null) ||
    permissions.some((permission) => permission === route?.needs);
  return route && isOpen ? route.path : null;
};
