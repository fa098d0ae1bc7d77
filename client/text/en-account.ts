/** The words of sessions looked at closely: details, waiting updates, many at once; and an account's page. */
import type { Session } from "../../shared/contract/sessions.ts";

const number = new Intl.NumberFormat("en");
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;
const sessions = (n: number) => counted(n, "session", "sessions");

export const enAccount = {
  list: {
    updates: (n: number) => counted(n, "update", "updates"),
    more: (n: number) => `Show ${number.format(n)} more`,
    shown: (n: number, of: number) =>
      `${number.format(n)} of ${counted(of, "device", "devices")} shown`,
    andMore: (n: number) => `and ${number.format(n)} more`,
  },

  details: {
    show: "Details",
    of: (device: string) => `of ${device}`,
    created: "Signed in",
    lastSeen: "Last active",
    ended: "Ended",
    idle: "Ends if not used by",
    lifetime: "Ends at the latest",
    remembered: "Remembered until",
    method: "Signed in by",
    methods: {
      password: "Password",
      remembered: "Remembered sign-in",
      token: "Password, by an app",
      guest: "Nobody signed in",
    } satisfies Record<Session["method"], string>,
    authenticated: "Password given",
    address: "Address",
    id: "Session id",
  },

  /** Sessions chosen from a list. */
  chosen: {
    choose: (username: string, device: string) => `Select ${username} on ${device}`,
    chooseGuest: (device: string) => `Select a guest on ${device}`,
    chooseAll: "Select all that are shown",
    count: (n: number) => `${number.format(n)} selected`,
    clear: "Clear selection",
    signOut: (n: number) => `Sign out ${sessions(n)}`,
    title: (n: number) => `Sign out ${sessions(n)}?`,
    body: "They are dead everywhere at once, with all their open pages.",
    one: (username: string, device: string) => `${username} on ${device}`,
    guest: (device: string) => `a guest on ${device}`,
    message: "Message to these people",
  },

  /** Ending everyone. */
  everyone: {
    ending: "Signing everyone out…",
    clearing: "Taking ended sessions off the list",
    cleared: (n: number, of: number) =>
      `${number.format(n)} of ${number.format(of)} taken off the list`,
    done: "Everyone is signed out.",
  },

  /** Of an end, read by somebody else. */
  endedByOwner: "Signed out by its owner",

  views: {
    label: "Parts of this account",
    overview: "Profile",
    sessions: "Sessions",
    desk: "Desk",
    history: "History",
  },
  sessions: {
    live: "Signed in now",
    none: "This account is not signed in anywhere.",
    ended: "Signed out recently",
    noneEnded: "Nothing was signed out in the last 28 days.",
  },
  history: {
    lead: "What happened to this account: sign-ins, ends, and changes, newest first.",
    nothing: "Nothing has happened to this account yet.",
  },
  desk: {
    bin: "Bin",
    emptyBin: "The bin is empty.",
    reservations: "Reservations",
    noReservations: "This account has reserved nothing in the last 28 days.",
    columns: {
      thing: "Thing",
      quantity: "Quantity",
      added: "Added",
      state: "State",
      reserved: "Reserved",
      until: "Until",
    },
    removed: "No longer in the catalogue",
    outcomes: "See its outcomes",
  },
};
