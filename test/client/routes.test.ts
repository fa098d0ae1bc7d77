/** Which page is shown to whom, decided without a browser. */
import { describe, expect, it } from "vitest";
import type { Permission } from "../../shared/contract/accounts.ts";
import {
  decidePage,
  internalAddress,
  notFoundRoute,
  pageRoutes,
  signInAddress,
} from "../../client/routes.ts";
import type { PageName, Visitor } from "../../client/routes.ts";

const routeOf = (name: PageName) =>
  [...pageRoutes, notFoundRoute].find((route) => route.name === name) ?? notFoundRoute;

const stranger: Visitor = {
  isSignedIn: false,
  permissions: [],
  wasSignedOut: false,
  wasCut: false,
};
const signedIn = (...permissions: Permission[]): Visitor => ({
  isSignedIn: true,
  permissions,
  wasSignedOut: false,
  wasCut: false,
});
const decide = (name: PageName, visitor: Visitor, here = "/", returnTo: string | null = null) =>
  decidePage(routeOf(name), visitor, { path: "/somewhere", here, returnTo });

describe("choosing a page", () => {
  it("sends a stranger to sign in and keeps the address to come back to", () => {
    expect(decide("adminSessions", stranger, "/admin/sessions?q=ana&kind=token")).toEqual({
      redirect: "/sign-in?return=%2Fadmin%2Fsessions%3Fq%3Dana%26kind%3Dtoken",
    });
  });

  it("tells somebody who was signed out why, on the page they were on", () => {
    expect(decide("devices", { ...stranger, wasSignedOut: true })).toEqual({ show: "signedOut" });
  });

  it("still lets somebody who was signed out sign in again", () => {
    // Where strangers may look too, only who is cut off while looking is told.
    const cut = { ...stranger, wasSignedOut: true, wasCut: true };
    expect(decide("catalogue", cut)).toEqual({ show: "signedOut" });
    expect(decide("catalogue", { ...cut, wasCut: false })).toEqual({ show: "catalogue" });
    expect(decide("signIn", { ...stranger, wasSignedOut: true })).toEqual({ show: "signIn" });
  });

  it("shows an admin page only to an account with its permission", () => {
    expect(decide("adminSessions", signedIn("sessions:read"))).toEqual({ show: "adminSessions" });
    expect(decide("adminSessions", signedIn("sessions:end"))).toEqual({ show: "noAccess" });
    expect(decide("adminAccounts", signedIn())).toEqual({ show: "noAccess" });
  });

  it("takes a signed-in account from the sign-in page to where it wanted to go", () => {
    expect(decide("signIn", signedIn(), "/sign-in", "/admin/accounts?q=b")).toEqual({
      redirect: "/admin/accounts?q=b",
    });
    expect(decide("signIn", signedIn(), "/sign-in", null)).toEqual({ redirect: "/devices" });
  });

  it("takes a signed-in account back to an app by the server's way, which knows the hosts", () => {
    const app = "https://app.example:8443/reports?week=47#top";
    expect(decide("signIn", signedIn(), "/sign-in", app)).toEqual({
      leave: `/return?to=${encodeURIComponent(app)}`,
    });
    expect(decide("signIn", stranger, "/sign-in", app)).toEqual({ show: "signIn" });
  });

  it.each(["//evil.example/", "javascript:alert(1)", "https:", "https://", "data:text/html,x"])(
    "never leaves for what is no address of another site: %j",
    (address) => {
      expect(decide("signIn", signedIn(), "/sign-in", address)).toEqual({ redirect: "/devices" });
    },
  );

  it("says that there is no such page, to anybody", () => {
    expect(decide("notFound", stranger)).toEqual({ show: "notFound" });
    expect(decide("notFound", signedIn())).toEqual({ show: "notFound" });
  });
});

describe("a return address", () => {
  it.each([
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "",
  ])("never leads to another site: %j", (address) => {
    expect(internalAddress(address)).toBeNull();
  });

  it("never leads back to signing in, which would go round in circles", () => {
    expect(internalAddress("/sign-in?return=/sign-in")).toBeNull();
    expect(internalAddress("/register")).toBeNull();
  });

  it("keeps path and query of a page of ours", () => {
    const here = "/admin/sessions?q=ana&online=true";
    const address = new URL(signInAddress(here), "https://rollcall.example");
    expect(internalAddress(address.searchParams.get("return"))).toBe(here);
  });
});
