/** The words of the catalogue, the bin and the reservations, and of the header's ways to them. */
import type { ReservationState } from "../../shared/contract/reservations.ts";
import type { Task } from "../../shared/contract/catalogue.ts";

const number = new Intl.NumberFormat("en");
const either = new Intl.ListFormat("en", { type: "disjunction" });
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const enDesk = {
  header: {
    bin: "Bin",
    reservations: "Reservations",
    administration: "Administration",
    count: (n: number) => number.format(n),
    things: (n: number) => counted(n, "thing", "things"),
    held: (n: number) => `${number.format(n)} held`,
  },

  catalogue: {
    lead: "What can be reserved here, as it is right now.",
    list: "Resources",
    search: "Name or description",
    clear: "Clear search",
    empty: "There is nothing in the catalogue yet.",
    noMatch: (q: string) => `Nothing here matches “${q}”.`,
    available: (n: number) => `${number.format(n)} free`,
    soldOut: "None free",
    everyone: "For everyone",
    onlyIn: (places: readonly string[]) => `For people in ${either.format(places)}`,
    onlyInCities: (cities: readonly string[], countries: readonly string[]) =>
      `For people in ${either.format(cities)}, in ${either.format(countries)}`,
    heldFor: (duration: string) => `Held for ${duration}`,
    limit: (n: number) => `At most ${number.format(n)} per account`,
    tasks: {
      none: "Claimed straight away",
      confirm: "Claimed by accepting its terms",
      reauthenticate: "Claimed with your password",
      other_device: "Claimed by approving on another of your devices",
    } satisfies Record<Task, string>,
    add: "Add to bin",
    addOne: (name: string) => `Add ${name} to bin`,
    inBin: (n: number) => `${number.format(n)} in your bin`,
    added: (name: string, n: number) => `${name}: ${number.format(n)} in your bin.`,
    notFor: {
      permission: "Your account may not reserve.",
      place: (place: string) => `Not for accounts in ${place}.`,
      nowhere: "Your account does not say where you are. An administrator can add it.",
    },
  },

  quantity: {
    of: (name: string) => `Quantity of ${name}`,
    more: (name: string) => `One more of ${name}`,
    fewer: (name: string) => `One fewer of ${name}`,
  },

  reserve: {
    button: "Reserve",
    one: (name: string) => `Reserve ${name}`,
    pending: "Reserving…",
    progress: (done: number, of: number) =>
      `Reserving ${number.format(done)} of ${number.format(of)}…`,
    all: "Reserve all",
    done: (name: string, duration: string) =>
      `${name} is held for you. Claim it within ${duration}.`,
    doneMany: (n: number) => `${counted(n, "unit is", "units are")} held for you.`,
    open: "Open reservations",
    /** What was refused, after the sentence that says why. */
    refused: (n: number, of: number) =>
      of === 1 ? "" : `${number.format(n)} of ${number.format(of)} not reserved.`,
  },

  bin: {
    leadGuest: "What you collected on this visit. This browser finds it again for 30 days.",
    leadAccount: "What you collected, the same on all your devices.",
    columns: { thing: "Thing", quantity: "Quantity", available: "Free now" },
    empty: "Your bin is empty.",
    toCatalogue: "Look through the catalogue",
    gone: "No longer in the catalogue",
    goneName: "A resource that is gone",
    remove: "Remove",
    removeOne: (name: string) => `Remove ${name}`,
    removed: (name: string) => `${name} was taken out of your bin.`,
    clear: "Empty the bin",
    cleared: (n: number) => `${counted(n, "thing was", "things were")} taken out of your bin.`,
    onwards: "Reserve what you collected",
    onwardsBody: "Reserving takes an account. Your bin comes along, nothing is lost.",
    signIn: "Sign in to reserve",
    register: "Create an account",
    /** After a sign-in that took the visit's bin along. */
    merged: (n: number, there: number) =>
      `${counted(n, "thing", "things")} from this visit ${n === 1 ? "was" : "were"} added to your bin${
        there === 0
          ? "."
          : ` (${number.format(there)} ${there === 1 ? "was" : "were"} there already).`
      }`,
    review: "Review",
    mergedTitle: "Added from your visit",
    mergedItem: (name: string, quantity: number, was: number) =>
      was === 0
        ? `${name}: ${number.format(quantity)}`
        : `${name}: ${number.format(quantity)} instead of ${number.format(was)}`,
    undoMerge: "Undo",
    undoMergeUntil: (at: string) => `Can be undone until ${at}, as far as you did not change it.`,
    undone: "What your visit added was taken out again.",
  },

  reservations: {
    lead: "Units that are kept for you until you claim them, live on all your devices.",
    held: "Held for you",
    nothingHeld: "Nothing is held for you.",
    past: "Earlier",
    nothingPast: "Nothing in the last 28 days.",
    left: (time: string) => `${time} left`,
    timeUp: "Time is up",
    warning: (name: string, minutes: number) =>
      `${name}: ${counted(minutes, "minute", "minutes")} left to claim it.`,
    states: {
      held: "Held",
      claimed: "Claimed",
      expired: "Expired",
      released: "Given back",
    } satisfies Record<ReservationState, string>,
    todo: {
      none: "It is yours. Claim it before the time is up.",
      confirm: "Accept the terms, then claim it.",
      reauthenticate: "Enter your password once more, then claim it.",
      other_device:
        "Waiting for you on another device: open Rollcall on one that you used before, and approve there.",
    } satisfies Record<Task, string>,
    ready: "Everything is done. Claim it before the time is up.",
    over: {
      claimed: "It is yours now.",
      expired: "The time was up, and it went back.",
      released: "It was given back.",
    } satisfies Record<Exclude<ReservationState, "held">, string>,
    readTerms: "Read the terms",
    terms: (name: string) => `Terms of ${name}`,
    noTerms: "Nothing was written down. You accept to take it.",
    accept: "Accept",
    accepting: "Accepting…",
    prove: "Enter password",
    claim: "Claim",
    claimOne: (name: string) => `Claim ${name}`,
    claiming: "Claiming…",
    release: "Give back",
    releaseOne: (name: string) => `Give ${name} back`,
    releaseTitle: (name: string) => `Give ${name} back?`,
    releaseBody: "Somebody else can have it then, at once.",
    releasing: "Giving back…",
    released: (name: string) => `${name} was given back.`,
    information: (name: string) => `What you received: ${name}`,
    keepIt: "Keep it somewhere safe. To see it here again later takes your password.",
    copy: "Copy",
    showAgain: "Show again",
    showAgainOne: (name: string) => `Show what you received: ${name}`,
    showing: "One moment…",
    hide: "Hide",
    columns: { thing: "Thing", state: "State", reserved: "Reserved", ended: "Ended" },
  },

  /** On the account's other devices, while one of them waits for it. */
  approval: {
    label: "Approval",
    sentence: (name: string, device: string) => `${name} was reserved on ${device}. Approve?`,
    anotherDevice: "another device",
    more: (n: number) => `${number.format(n)} more to answer`,
    yes: "Approve",
    no: "It was not me",
    pending: "One moment…",
    approved: (name: string) => `${name} can be claimed now, on the device that asked for it.`,
    rejected: (name: string) =>
      `${name} was given back. Sign out every device here that you do not recognise.`,
  },
};

export type DeskText = typeof enDesk;
