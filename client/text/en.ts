/**
 * Every sentence the client says, in English. Its shape is the type of a language: another language is
 * another object that satisfies `Text`. Sentences are whole; what changes in them comes as an argument.
 */
import type { Device, EndReason, Receipt, SessionKind } from "../../shared/contract/sessions.ts";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { FailureCode } from "../api.ts";
import { enAccount } from "./en-account.ts";
import { enDesk } from "./en-desk.ts";
import { enAdminDesk } from "./en-admin-desk.ts";
import { enEvents } from "./en-events.ts";
import { enStaying } from "./en-staying.ts";
import { enStats } from "./en-stats.ts";

const number = new Intl.NumberFormat("en");
const list = new Intl.ListFormat("en");
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;
const devices = (n: number) => counted(n, "device", "devices");

export const en = {
  locale: "en",
  product: "Rollcall",
  skipToContent: "Skip to content",
  list: (names: readonly string[]) => list.format(names),

  pages: {
    devices: "Your devices",
    signIn: "Sign in",
    register: "Create an account",
    setup: "Set up Rollcall",
    password: "Change password",
    history: "History",
    catalogue: "Catalogue",
    bin: "Your bin",
    reservations: "Your reservations",
    adminOverview: "Overview",
    adminSessions: "Live sessions",
    adminActivity: "Activity",
    adminAccounts: "Accounts",
    adminAccount: "Account",
    adminCatalogue: "Catalogue and stock",
    adminOutcomes: "Outcomes",
    signedOut: "You were signed out",
    noAccess: "This page is not for your account",
    notFound: "There is no such page",
  },

  header: {
    navigation: "Main",
    devices: "Your devices",
    sessions: "Live sessions",
    activity: "Activity",
    accounts: "Accounts",
    history: "History",
    password: "Change password",
    signIn: "Sign in",
    signOut: "Sign out",
    signingOut: "Signing out…",
    menuOf: (username: string) => `Account of ${username}`,
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
    language: "Language",
  },

  connection: {
    states: {
      connected: "Live",
      reconnecting: "Reconnecting",
      blocked: "Not live",
      offline: "Offline",
    },
    reconnecting: (asOf: string) => `Reconnecting… What you see is as of ${asOf}.`,
    offline: "You are offline. What you see may be out of date.",
    blocked:
      "Live updates are blocked between you and the server, so this page is refreshed every 15 seconds instead. Whoever runs the proxy has to let websockets through to /socket.io/ (see “Behind a proxy” in Rollcall’s README).",
    retryNow: "Retry now",
    back: "Back online.",
    starting: "Rollcall cannot be reached. Trying again…",
    pageMissing: "This page could not be fetched.",
    languageMissing: "This language could not be fetched.",
  },

  actions: {
    cancel: "Cancel",
    close: "Close",
    dismiss: "Dismiss",
    retry: "Retry",
    undo: "Undo",
    save: "Save",
    saving: "Saving…",
    copy: (what: string) => `Copy ${what}`,
    copied: "Copied",
    home: "Go to your devices",
  },

  time: {
    justNow: "just now",
    staleAsOf: (at: string) => `Could not refresh. Shown as of ${at}.`,
  },

  form: {
    username: "Username",
    password: "Password",
    currentPassword: "Current password",
    newPassword: "New password",
    passwordHint: "At least 8 characters, and not easy to guess.",
    name: "Name",
    country: "Country",
    noCountry: "Not given",
    city: "City",
    optional: "optional",
    charactersLeft: (left: number) => `${counted(left, "character", "characters")} left`,
  },

  signIn: {
    submit: "Sign in",
    pending: "Signing in…",
    remember: "Stay signed in on this device",
    rememberHint: "Even after a restart. Not for shared computers.",
    sentBack: (host: string) =>
      `${host} sent you back although you are signed in here. Its administrator can mend that.`,
    noAccount: "No account yet?",
    register: "Create one",
    setupNeeded:
      "Nobody has an account here yet. Open the set-up link that the server printed when it started.",
  },
  register: {
    lead: "One account for all your devices.",
    submit: "Create account",
    pending: "Creating…",
    haveAccount: "Already have an account?",
    closed: "Accounts are created by an administrator here.",
  },
  setup: {
    lead: "Create the first account. It may do everything, including creating others.",
    submit: "Create administrator",
    pending: "Creating…",
    noToken:
      "The address lacks its one-time token. Open the whole set-up link that the server printed when it started.",
    closed: "Rollcall is set up already: the first account exists.",
  },

  reauthentication: {
    title: "Enter your password again",
    lead: "This needs a recent sign-in. Your action continues right after.",
    submit: "Continue",
    pending: "Checking…",
  },

  password: {
    lead: "Choose one that you use nowhere else.",
    leadUnfamiliar:
      "The unfamiliar device is signed out. Whoever used it knows your password: choose a new one.",
    endOthers: "Sign out all other devices",
    endOthersHint: "Remembered ones and apps too. You stay signed in.",
    submit: "Change password",
    pending: "Changing…",
    done: "Your password is changed.",
    ended: (n: number) => `${counted(n, "other session", "other sessions")} signed out.`,
    noneEnded: "No other device was signed in.",
    othersKept: "Your other devices stay signed in.",
  },

  /** "Was this you?", about a device that the account had not used before. */
  unfamiliar: {
    label: "New sign-in",
    sentence: (device: string) => `New sign-in: ${device}. Was this you?`,
    more: (n: number) => `${number.format(n)} more to answer`,
    yes: "Yes, it was me",
    no: "No, sign it out",
    pending: "One moment…",
    recognised: (device: string) => `${device} is known as yours from now on.`,
    ended: (device: string) => `${device} was signed out.`,
  },

  signedOut: {
    at: "When",
    by: "By",
    signInAgain: "Sign in again",
    comeBack: "You will come back to this page.",
    goOn: "Go on without signing in",
    notExpected: "Not expected? Sign in, look through your devices, and tell an administrator.",
    here: "You signed out.",
  },

  /** Told to the person whose session it was. */
  endSentences: {
    signed_out: "You signed out in this browser.",
    revoked: "You signed this device out from another of your devices.",
    admin: "An administrator signed this device out.",
    password_changed: "The password of your account was changed.",
    replaced: "You signed in again in this browser, which ended the earlier session.",
    limit: "Your account has too many devices. This one was used least recently.",
    expired_idle: "Your session expired after a long time without activity.",
    expired_lifetime: "Your session reached its longest lifetime.",
    account_disabled: "Your account was disabled.",
    theft: "A remembered sign-in of this device was used twice, which happens when it is stolen.",
    restored: "The server was restored from a backup, so everybody was signed out.",
  } satisfies Record<EndReason, string>,

  /** In a list, beside the time. */
  endReasons: {
    signed_out: "Signed out there",
    revoked: "Signed out by you",
    admin: "Signed out by an administrator",
    password_changed: "Password changed",
    replaced: "Signed in again there",
    limit: "Too many devices",
    expired_idle: "Expired, not used",
    expired_lifetime: "Expired, lifetime over",
    account_disabled: "Account disabled",
    theft: "Stolen sign-in used",
    restored: "Server restored",
  } satisfies Record<EndReason, string>,
  endedBy: (reason: string, username: string) => `${reason} (${username})`,
  endedByYou: (reason: string) => `${reason} (you)`,

  session: {
    kinds: { account: "Account", guest: "Guest", token: "App" } satisfies Record<
      SessionKind,
      string
    >,
    guest: "Guest",
    id: "session id",
    thisDevice: "This device",
    remembered: "Remembered",
    justSignedIn: "New",
    unfamiliar: "Was this you?",
    staysSignedIn: "Stays signed in",
    unknownLocation: "Unknown location",
    /** What the server calls places that are on no map. */
    locations: { "This computer": "This computer", "Local network": "Local network" },
    online: "Online now",
    openPages: (n: number) => counted(n, "open page", "open pages"),
    lastActive: "Active",
    signedIn: "Signed in",
    expires: "Expires",
    browserOnSystem: (browser: string, system: string) => `${browser} on ${system}`,
    deviceTypes: {
      desktop: "Computer",
      phone: "Phone",
      tablet: "Tablet",
      terminal: "Terminal",
      bot: "Bot",
      unknown: "Unknown device",
    } satisfies Record<Device["type"], string>,
  },

  devices: {
    lead: "Every place where your account is signed in. New sign-ins appear here as they happen.",
    signedIn: "Signed in now",
    ended: "Signed out recently",
    columns: {
      device: "Device",
      status: "Status",
      signedIn: "Signed in",
      place: "Place",
      end: "Ended",
    },
    onlyThis: "This is the only device signed in to your account.",
    history: "See what happened to your account",
    nothingEnded: "Nothing was signed out in the last 28 days.",
    signOut: "Sign out",
    signOutOne: (device: string) => `Sign out ${device}`,
    signOutOthers: (n: number) => `Sign out all other devices (${number.format(n)})`,
    confirmOne: (device: string) => `Sign out ${device}?`,
    confirmOneBody: "It is signed out at once. Unsaved work there may be lost.",
    confirmRememberedBody:
      "It is signed out at once and needs the password to come back. Unsaved work there may be lost.",
    confirmOneButton: "Sign out device",
    confirmOthers: (n: number) => `Sign out ${counted(n, "other device", "other devices")}?`,
    confirmOthersBody: "They are signed out at once, remembered ones too. You stay signed in here.",
    confirmOthersButton: (n: number) => `Sign out ${devices(n)}`,
    pending: "Signing out…",
    rename: (device: string) => `Rename ${device}`,
    renameLabel: "Name of this device",
    renamed: (device: string) => `This device is now called ${device}.`,
  },

  receipt: {
    already: "It was signed out already.",
    ended: (n: number) =>
      n === 1 ? "Signed out." : `${counted(n, "session", "sessions")} signed out.`,
    confirmation: ({ confirmed, sockets, tookMs }: Receipt) =>
      [
        `Confirmed by ${number.format(confirmed.nodes)} of ${counted(confirmed.of, "server", "servers")}`,
        `in ${number.format(tookMs < 10 ? Math.round(tookMs * 10) / 10 : Math.round(tookMs))} ms,`,
        sockets === 0
          ? "no page was open."
          : `${counted(sockets, "open page", "open pages")} closed.`,
      ].join(" "),
    missing: (nodes: readonly string[]) =>
      `Not heard from ${list.format(nodes)}: its right to let anyone in has run out, so it refuses too.`,
  },

  adminSessions: {
    lead: "Everyone who is signed in, and every guest, as it is right now.",
    total: (n: number) => counted(n, "session", "sessions"),
    matching: (n: number) => `${number.format(n)} shown`,
    search: "Username or address",
    kind: "Kind",
    allKinds: "All kinds",
    online: "Presence",
    allPresence: "Online or not",
    onlineOnly: "Online",
    offlineOnly: "Not online",
    clear: "Clear filters",
    columns: {
      account: "Account",
      device: "Device",
      status: "Status",
      signedIn: "Signed in",
      place: "Place",
    },
    nobody: "Nobody is signed in.",
    noMatch: "No session matches these filters.",
    arrived: (n: number) => `Show ${counted(n, "new session", "new sessions")}`,
    older: "Older",
    newest: "Back to newest",
    signOut: "Sign out",
    signOutOne: (username: string, device: string) => `Sign out ${username} on ${device}`,
    endGuest: (device: string) => `End the visit of a guest on ${device}`,
    confirm: (username: string, device: string) => `Sign out ${username} on ${device}?`,
    confirmGuest: (device: string) => `End the visit of a guest on ${device}?`,
    confirmBody: "The session is dead everywhere at once, with all its open pages.",
    confirmButton: "Sign out",
    message: "Message to this person",
    messageHint: "Shown on the page that says they were signed out.",
    everyone: "Sign out everyone…",
    everyoneTitle: "Sign out everyone?",
    everyoneBody: "Every session ends at once: accounts, guests and apps. Only yours is kept.",
    everyoneMessage: "Message to everyone",
    everyoneWord: "SIGN OUT",
    everyoneType: (word: string) => `Type ${word} to confirm`,
    everyoneButton: "Sign out everyone",
  },

  events: enEvents,
  staying: enStaying,
  account: enAccount,
  adminDesk: enAdminDesk,
  stats: enStats,
  desk: enDesk,

  /** Lists of events: everybody's, and one's own history. */
  activity: {
    lead: "What happens here, as it happens: sign-ins, ends, and who changed what.",
    historyLead: "What happened to your account: sign-ins, ends, and changes, newest first.",
    search: "Username or address",
    type: "Kind of event",
    allTypes: "Everything",
    clear: "Clear filters",
    pause: "Pause",
    resume: "Resume",
    paused: "Paused",
    held: "Held while you read",
    following: "New events join at the top",
    waiting: (n: number) => `${number.format(n)} new`,
    newest: "Back to newest",
    arrived: (n: number) => counted(n, "new event", "new events"),
    from: (address: string) => `from ${address}`,
    sessions: "Sessions",
    sessionsOf: (username: string) => `Sessions of ${username}`,
    nothing: "Nothing has happened yet.",
    noMatch: "Nothing that happened matches these filters.",
    nothingYet: "Nothing among the newest events matches. Older ones have not been searched yet.",
    older: "Show older events",
    readingOlder: "Reading on…",
    noOlder: "That is everything that is kept.",
  },

  adminAccounts: {
    lead: "Who has an account here, and what they may do.",
    total: (n: number) => counted(n, "account", "accounts"),
    search: "Username begins with",
    columns: {
      account: "Account",
      place: "Place",
      permissions: "May",
      status: "Status",
      created: "Created",
    },
    everything: "Everything",
    nothing: "Own devices only",
    some: (n: number) => counted(n, "permission", "permissions"),
    enabled: "Enabled",
    disabled: "Disabled",
    you: "You",
    noMatch: (q: string) => `No username begins with “${q}”.`,
    none: "There are no accounts yet.",
    clear: "Clear search",
    next: "Next",
    first: "Back to the beginning",
    create: "New account",
    createTitle: "New account",
    createButton: "Create account",
    creating: "Creating…",
    created: (username: string) => `The account ${username} was created.`,
  },

  adminAccount: {
    back: "All accounts",
    id: "account id",
    created: "Created",
    profile: "Profile",
    saved: "Saved.",
    permissions: "Permissions",
    permissionsLead: "A change applies at once, also to pages that are open.",
    gained: (username: string, permission: string) => `${username} may now: ${permission}.`,
    lost: (username: string, permission: string) => `${username} may no longer: ${permission}.`,
    security: "Access",
    signOut: "Sign out everywhere",
    signOutHint: "Ends every session of this account.",
    signOutHintSelf: "Ends every session of this account except yours here.",
    signOutTitle: (username: string) => `Sign out ${username} everywhere?`,
    signOutBody: "All devices and apps of this account are signed out at once.",
    signOutBodySelf:
      "All your other devices and apps are signed out at once. This session is kept.",
    signOutButton: "Sign out everywhere",
    reset: "Reset password",
    resetHint: "Sets a new password and signs the account out everywhere.",
    resetTitle: (username: string) => `Reset the password of ${username}?`,
    resetBody: "The account is signed out everywhere and needs the new password to come back.",
    resetButton: "Reset password",
    resetPending: "Resetting…",
    resetDone: (username: string) => `${username} has a new password.`,
    disable: "Disable account",
    disableHint: "Nobody can sign in to it until it is enabled again.",
    disableTitle: (username: string) => `Disable ${username}?`,
    disableBody: "The account is signed out everywhere and cannot sign in.",
    disableReason: "Reason",
    disableReasonHint: "Shown to the person on the page that says they were signed out.",
    disableButton: "Disable account",
    disablePending: "Disabling…",
    disabled: (username: string) => `${username} is disabled.`,
    enable: "Enable account",
    enableTitle: (username: string) => `Enable ${username}?`,
    enablePending: "Enabling…",
    enableHint: "Lets this account sign in again.",
    enabled: (username: string) => `${username} can sign in again.`,
  },

  permissions: {
    "sessions:read": { name: "See live sessions", hint: "Everyone’s sessions, as they happen" },
    "sessions:end": { name: "Sign others out", hint: "End any session, or everyone’s" },
    "accounts:read": { name: "See accounts", hint: "Names, places and permissions" },
    "accounts:manage": { name: "Manage accounts", hint: "Create, edit, disable, reset, permit" },
    "activity:read": { name: "See activity", hint: "What happened, and who did it" },
    "catalogue:manage": { name: "Manage the catalogue", hint: "Resources and their units" },
    "desk:reserve": { name: "Reserve at the desk", hint: "Hold and claim units" },
  } satisfies Record<Permission, { name: string; hint: string }>,

  permissionsChanged: {
    gained: (names: readonly string[]) => `You may now: ${list.format(names)}.`,
    lost: (names: readonly string[]) => `You may no longer: ${list.format(names)}.`,
  },
  identityChanged: (username: string) => `This browser is now signed in as ${username}.`,

  noAccess: {
    lead: "It takes a permission that your account does not have, or no longer has.",
  },
  notFound: { lead: "The address may be mistyped, or what it named is gone." },

  errors: {
    unreachable: "The server cannot be reached. Nothing was changed.",
    invalid_request: "Something in the form is not right.",
    not_signed_in: "Please sign in first.",
    session_ended: "Your session has ended.",
    stale_token: "This page is out of date. Please try again.",
    invalid_credentials: "Username or password is wrong.",
    forbidden: "Your account may not do this.",
    reauthentication_required: "This needs your password again.",
    cross_site: "The request came from another site and was refused.",
    setup_closed: "Rollcall is set up already.",
    wrong_setup_token:
      "This set-up link is not valid (any more). Use the newest one from the server’s output.",
    signups_closed: "Accounts are created by an administrator here.",
    account_disabled: "This account is disabled.",
    not_found: "There is nothing here by that name.",
    session_not_found: "This session is not there any more.",
    method_not_allowed: "The server does not know this action.",
    username_taken: "This username is taken.",
    last_manager:
      "This is the last account that can manage accounts. Give that permission to another one first.",
    not_entitled: "Your account may not reserve this.",
    out_of_stock: "There is none left right now.",
    limit_reached: "Your account has as many of these as one account may have.",
    task_not_done: "Something has to be done first.",
    other_device_needed: "Approve it on another of your devices that you already used before.",
    reservation_expired: "This reservation is over.",
    already_claimed: "This was claimed already.",
    idempotency_key_reused: "Something went wrong. Please try again.",
    bin_full: "Your bin is full.",
    units_being_added: "Units are being added to this resource right now. Try again in a moment.",
    too_large: "That is too much text.",
    unsupported_media_type: "The server does not understand this format.",
    weak_password: "This password is too easy to guess.",
    too_many_attempts: "Too many attempts.",
    internal_error: "Something went wrong on the server.",
    unavailable: "The server is not ready. Please try again in a moment.",
    not_confirmed:
      "Not every server has confirmed yet. Rollcall keeps trying, and nobody is let in without confirmation.",
  } satisfies Record<FailureCode, string>,
  wrongPassword: "The password is wrong.",
  /** Beside a field. */
  faults: {
    missing: "This is needed.",
    tooShort: (n: number) => `Takes at least ${counted(n, "character", "characters")}.`,
    tooLong: (n: number) => `Takes at most ${counted(n, "character", "characters")}.`,
    tooSmall: (n: number) => `Takes no number below ${number.format(n)}.`,
    tooLarge: (n: number) => `Takes no number above ${number.format(n)}.`,
    notANumber: "Takes a whole number.",
    controlCharacters: "Takes no invisible characters.",
    noCountry: "Takes the two letters of a country.",
    notUtf8: "Takes text in UTF-8.",
    tooManyLines: (n: number) => `Takes at most ${counted(n, "line", "lines")}.`,
    usernameCharacters:
      "Takes up to 64 letters, digits and . _ @ + -, beginning with a letter or digit.",
  },
  tryAgainIn: (sentence: string, wait: string) => `${sentence} Try again ${wait}.`,
};

export type Text = typeof en;
