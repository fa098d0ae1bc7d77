/** What the routes are bound with. */
import type Router from "@koa/router";
import type { ActivityHistory } from "../../domain/activity.ts";
import type { Accounts } from "../../domain/accounts.ts";
import type { Attempts } from "../../domain/attempts.ts";
import type { Bins } from "../../domain/bin.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import type { Desk } from "../../domain/desk.ts";
import type { Directory } from "../../domain/directory.ts";
import type { Door } from "../../domain/door.ts";
import type { Ends } from "../../domain/ends.ts";
import type { Families } from "../../domain/families.ts";
import type { Outcomes } from "../../domain/outcomes.ts";
import type { Sessions } from "../../domain/sessions.ts";
import type { SignIn } from "../../domain/sign-in.ts";
import type { StatsReader } from "../../domain/stats.ts";
import type { Tokens } from "../../domain/tokens.ts";
import type { Units } from "../../domain/units.ts";
import type { Bind } from "../bind.ts";
import type { Cookies } from "../cookies.ts";

export interface RouteParts {
  router: Router;
  bind: Bind;
  cookies: Cookies;
  door: Door;
  sessions: Sessions;
  signIn: SignIn;
  ends: Ends;
  accounts: Accounts;
  attempts: Attempts;
  bins: Bins;
  catalogue: Catalogue;
  desk: Desk;
  directory: Directory;
  history: ActivityHistory;
  families: Families;
  outcomes: Outcomes;
  stats: StatsReader;
  tokens: Tokens;
  units: Units;
}
