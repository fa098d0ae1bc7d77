/**
 * Each page's component. What a person meets first is in the first download; the other pages come when they are
 * first asked for, and the browser keeps them from then on.
 */
import type { Component } from "svelte";
import Devices from "./pages/Devices.svelte";
import NoAccess from "./pages/NoAccess.svelte";
import NotFound from "./pages/NotFound.svelte";
import Register from "./pages/Register.svelte";
import SignedOut from "./pages/SignedOut.svelte";
import SignIn from "./pages/SignIn.svelte";
import type { PageName } from "./routes.ts";

const firstPages: Partial<Record<PageName, Component>> = {
  devices: Devices,
  signIn: SignIn,
  register: Register,
  signedOut: SignedOut,
  noAccess: NoAccess,
  notFound: NotFound,
};

const laterPages: Partial<Record<PageName, () => Promise<{ default: Component }>>> = {
  setup: () => import("./pages/Setup.svelte"),
  password: () => import("./pages/Password.svelte"),
  history: () => import("./pages/History.svelte"),
  catalogue: () => import("./pages/Catalogue.svelte"),
  bin: () => import("./pages/Bin.svelte"),
  reservations: () => import("./pages/Reservations.svelte"),
  adminOverview: () => import("./pages/AdminOverview.svelte"),
  adminSessions: () => import("./pages/AdminSessions.svelte"),
  adminActivity: () => import("./pages/AdminActivity.svelte"),
  adminAccounts: () => import("./pages/AdminAccounts.svelte"),
  adminAccount: () => import("./pages/AdminAccount.svelte"),
  adminCatalogue: () => import("./pages/AdminCatalogue.svelte"),
  adminOutcomes: () => import("./pages/AdminOutcomes.svelte"),
};

/** The page's component, at once or when it has come. Rejects when it cannot be fetched. */
export const findPage = (name: PageName): Component | Promise<Component> =>
  firstPages[name] ??
  laterPages[name]?.().then((module) => (firstPages[name] = module.default)) ??
  NotFound;
