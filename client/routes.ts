/**
 * The pages there are, who may see each, and the one decision what to show: a page, the way to sign in,
 * why this browser was signed out, or that a page is not for this account. Pure, so that it is tested
 * without a browser.
 */
import type { Permission } from "../shared/contract/accounts.ts";
import type { Text } from "./text/en.ts";

export type PageName = keyof Text["pages"];

export interface PageRoute {
  name: PageName;
  path: string;
  /** `nobody`: open to all; `stranger`: pointless once signed in; `account`; else the permission it takes. */
  needs: "nobody" | "stranger" | "account" | Permission;
}

export const homePath = "/devices";
export const signInPath = "/sign-in";
export const registerPath = "/register";
export const passwordPath = "/password";
export const historyPath = "/activity";
export const cataloguePath = "/catalogue";
export const binPath = "/bin";
export const reservationsPath = "/reservations";

export const pageRoutes: readonly PageRoute[] = [
  { name: "devices", path: homePath, needs: "account" },
  { name: "signIn", path: signInPath, needs: "stranger" },
  { name: "register", path: registerPath, needs: "stranger" },
  { name: "setup", path: "/setup", needs: "nobody" },
  { name: "password", path: passwordPath, needs: "account" },
  { name: "history", path: historyPath, needs: "account" },
  { name: "catalogue", path: cataloguePath, needs: "nobody" },
  { name: "bin", path: binPath, needs: "nobody" },
  { name: "reservations", path: reservationsPath, needs: "account" },
  { name: "adminOverview", path: "/admin/overview", needs: "activity:read" },
  { name: "adminSessions", path: "/admin/sessions", needs: "sessions:read" },
  { name: "adminActivity", path: "/admin/activity", needs: "activity:read" },
  { name: "adminAccounts", path: "/admin/accounts", needs: "accounts:read" },
  { name: "adminAccount", path: "/admin/accounts/:id", needs: "accounts:read" },
  { name: "adminCatalogue", path: "/admin/catalogue", needs: "catalogue:manage" },
  { name: "adminOutcomes", path: "/admin/outcomes", needs: "catalogue:manage" },
];
export const notFoundRoute: PageRoute = { name: "notFound", path: "*", needs: "nobody" };

export interface Visitor {
  isSignedIn: boolean;
  permissions: readonly Permission[];
  wasSignedOut: boolean;
  /** It happened while this page was open. */
  wasCut: boolean;
}

/** `leave`: out of this client, by the server's way back to the apps behind the gateway. */
export type Decision = { show: PageName } | { redirect: string } | { leave: string };

export const decidePage = (
  route: PageRoute,
  visitor: Visitor,
  at: { path: string; here: string; returnTo: string | null },
): Decision => {
  if (at.path === "/") return { redirect: homePath };
  switch (route.needs) {
    case "nobody":
      // Whoever is cut off is told so wherever they are, also where strangers may look.
      return visitor.wasCut && route.name !== "setup"
        ? { show: "signedOut" }
        : { show: route.name };
    case "stranger":
      return visitor.isSignedIn ? decideReturn(at.returnTo) : { show: route.name };
    case "account":
      return visitor.isSignedIn ? { show: route.name } : decideForStranger(visitor, at.here);
    default:
      if (!visitor.isSignedIn) return decideForStranger(visitor, at.here);
      return visitor.permissions.includes(route.needs)
        ? { show: route.name }
        : { show: "noAccess" };
  }
};

const decideReturn = (returnTo: string | null): Decision =>
  returnTo && isOtherSite(returnTo)
    ? { leave: `/return?to=${encodeURIComponent(returnTo)}` }
    : { redirect: internalAddress(returnTo) ?? homePath };

/** Only its shape is judged here; which hosts people are sent back to, the server knows. */
const isOtherSite = (address: string): boolean =>
  /^https?:\/\/[^/]/i.test(address) && URL.canParse(address);

const decideForStranger = (visitor: Visitor, here: string): Decision =>
  visitor.wasSignedOut ? { show: "signedOut" } : { redirect: signInAddress(here) };

/** The way to sign in and come back. */
export const signInAddress = (returnTo: string): string =>
  returnTo === homePath ? signInPath : `${signInPath}?return=${encodeURIComponent(returnTo)}`;

/** The way to an account of one's own and back. */
export const registerAddress = (returnTo: string): string =>
  `${registerPath}?return=${encodeURIComponent(returnTo)}`;

const strangersPaths = pageRoutes.flatMap((route) =>
  route.needs === "stranger" ? route.path : [],
);

/** A return address, if it leads into this site: a path, never another origin in disguise, and a page worth coming back to. */
export const internalAddress = (address: string | null): string | null => {
  if (!address?.startsWith("/")) return null;
  const base = "https://rollcall.invalid";
  const url = URL.canParse(address, base) ? new URL(address, base) : null;
  if (url?.origin !== base || strangersPaths.includes(url.pathname)) return null;
  return url.pathname + url.search;
};
