/** The administrator's desk, in English, part of the dictionary in en.ts: the catalogue with its stock, and the outcomes. */
import type { Task } from "../../shared/contract/catalogue.ts";
import type { OutcomeCode, OutcomeKind, Verdict } from "../../shared/contract/outcomes.ts";
import type { HoldUnit } from "../state/resource-fields.ts";

const number = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent" });
const list = new Intl.ListFormat("en");
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;
const units = (n: number) => counted(n, "unit", "units");

export const enAdminDesk = {
  number: (n: number) => number.format(n),

  stock: {
    lead: "What people can reserve, and what became of every unit.",
    overview: "Charts over time",
    create: "New resource",
    search: "Name of a resource",
    total: (n: number) => counted(n, "resource", "resources"),
    none: "There is nothing in the catalogue yet.",
    noMatch: (q: string) => `No resource is called “${q}”.`,
    clear: "Clear search",
    removed: "Removed from the catalogue",
    removedLead:
      "Nobody can reserve these any more. What is held runs out; what was delivered stays.",

    states: { delivered: "Delivered", held: "Held", stock: "Free", withdrawn: "Withdrawn" },
    of: (n: number) => `of ${units(n)}`,
    noUnits: "No units yet",
    all: "All together",
    bar: (delivered: number, held: number, stock: number, withdrawn: number) =>
      `${number.format(delivered)} delivered, ${number.format(held)} held, ${number.format(stock)} free, ${number.format(withdrawn)} withdrawn`,

    neverReserved: "Never reserved yet.",
    noneSettled: (made: number) =>
      `${counted(made, "reservation", "reservations")}, none over yet.`,
    settled: (claimed: number, settled: number) =>
      `${number.format(claimed)} of ${counted(settled, "reservation", "reservations")} claimed (${percent.format(claimed / settled)})`,
    timeToClaim: (duration: string) => `half of them within ${duration}`,
    expired: (n: number) => `${number.format(n)} expired`,
    released: (n: number) => `${number.format(n)} given back`,

    edit: "Edit",
    editOne: (name: string) => `Edit ${name}`,
    remove: "Remove",
    removeOne: (name: string) => `Remove ${name}`,
    removeTitle: (name: string) => `Remove ${name}?`,
    removeFree: (n: number) =>
      n === 0
        ? "It leaves the catalogue at once. None of its units is free."
        : `It leaves the catalogue at once. ${n === 1 ? "Its free unit is" : `Its ${number.format(n)} free units are`} withdrawn and will never be delivered.`,
    removeHeld: (n: number) =>
      n === 1
        ? "One unit is held: it can still be claimed until it runs out, and is withdrawn if it is not."
        : `${number.format(n)} units are held: they can still be claimed until they run out, and are withdrawn if they are not.`,
    removeDelivered: "What was delivered stays with whom it was delivered to.",
    removeButton: "Remove resource",
    removing: "Removing…",
    removedOne: (name: string) => `${name} was removed from the catalogue.`,
  },

  resource: {
    createTitle: "New resource",
    editTitle: (name: string) => `Edit ${name}`,
    create: "Create resource",
    creating: "Creating…",
    created: (name: string) =>
      `${name} is in the catalogue. Add units, so that it can be reserved.`,
    saved: (name: string) => `${name} was changed.`,
    name: "Name",
    description: "Description",
    countries: "Countries",
    countriesHint: "Who may reserve it. None named: people of all countries.",
    noCountry: (name: string) => `There is no country called “${name}”.`,
    cities: "Cities",
    citiesHint: "Separated by commas. None named: people of all cities.",
    take: (value: string) => `Take ${value} out`,
    limit: "Most per account",
    limitHint: "Units one account may hold and have, together. Empty: as many as there are.",
    hold: "Held for",
    holdUnit: "Unit of time",
    holdFault: "From one second to a week.",
    holdHint: "So long a unit waits for whoever reserved it.",
    holdUnits: {
      seconds: "Seconds",
      minutes: "Minutes",
      hours: "Hours",
      days: "Days",
    } satisfies Record<HoldUnit, string>,
    task: "Task",
    taskNames: {
      none: "No task",
      confirm: "Terms to accept",
      reauthenticate: "Password to prove",
      other_device: "Another device to approve",
    } satisfies Record<Task, string>,
    tasks: {
      none: "Whoever reserved it can claim it right away.",
      confirm: "One accepts the terms below first.",
      reauthenticate: "One enters the own password first, after reserving.",
      other_device: "One approves it first, on another device that the account used before.",
    } satisfies Record<Task, string>,
    terms: "Terms",
    termsHint: "What one agrees to.",
    heldKeeps: "What is held now keeps its task and its deadline.",
  },

  units: {
    add: "Add units",
    addTo: (name: string) => `Add units to ${name}`,
    lead: "One unit a line: a code, a link, a text. Each is delivered to one account, once.",
    secret:
      "Nobody sees them before that: not in lists, exports or logs, nor you here. Keep your own copy.",
    source: "Where they come from",
    byTyping: "Typed",
    byFile: "A file",
    typed: "Units",
    file: "File",
    fileHint: "Plain text in UTF-8, one unit a line.",
    submit: "Add units",
    cancel: "Cancel upload",
    sending: "Sending",
    sent: (share: number) => `${percent.format(share)} sent`,
    checking: "Everything is sent. Checking…",
    canceled: "Cancelled. Nothing was added.",
    added: (n: number) => `${units(n)} added.`,
    noneAdded: "Nothing was added.",
    duplicates: (n: number, lines: readonly number[]) => {
      const more = n - lines.length;
      const named = lines.map((line) => number.format(line));
      const where = more > 0 ? [...named, `${number.format(more)} more`] : named;
      return `${counted(n, "duplicate", "duplicates")} left out (${lines.length === 1 && more === 0 ? "line" : "lines"} ${list.format(where)}).`;
    },
    wrongLine: (line: number, why: string) =>
      `Line ${number.format(line)} is not right. ${why} Nothing was added.`,
    wrong: "The units are not right. Nothing was added.",
    lost: "The connection was lost. If everything had arrived the units are in the stock; sending them again adds only what is missing.",
    more: "Add more",
    done: "Done",
  },

  outcomes: {
    lead: "How reserving and claiming went, in three logs. A hack is what our own pages never do: a suspicion, until you judge it.",
    logs: "Logs",
    kinds: { success: "Success", fail: "Fail", hack: "Hack" } satisfies Record<OutcomeKind, string>,
    kindHints: {
      success: "Units delivered",
      fail: "Refused, and nobody’s fault",
      hack: "Should not have been possible",
    } satisfies Record<OutcomeKind, string>,
    resource: "Resource",
    allResources: "All resources",
    unknownResource: "a resource that is gone",
    code: "Why",
    allCodes: "Every reason",
    codes: {
      claimed: "Claimed",
      out_of_stock: "None left",
      limit_reached: "Limit reached",
      reservation_expired: "Too late",
      already_claimed: "Claimed already",
      not_entitled: "Not entitled",
      not_yours: "Somebody else’s",
      unknown_reservation: "No such reservation",
      task_not_done: "Task not done",
    } satisfies Record<OutcomeCode, string>,
    judged: "Judged",
    judgedOrNot: "Judged or not",
    judgedOnly: "Judged",
    unjudgedOnly: "Not judged",
    account: (username: string) => `Only ${username}`,
    oneAccount: "Only one account",
    allAccounts: "Show all accounts",
    clear: "Clear filters",
    reservation: "reservation id",
    session: "session id",

    following: "New outcomes join at the top",
    arrived: (n: number) => counted(n, "new outcome", "new outcomes"),
    nothing: {
      success: "Nothing was claimed yet.",
      fail: "Nothing was refused yet.",
      hack: "Nothing suspicious has happened.",
    } satisfies Record<OutcomeKind, string>,
    noMatch: "Nothing in this log matches these filters.",
    nothingYet: "Nothing among the newest matches. Older ones have not been searched yet.",
    older: "Show older",

    evidence: {
      address: "Address",
      forwardedFor: "X-Forwarded-For",
      userAgent: "User agent",
      session: "Session",
      missing: "none",
    },

    judge: "Your judgement",
    verdicts: { mistake: "Mistake", hack: "Hack" } satisfies Record<Verdict, string>,
    judgeAs: {
      mistake: (username: string) => `Judge what ${username} did a mistake`,
      hack: (username: string) => `Judge what ${username} did a hack`,
    } satisfies Record<Verdict, (username: string) => string>,
    judgedBy: {
      mistake: (by: string) => `A mistake, judged by ${by}`,
      hack: (by: string) => `A hack, judged by ${by}`,
    } satisfies Record<Verdict, (by: string) => string>,
    judgedByYou: {
      mistake: "A mistake, judged by you",
      hack: "A hack, judged by you",
    } satisfies Record<Verdict, string>,
    hackTitle: "Judge this a hack?",
    hackBody: (username: string) =>
      `Everything that ${username} holds goes back to stock. The sessions and the account stay as they are; you can end and disable them right after.`,
    hackButton: "It is a hack",
    judging: "Judging…",
    released: (n: number, username: string) =>
      n === 0 ? `${username} held nothing.` : `${units(n)} held by ${username} went back to stock.`,
    endAll: (username: string) => `End all sessions of ${username}`,
    disable: (username: string) => `Disable ${username}`,

    export: "Export",
    exportLog: (log: string) => `Export the log “${log}” as NDJSON`,
    trim: "Forget older…",
    trimTitle: (log: string) => `Forget old outcomes of the log “${log}”?`,
    trimBody: "What is forgotten cannot be brought back. Export it first if you may need it.",
    trimBefore: "Everything before",
    trimButton: "Forget them",
    trimming: "Forgetting…",
    trimmed: (n: number) =>
      n === 0 ? "There was nothing that old." : `${counted(n, "outcome", "outcomes")} forgotten.`,
  },
};

export type AdminDeskText = typeof enAdminDesk;
